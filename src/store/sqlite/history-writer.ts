import type { Statement } from 'better-sqlite3';
import type { TableName, Tables } from '../tables.js';
import type { Connection } from './open.js';

/** The last row of a resource among the changes that are written at once. */
interface Last {
  readonly position: number;
  readonly version: number;
  readonly present: number;
}

/**
 * Writes rows of the history. A projector tells them before the row of the resource, which still says then what is replaced;
 * where changes are merged, those of one resource come after one another, and that row after all of them. A version has one
 * row of a resource: of a commit that ends it and makes it anew, the last.
 */
export function historyWriter(db: Connection, nameOf: (table: TableName) => string) {
  let inserting: Statement | undefined;
  let moving: Statement | undefined;
  const insert = (): Statement =>
    (inserting ??= db.prepare(`
INSERT INTO ${nameOf('resource_history')} (position, resource, version, present, previous)
VALUES (?, ?, ?, ?, CASE WHEN ? THEN ? ELSE (SELECT position FROM ${nameOf('resource_rows')} WHERE resource = ?) END)`));
  const move = (): Statement =>
    (moving ??= db.prepare(`UPDATE ${nameOf('resource_history')} SET position = ?, present = ? WHERE position = ?`));

  /** For the changes that are written at once. */
  return () => {
    const lasts = new Map<number, Last>();
    return ({ position, resource, version, present }: Tables['resource_history']): void => {
      const last = lasts.get(resource);
      if (last?.version === version) move().run(position, present, last.position);
      else {
        const before = last?.present === 1 ? last.position : null;
        insert().run(position, resource, version, present, last ? 1 : 0, before, resource);
      }
      lasts.set(resource, { position, version, present });
    };
  };
}
