import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSensitive } from '../../src/index.js';

const within = (path: string, outer: string): boolean =>
  path === outer || outer === '$' || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);

const step = fc.constantFrom('.a', '.ab', '.a-b', '[0]', '["a.b"]', '["a[0]"]', '.properties', '.properties2');
const path = fc.array(step, { maxLength: 4 }).map((steps) => `$${steps.join('')}`);
const named = fc.oneof(path, fc.constantFrom('', '$', 'a', '$.', '$.properties', '$["a'));

test('a field is masked exactly if it is named, is within a named one, or contains one', () => {
  fc.assert(
    fc.property(path, fc.array(named, { maxLength: 4 }), (field, hidden) => {
      const inProperties = field.replace(/^\$\.properties/, '$');
      const expected = hidden.some((secret) => within(inProperties, secret) || within(secret, inProperties));
      expect(isSensitive(field, hidden)).toBe(expected);
    }),
    { numRuns: 2_000, seed: 22 },
  );
});
