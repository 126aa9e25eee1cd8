import type { Statement } from 'better-sqlite3';
import type { TableName, Tables } from '../tables.js';
import type { Connection } from './open.js';

/**
 * Writes rows of the history. A projector tells them before the row of the resource, which still says then what is replaced;
 * where changes are merged, those of one resource come after one another, and that row after all of them.
 */
export function historyWriter(db: Connection, nameOf: (table: TableName) => string) {
  let statement: Statement | undefined;
  const insert = (): Statement =>
    (statement ??= db.prepare(`
INSERT INTO ${nameOf('resource_history')} (position, resource, version, present, previous)
VALUES (?, ?, ?, ?, CASE WHEN ? THEN ? ELSE (SELECT position FROM ${nameOf('resource_rows')} WHERE resource = ?) END)`));

  /** For the changes that are written at once. */
  return () => {
    const last = new Map<number, number | null>();
    return ({ position, resource, version, present }: Tables['resource_history']): void => {
      const before = last.get(resource);
      insert().run(position, resource, version, present, before === undefined ? 0 : 1, before ?? null, resource);
      last.set(resource, present === 1 ? position : null);
    };
  };
}
