import type { Statement } from 'better-sqlite3';
import type { RowChange } from '../row-change.js';
import type { TableName } from '../tables.js';
import { historyWriter } from './history.js';
import { LAYOUT } from './layout.js';
import type { Connection } from './open.js';

/**
 * Applies row changes through statements that are prepared once for each shape of change. Names of tables and columns
 * come from projectors, that is from our own source; values are always bound.
 * @param nameOf where the rows of a table are written; left out, to the table itself
 */
export function rowWriter(
  db: Connection,
  nameOf: (table: TableName) => string = (table) => table,
): (changes: readonly RowChange[]) => void {
  const statements = new Map<string, Statement>();
  const puts = new Map<TableName, { readonly statement: Statement; readonly columns: readonly string[] }>();
  const prepared = (shape: string, sql: () => string): Statement => {
    let statement = statements.get(shape);
    if (!statement) statements.set(shape, (statement = db.prepare(sql())));
    return statement;
  };

  /** Values are bound by place: by name takes twice as long. */
  const preparePut = (table: TableName, columns: readonly string[]) => {
    const { keys } = LAYOUT[table];
    const values = columns.filter((column) => !keys.includes(column));
    const statement =
      db.prepare(`INSERT INTO ${nameOf(table)} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
      ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${values.map((column) => `${column} = excluded.${column}`).join(', ')}`);
    const put = { statement, columns };
    puts.set(table, put);
    return put;
  };

  const beginHistory = historyWriter(db, nameOf);

  const write = (change: RowChange, putHistory: ReturnType<typeof beginHistory>): void => {
    const { table } = change;
    const { keys } = LAYOUT[table];
    const where = (): string => keys.map((column) => `${column} = ?`).join(' AND ');
    switch (change.op) {
      case 'put': {
        if (table === 'resource_history') {
          putHistory(change.row);
          return;
        }
        const { statement, columns } = puts.get(table) ?? preparePut(table, Object.keys(change.row));
        statement.run(keyValues(columns, change.row));
        return;
      }
      case 'patch': {
        const set = Object.keys(change.set);
        const add = Object.keys(change.add ?? {});
        prepared(`patch ${table} ${set} + ${add}`, () => {
          const assignments = [
            ...set.map((column) => `${column} = ?`),
            ...add.map((column) => `${column} = ${column} + ?`),
          ];
          return `UPDATE ${nameOf(table)} SET ${assignments.join(', ')} WHERE ${where()}`;
        }).run(...Object.values(change.set), ...Object.values(change.add ?? {}), ...keyValues(keys, change.key));
        return;
      }
      case 'remove':
        prepared(`remove ${table}`, () => `DELETE FROM ${nameOf(table)} WHERE ${where()}`).run(
          ...keyValues(keys, change.key),
        );
    }
  };
  return (changes) => {
    const putHistory = beginHistory();
    for (const change of changes) write(change, putHistory);
  };
}

const keyValues = (keys: readonly string[], key: object): unknown[] =>
  keys.map((column) => (key as Record<string, unknown>)[column]);
