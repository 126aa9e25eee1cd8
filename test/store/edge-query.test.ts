import { expect, test } from 'vitest';
import { type EdgeKeys, type EdgeReads, NO_EDGES, readEdgeFacts as reading } from '../../src/store/edge-query.js';
import { runNow } from '../../src/store/program.js';
import { anEdge } from '../support/records.js';

const readEdgeFacts = (reads: EdgeReads, keys: EdgeKeys) => runNow(reading(reads, keys));

/** Records the reads, and the number of instances of each name. */
function noting(reads: Partial<EdgeReads> = {}) {
  const asked: (readonly unknown[])[] = [];
  const all = { ...NO_EDGES, ...reads };
  const noted =
    <A extends unknown[], R>(name: string, read: (...args: A) => R) =>
    (...args: A): R => {
      asked.push([name, ...args]);
      return read(...args);
    };
  const noting: EdgeReads = {
    from: noted('from', all.from),
    to: noted('to', all.to),
    existing: noted('existing', all.existing),
    known: noted('known', all.known),
    resources: noted('resources', all.resources),
  };
  return { asked, reads: noting };
}

test('new dependencies of a resource are not followed if the resource has no dependents', () => {
  const { asked, reads } = noting();
  const of = ['a.u', 'a.v'].map((address) => ({ address, targets: ['a.many'], values: [] }));
  readEdgeFacts(reads, { of, leaving: [], cascade: false });
  expect(asked.filter(([read]) => read === 'from')).toEqual([['from', ['a.u', 'a.v']]]);
  expect(asked.filter(([read]) => read === 'existing')).toEqual([['existing', ['a.u', 'a.many', 'a.v'], 1]]);
});

test('of many instances only one more than are removed is read', () => {
  const { asked, reads } = noting({ to: () => [anEdge('a.u', 'a.many')] });
  readEdgeFacts(reads, { of: [], leaving: ['a.many[0]', 'a.many[1]'], cascade: false });
  expect(asked.filter(([read]) => read === 'existing')).toEqual([['existing', ['a.u', 'a.many'], 3]]);
});

test('if the resource has dependents, the smaller side is followed', () => {
  const dependents = ['a.1', 'a.2', 'a.3'].map((address) => anEdge(address, 'a.u'));
  const { asked, reads } = noting({ to: (targets) => (targets.includes('a.u') ? dependents : []) });
  const { around } = readEdgeFacts(reads, {
    of: [{ address: 'a.u', targets: ['b.x'], values: [] }],
    leaving: [],
    cascade: false,
  });
  expect(asked.filter(([read]) => read === 'to')).toEqual([['to', ['a.u']]]);
  expect(asked).toContainEqual(['from', ['b.x']]);
  expect(around).toEqual([]);
});
