import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coalesce } from '../../src/store/coalesce.js';
import { patch, put, type RowChange, remove } from '../../src/store/row-change.js';
import { applyChanges, emptyTables } from '../model/tables.js';
import { parameters } from '../support/properties.js';

const stream = fc.integer({ min: 1, max: 3 });
const small = fc.integer({ min: 0, max: 5 });

const lock = (stream: number, n: number) =>
  put('lock_rows', {
    stream,
    token: n,
    lock_id: `l${n}`,
    operation: '',
    who: '',
    info: '',
    created_at: '',
    expires_at: '',
  });
const tagRow = (stream: number, n: number) => ({ stream, tag: `t${n % 2}`, created_at: '', created_by: `by${n}` });

/** Changes of a table with one key column and of one with two: puts, patches that set and increment, removals. */
const change: fc.Arbitrary<RowChange> = fc.oneof(
  fc.tuple(stream, small).map(([at, n]) => lock(at, n)),
  fc
    .tuple(stream, small, small)
    .map(([at, n, amount]) => patch('lock_rows', { stream: at }, { who: `w${n}` }, { token: amount })),
  fc.tuple(stream, small).map(([at, n]) => patch('lock_rows', { stream: at }, { token: n })),
  stream.map((at) => remove('lock_rows', { stream: at })),
  fc.tuple(stream, small).map(([at, n]) => put('tag_rows', tagRow(at, n))),
  fc
    .tuple(stream, small)
    .map(([at, n]) => patch('tag_rows', { stream: at, tag: `t${n % 2}` }, { created_by: 'patched' })),
  fc.tuple(stream, small).map(([at, n]) => remove('tag_rows', { stream: at, tag: `t${n % 2}` })),
);

test('merged changes give the same rows as one by one, on any rows, each row once', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), fc.array(change, { maxLength: 20 }), (before, changes) => {
      const [oneByOne, merged] = [emptyTables(), emptyTables()];
      for (const tables of [oneByOne, merged]) applyChanges(tables, before);
      const frozen = JSON.stringify(changes);
      const once = coalesce(changes);
      applyChanges(oneByOne, changes);
      applyChanges(merged, once);
      for (const table of ['lock_rows', 'tag_rows'] as const) {
        const rows = (tables: typeof merged) => [...tables[table].values()].map((row) => JSON.stringify(row)).sort();
        expect(rows(merged)).toEqual(rows(oneByOne));
      }
      const keys = once.map(({ table, ...one }) => {
        const { stream: at, tag = '' } = (one.op === 'put' ? one.row : one.key) as { stream: number; tag?: string };
        return `${table} ${at} ${tag}`;
      });
      expect(new Set(keys).size).toBe(keys.length);
      expect(JSON.stringify(changes)).toBe(frozen);
    }),
    parameters(10),
  );
});
