import type { Statement } from 'better-sqlite3';
import type { RowChange } from '../row-change.js';
import { TABLE_KEYS } from '../tables.js';
import type { Connection } from './open.js';

/**
 * Applies row changes through statements that are prepared once for each shape of change. Names of tables and columns
 * come from projectors, that is from our own source; values are always bound.
 */
export function rowWriter(db: Connection): (changes: readonly RowChange[]) => void {
  const statements = new Map<string, Statement>();
  const prepared = (shape: string, sql: () => string): Statement => {
    let statement = statements.get(shape);
    if (!statement) statements.set(shape, (statement = db.prepare(sql())));
    return statement;
  };

  const write = (change: RowChange): void => {
    const { table } = change;
    const keys: readonly string[] = TABLE_KEYS[table];
    const where = (): string => keys.map((column) => `${column} = ?`).join(' AND ');
    switch (change.op) {
      case 'put': {
        const columns = Object.keys(change.row);
        prepared(`put ${table}`, () => {
          const values = columns.filter((column) => !keys.includes(column));
          return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((column) => `@${column}`).join(', ')})
            ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${values.map((column) => `${column} = excluded.${column}`).join(', ')}`;
        }).run(change.row);
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
          return `UPDATE ${table} SET ${assignments.join(', ')} WHERE ${where()}`;
        }).run(...Object.values(change.set), ...Object.values(change.add ?? {}), ...keyValues(keys, change.key));
        return;
      }
      case 'remove':
        prepared(`remove ${table}`, () => `DELETE FROM ${table} WHERE ${where()}`).run(...keyValues(keys, change.key));
    }
  };
  return (changes) => changes.forEach(write);
}

const keyValues = (keys: readonly string[], key: object): unknown[] =>
  keys.map((column) => (key as Record<string, unknown>)[column]);
