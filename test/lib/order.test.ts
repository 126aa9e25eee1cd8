import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byBytes } from '../../src/lib/order.js';

test('texts are ordered by their UTF-8 bytes, astral characters after all others', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('a', 'é', '\uff61', '\ud7ff', '\u{10000}', '\u{10ffff}'),
      fc.string({ unit: 'binary', maxLength: 1 }),
    ),
    maxLength: 4,
  });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(byBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 2_000 },
  );
  expect(['\u{10000}', '\uff61', 'a'].sort(byBytes)).toEqual(['a', '\uff61', '\u{10000}']);
});
