import type { Statement } from 'better-sqlite3';
import type { RowChange } from '../row-change.js';
import { TABLE_KEYS, type TableName } from '../tables.js';
import type { Connection } from './open.js';

interface Put {
  readonly statement: Statement;
  readonly columns: readonly string[];
}

/** Comparing the names of columns takes less time than joining them to a key. */
interface Patch {
  readonly statement: Statement;
  readonly set: readonly string[];
  readonly add: readonly string[];
}

/**
 * Applies row changes through statements that are prepared once for each shape of change. Table and column names come from
 * projectors in our own source; values are always bound.
 * @param nameOf the table that receives the rows; by default the table itself
 */
export function rowWriter(
  db: Connection,
  nameOf: (table: TableName) => string = (table) => table,
): (changes: readonly RowChange[]) => void {
  const puts = new Map<TableName, Put>();
  const patches = new Map<TableName, Patch[]>();
  const removals = new Map<TableName, Statement>();
  const whereKey = (table: TableName): string =>
    keysOf(table)
      .map((column) => `${column} = ?`)
      .join(' AND ');

  const preparePut = (table: TableName, columns: readonly string[]): Put => {
    const keys = keysOf(table);
    const values = columns.filter((column) => !keys.includes(column));
    const statement =
      db.prepare(`INSERT INTO ${nameOf(table)} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
      ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${values.map((column) => `${column} = excluded.${column}`).join(', ')}`);
    const put = { statement, columns };
    puts.set(table, put);
    return put;
  };

  const patchOf = (table: TableName, set: readonly string[], add: readonly string[]): Patch => {
    let known = patches.get(table);
    if (!known) patches.set(table, (known = []));
    let patch = known.find((one) => isSame(one.set, set) && isSame(one.add, add));
    if (!patch) {
      const assignments = [
        ...set.map((column) => `${column} = ?`),
        ...add.map((column) => `${column} = ${column} + ?`),
      ];
      const statement = db.prepare(`UPDATE ${nameOf(table)} SET ${assignments.join(', ')} WHERE ${whereKey(table)}`);
      known.push((patch = { set, add, statement }));
    }
    return patch;
  };

  const prepareRemoval = (table: TableName): Statement => {
    const statement = db.prepare(`DELETE FROM ${nameOf(table)} WHERE ${whereKey(table)}`);
    removals.set(table, statement);
    return statement;
  };

  const write = (change: RowChange): void => {
    const { table } = change;
    const keys = keysOf(table);
    switch (change.op) {
      case 'put': {
        const { statement, columns } = puts.get(table) ?? preparePut(table, Object.keys(change.row));
        statement.run(valuesOf(columns, change.row));
        return;
      }
      case 'patch': {
        const set = Object.keys(change.set);
        const add = change.add ? Object.keys(change.add) : NONE;
        const values = [...valuesOf(set, change.set), ...valuesOf(add, change.add), ...valuesOf(keys, change.key)];
        patchOf(table, set, add).statement.run(values);
        return;
      }
      case 'remove':
        (removals.get(table) ?? prepareRemoval(table)).run(valuesOf(keys, change.key));
    }
  };
  return (changes) => {
    for (const change of changes) write(change);
  };
}

const NONE: readonly string[] = [];

const keysOf = (table: TableName): readonly string[] => TABLE_KEYS[table];

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((column, index) => column === b[index]);

/** Values are bound by position; by name takes twice as long. */
const valuesOf = (columns: readonly string[], row: object = {}): unknown[] =>
  columns.map((column) => (row as Record<string, unknown>)[column]);
