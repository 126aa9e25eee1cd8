import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOAK } from '../support/properties.js';

const FOLDER = process.env.CORPORA ?? new URL('./data/', import.meta.url).pathname;
const read = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));

export interface JsonCase {
  readonly name: string;
  readonly bytes: Buffer;
  /** What RFC 8259 says: `y` is JSON, `n` is none, `i` is left to the implementation. */
  readonly verdict: 'y' | 'n' | 'i';
}

const verdictOf = (name: string): JsonCase['verdict'] =>
  name.startsWith('y_') ? 'y' : name.startsWith('n_') ? 'n' : 'i';

/** JSONTestSuite; its two large files are generated. */
export const JSON_CASES: readonly JsonCase[] = [
  ...Object.entries(read('json-test-suite.json') as Readonly<Record<string, string>>).map(
    ([name, base64]) => [name, Buffer.from(base64, 'base64')] as const,
  ),
  ['n_structure_100000_opening_arrays.json', Buffer.from('['.repeat(100_000))] as const,
  ['n_structure_open_array_object.json', Buffer.from(`${'[{"":'.repeat(50_000)}\n`)] as const,
].map(([name, bytes]) => ({ name, bytes, verdict: verdictOf(name) }));

/** Our own, for what the corpora hold little of. Each place gets all of them. */
export const OWN_STRINGS: readonly string[] = [
  'a\u001b[2J\u001b]0;x\u0007\u009b1mb',
  'a\u200b\u202eb\u2066\u2028\u2029',
  'a\u061cb\u00ad\u{e0041}\ufeff\u3164',
  'a\u0000b',
  'a\r\nX-Injected: 1\r\n\r\nb',
  '__proto__',
  '\ud800',
  '',
];

const payloads = read('payloads.json') as Readonly<Record<string, readonly string[]>>;

/** The big list of naughty strings and the payloads, each once. */
export const STRINGS: readonly string[] = [
  ...new Set([...(read('naughty-strings.json') as readonly string[]), ...Object.values(payloads).flat()]),
];

/** No number of strings that anybody has is a multiple of it, so that all of them come up in a mixed order. */
const STRIDE = 7_919;

/**
 * The strings of a place: our own, and those of the corpora from where the place before ended.
 * @param count how many of the corpora in CI
 * @param soak how many in a soak
 */
export function stringsFor(place: number, count: number, soak = STRINGS.length): readonly string[] {
  const many = Math.min(SOAK ? soak : count, STRINGS.length);
  return [...OWN_STRINGS, ...Array.from({ length: many }, (_, index) => at(place * many + index))];
}

const at = (index: number): string => STRINGS[(index * STRIDE) % STRINGS.length] as string;

/** Control characters but line feed, and what a reader cannot see. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be shown
export const UNSAFE = /[\0-\x09\x0b-\x1f\x7f-\x9f\p{Cf}\u2028\u2029]/u;
