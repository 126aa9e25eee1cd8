import { expect, test } from 'vitest';
import { type LinkKeys, type LinkReads, NOTHING_THERE, readLinks as reading } from '../../src/store/edge-query.js';
import { runNow } from '../../src/store/program.js';
import { anEdge } from '../support/records.js';

const readLinks = (reads: LinkReads, keys: LinkKeys) => runNow(reading(reads, keys));

/** Notes what is read, and how many instances of each name. */
function noting(reads: Partial<LinkReads> = {}) {
  const asked: (readonly unknown[])[] = [];
  const all = { ...NOTHING_THERE, ...reads };
  const noted =
    <A extends unknown[], R>(name: string, read: (...args: A) => R) =>
    (...args: A): R => {
      asked.push([name, ...args]);
      return read(...args);
    };
  const noting: LinkReads = {
    from: noted('from', all.from),
    to: noted('to', all.to),
    standing: noted('standing', all.standing),
    known: noted('known', all.known),
    slots: noted('slots', all.slots),
  };
  return { asked, reads: noting };
}

test('what a resource comes to depend on is not followed where nothing depends on the resource', () => {
  const { asked, reads } = noting();
  const of = ['a.u', 'a.v'].map((address) => ({ address, targets: ['a.many'], values: [] }));
  readLinks(reads, { of, leaving: [], cascade: false });
  expect(asked.filter(([read]) => read === 'from')).toEqual([['from', ['a.u', 'a.v']]]);
  expect(asked.filter(([read]) => read === 'standing')).toEqual([['standing', ['a.u', 'a.many', 'a.v'], 1]]);
});

test('of many instances only one more than go is asked for', () => {
  const { asked, reads } = noting({ to: () => [anEdge('a.u', 'a.many')] });
  readLinks(reads, { of: [], leaving: ['a.many[0]', 'a.many[1]'], cascade: false });
  expect(asked.filter(([read]) => read === 'standing')).toEqual([['standing', ['a.u', 'a.many'], 3]]);
});

test('where others depend on the resource, the smaller side is followed', () => {
  const dependents = ['a.1', 'a.2', 'a.3'].map((address) => anEdge(address, 'a.u'));
  const { asked, reads } = noting({ to: (targets) => (targets.includes('a.u') ? dependents : []) });
  const { around } = readLinks(reads, {
    of: [{ address: 'a.u', targets: ['b.x'], values: [] }],
    leaving: [],
    cascade: false,
  });
  expect(asked.filter(([read]) => read === 'to')).toEqual([['to', ['a.u']]]);
  expect(asked).toContainEqual(['from', ['b.x']]);
  expect(around).toEqual([]);
});
