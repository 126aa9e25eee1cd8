import { type ContentKey, contentKey, newKey } from '../content-key.js';
import type { Statements } from './statements.js';

const READ = 'SELECT key FROM log_key';
const WRITE = 'INSERT INTO log_key (one, key) VALUES (1, ?)';

/** The log's key. It is created if the database has none, so this needs a write transaction. */
export function readKey(sql: Statements): ContentKey {
  return existingKey(sql) ?? makeKey(sql);
}

/** The same without writing; undefined if the database has no key yet. */
export function existingKey(sql: Statements): ContentKey | undefined {
  const bytes = sql(READ).pluck().get() as Buffer | undefined;
  return bytes && contentKey(bytes);
}

function makeKey(sql: Statements): ContentKey {
  const bytes = newKey();
  sql(WRITE).run(bytes);
  return contentKey(bytes);
}
