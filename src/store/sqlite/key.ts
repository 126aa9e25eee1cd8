import { type ContentKey, contentKey, newKey } from '../content-key.js';
import type { Statements } from './statements.js';

const READ = 'SELECT key FROM log_key';
const WRITE = 'INSERT INTO log_key (one, key) VALUES (1, ?)';

/** The log's key; made where the database has none yet, so inside a transaction that may write. */
export function readKey(sql: Statements): ContentKey {
  return existingKey(sql) ?? makeKey(sql);
}

/** The same for what must not write; undefined where the database has none yet. */
export function existingKey(sql: Statements): ContentKey | undefined {
  const bytes = sql(READ).pluck().get() as Buffer | undefined;
  return bytes && contentKey(bytes);
}

function makeKey(sql: Statements): ContentKey {
  const bytes = newKey();
  sql(WRITE).run(bytes);
  return contentKey(bytes);
}
