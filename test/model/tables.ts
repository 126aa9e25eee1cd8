import type { RowChange } from '../../src/store/row-change.js';
import { TABLE_KEYS, TABLE_NAMES, type TableName, type Tables } from '../../src/store/tables.js';

/** The projection tables, each by its rows' keys. A row is never changed in place, so a reader's row stays unchanged. */
export type MemoryTables = { [T in TableName]: Map<string, Tables[T]> };

/** A row of any table. */
export type Row = Readonly<Record<string, string | number | null>>;

export const emptyTables = (): MemoryTables =>
  Object.fromEntries(TABLE_NAMES.map((table) => [table, new Map()])) as MemoryTables;

/** Identifies a row within its table; `row` may be the row or only its key. */
export const keyText = (table: TableName, row: object): string =>
  JSON.stringify(TABLE_KEYS[table].map((column: string) => (row as Row)[column]));

/** A copy: changing it does not change these tables. */
export const copyTables = (tables: MemoryTables): MemoryTables =>
  Object.fromEntries(TABLE_NAMES.map((table) => [table, new Map<string, Row>(tables[table])])) as MemoryTables;

/** Applies changes in order; see {@link RowChange} for the meaning of each. Cannot fail part-way. */
export function applyChanges(tables: MemoryTables, changes: readonly RowChange[]): void {
  for (const change of changes) {
    const rows: Map<string, Row> = tables[change.table];
    const key = keyText(change.table, change.op === 'put' ? change.row : change.key);
    const row = rows.get(key);
    switch (change.op) {
      case 'put':
        rows.set(key, Object.freeze({ ...change.row }));
        break;
      case 'patch':
        if (row) rows.set(key, Object.freeze(patched(row, change.set, change.add ?? {})));
        break;
      case 'remove':
        rows.delete(key);
    }
  }
}

function patched(row: Row, set: Partial<Row>, add: Partial<Record<string, number>>): Row {
  const sums = Object.entries(add).map(([column, by]) => [column, Number(row[column]) + (by ?? 0)]);
  return { ...row, ...set, ...Object.fromEntries(sums) };
}
