import { existsSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { StoreError } from '../../kernel/errors.js';
import { makeFile, refuseExposed } from '../../kernel/files.js';
import { openSqlite } from '../../kernel/sqlite.js';
import { sqliteHeader } from '../../kernel/sqlite-file.js';

/** "SLTK": a database of tokens, and not one of stacks. */
const APPLICATION_ID = 0x53_4c_54_4b;
const SCHEMA_VERSION = 2;
/** How long to wait for another process's transaction, in milliseconds. */
const BUSY_TIMEOUT = 10_000;

/**
 * `name` is free again when its token was revoked. Times are ISO-8601 UTC; `stacks` is a JSON list of patterns,
 * `permissions` one of names.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS tokens (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  stacks TEXT NOT NULL,
  permissions TEXT NOT NULL DEFAULT '[]',
  hash TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  expires_at TEXT,
  revoked_at TEXT,
  revoked_by TEXT
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS live_token_names ON tokens (name) WHERE revoked_at IS NULL;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Before permissions had names, every token that could write could break a lock: those that exist keep that. */
const FROM_1 = `
ALTER TABLE tokens ADD COLUMN permissions TEXT NOT NULL DEFAULT '[]';
UPDATE tokens SET permissions = '["force-unlock"]' WHERE role = 'write';
PRAGMA user_version = 2;
`;

/**
 * Opens a file of tokens, making it (mode 0600) where there is none.
 * @throws StoreError `NOT_A_TOKEN_FILE` for a file of something else, or of a newer release; `FILE_EXPOSED` for one that
 *   others can read or write; `CANNOT_OPEN`
 */
export function openTokenFile(path: string): Database {
  try {
    if (existsSync(path)) refuseForeign(path);
    else makeFile(path);
    refuseExposed(path, 'tokens');
    const db = openSqlite(path, { timeout: BUSY_TIMEOUT });
    db.pragma('synchronous = FULL');
    if (versionOf(db) !== SCHEMA_VERSION) db.transaction(() => upgrade(db)).exclusive();
    return db;
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new StoreError('CANNOT_OPEN', `the tokens cannot be opened: ${path} (${(cause as Error).message})`, {
      hint: 'Check that you may read and write the file and its folder, or choose another one with --tokens.',
      details: { tokens: path },
      cause,
    });
  }
}

const versionOf = (db: Database): number => db.pragma('user_version', { simple: true }) as number;

/** Another process may have done it just now. */
function upgrade(db: Database): void {
  const version = versionOf(db);
  if (version !== SCHEMA_VERSION) db.exec(version === 1 ? FROM_1 : SCHEMA);
}

function refuseForeign(path: string): void {
  const header = sqliteHeader(path);
  const isEmpty = statSync(path).size === 0; // made just now, by another process
  if (isEmpty || (header?.applicationId === APPLICATION_ID && header.userVersion <= SCHEMA_VERSION)) return;
  throw new StoreError('NOT_A_TOKEN_FILE', `these are no tokens, or a newer release wrote them: ${path}`, {
    hint: 'Nothing was changed in it. Choose another file with --tokens.',
    details: { tokens: path },
  });
}
