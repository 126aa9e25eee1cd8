import { StoreError } from '../../lib/errors.js';
import { type ContentKey, contentKey } from '../content-key.js';
import type { Sql } from './sql.js';

/** Reads the log's key, once per store because it never changes. */
export type KeyOf = (sql: Sql) => Promise<ContentKey>;

export function keyReader(): KeyOf {
  let known: ContentKey | undefined;
  return async (sql) => {
    if (known) return known;
    const row = await sql.get<{ key: Buffer }>('SELECT key FROM log_key');
    if (!row) throw noKey();
    known = contentKey(row.key);
    return known;
  };
}

const noKey = (): StoreError =>
  new StoreError('LOG_KEY_MISSING', 'the table log_key is empty, so a repeated command cannot be recognised', {
    hint: 'Restore the row of log_key from a backup of the database.',
  });
