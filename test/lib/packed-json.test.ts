import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson, stringifyJson } from '../../src/lib/json.js';
import { packJson, unpackJson } from '../../src/lib/packed-json.js';
import { jsonText } from '../support/json-arbitraries.js';

const crossed = async (text: string) => {
  const packed = structuredClone(packJson(parseJson(text)));
  return stringifyJson(await unpackJson(packed));
};

test.each([
  '1.0',
  '-0',
  '[1.0,{"a":1e400}]',
  '{"__proto__":1.10,"b":{"__proto__":{"c":-0}}}',
  '{"a":"x"}',
  'null',
  '[]',
])('packJson: %s crosses to another thread as it is', async (text) => expect(await crossed(text)).toBe(text));

test('packJson: what the grammar allows crosses to another thread as it is', async () => {
  await fc.assert(
    fc.asyncProperty(jsonText, async (text) => {
      expect(await crossed(text)).toBe(stringifyJson(parseJson(text)));
    }),
    { numRuns: 200, seed: 7 },
  );
});

test('packJson: many numbers that are kept as text', async () => {
  const text = `[${'1.0,'.repeat(50_000)}"1.0"]`;
  expect(await crossed(text)).toBe(text);
});
