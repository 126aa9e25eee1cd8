import type { Statement } from 'better-sqlite3';
import type { Connection } from './open.js';

/** Gives the prepared statement of a text, prepared when it is first asked for and kept for the connection's life. */
export type Statements = (sql: string) => Statement;

export function statementCache(db: Connection): Statements {
  const cache = new Map<string, Statement>();
  return (sql) => {
    let statement = cache.get(sql);
    if (!statement) cache.set(sql, (statement = db.prepare(sql)));
    return statement;
  };
}
