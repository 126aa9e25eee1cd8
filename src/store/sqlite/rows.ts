import type { Statement } from 'better-sqlite3';
import type { RowChange } from '../row-change.js';
import type { TableName } from '../tables.js';
import { historyWriter } from './history-writer.js';
import { LAYOUT } from './layout.js';
import type { Connection } from './open.js';

interface Put {
  readonly statement: Statement;
  readonly columns: readonly string[];
}

/** To compare the names of columns takes less time than to join them to a key. */
interface Patch {
  readonly statement: Statement;
  readonly set: readonly string[];
  readonly add: readonly string[];
}

/**
 * Applies row changes through statements that are prepared once for each shape of change. Names of tables and columns
 * come from projectors, that is from our own source; values are always bound.
 * @param nameOf where the rows of a table are written; left out, to the table itself
 */
export function rowWriter(
  db: Connection,
  nameOf: (table: TableName) => string = (table) => table,
): (changes: readonly RowChange[]) => void {
  const puts = new Map<TableName, Put>();
  const patches = new Map<TableName, Patch[]>();
  const removals = new Map<TableName, Statement>();
  const beginHistory = historyWriter(db, nameOf);
  const whereKey = (table: TableName): string => LAYOUT[table].keys.map((column) => `${column} = ?`).join(' AND ');

  const preparePut = (table: TableName, columns: readonly string[]): Put => {
    const { keys } = LAYOUT[table];
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

  const write = (change: RowChange, putHistory: ReturnType<typeof beginHistory>): void => {
    const { table } = change;
    const { keys } = LAYOUT[table];
    switch (change.op) {
      case 'put': {
        if (table === 'resource_history') {
          putHistory(change.row);
          return;
        }
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
    const putHistory = beginHistory();
    for (const change of changes) write(change, putHistory);
  };
}

const NONE: readonly string[] = [];

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((column, index) => column === b[index]);

/** Values are bound by place: by name takes twice as long. */
const valuesOf = (columns: readonly string[], row: object = {}): unknown[] =>
  columns.map((column) => (row as Record<string, unknown>)[column]);
