import { expect, test } from 'vitest';
import type { EdgeReads } from '../../src/store/edge-query.js';
import { readEdgesEarly, withEarlyReads } from '../../src/store/postgres/early-edge-reads.js';
import type { DependencyRecord } from '../../src/store/records.js';

const edge = (address: string, target: string): DependencyRecord => ({
  address,
  target,
  type: 'explicit',
  path: null,
  position: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
});
const EDGES = [edge('a', 'b'), edge('a', 'c'), edge('b', 'c'), edge('c', 'd')];
const KNOWN = [
  { value: 'i-1', address: 'a' },
  { value: 'i-1', address: 'b' },
  { value: 'i-2', address: 'c' },
];

/** Reads that record their arguments. */
function recording() {
  const asked: string[] = [];
  const reads: EdgeReads = {
    from: (addresses) => {
      asked.push(`from ${addresses}`);
      return EDGES.filter(({ address }) => addresses.includes(address));
    },
    to: () => [],
    existing: () => [],
    known: (values) => {
      asked.push(`known ${values}`);
      return KNOWN.filter(({ value }) => values.includes(value));
    },
    resources: () => new Map(),
  };
  return { asked, reads };
}

test('keys that were read early are not read again, and the results are those of the requested keys', async () => {
  const { asked, reads } = recording();
  const after = withEarlyReads(reads, await readEdgesEarly(reads, { from: ['a', 'b'], known: ['i-1', 'i-2', 'none'] }));
  asked.length = 0;
  expect(await after.from(['a'])).toEqual([edge('a', 'b'), edge('a', 'c')]);
  expect(await after.from([])).toEqual([]);
  expect(await after.known(['i-1', 'none'])).toEqual([KNOWN[0], KNOWN[1]]);
  expect(asked).toEqual([]);
});

test('a read with a key that was not read early is sent', async () => {
  const { asked, reads } = recording();
  const after = withEarlyReads(reads, await readEdgesEarly(reads, { from: ['a'], known: ['i-1'] }));
  asked.length = 0;
  expect(await after.from(['a', 'c'])).toEqual([edge('a', 'b'), edge('a', 'c'), edge('c', 'd')]);
  expect(await after.known(['i-1', 'i-2'])).toEqual(KNOWN);
  expect(asked).toEqual(['from a,c', 'known i-1,i-2']);
});
