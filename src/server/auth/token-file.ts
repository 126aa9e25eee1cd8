import { statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { codeOf, IntegrityError, SlothError, StoreError } from '../../lib/errors.js';
import { failureOf } from '../../lib/failures.js';
import { makeFile, refuseExposed, statOf } from '../../lib/files.js';
import { openSqlite } from '../../lib/sqlite.js';
import { isDamaged, isIoError, isOutOfDescriptors } from '../../lib/sqlite-damage.js';
import { sqliteHeader } from '../../lib/sqlite-file.js';

/** "SLTK": marks a database of tokens, not of stacks. */
const APPLICATION_ID = 0x53_4c_54_4b;
const SCHEMA_VERSION = 2;
/** The time to wait for another process's transaction, in milliseconds. */
const BUSY_TIMEOUT = 10_000;

/**
 * `name` is free again when its token is revoked. Times are ISO-8601 UTC; `stacks` is a JSON list of patterns, `permissions`
 * one of names.
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

/** Before permissions existed, every token with the role write could break locks: existing tokens keep that. */
const FROM_1 = `
ALTER TABLE tokens ADD COLUMN permissions TEXT NOT NULL DEFAULT '[]';
UPDATE tokens SET permissions = '["force-unlock"]' WHERE role = 'write';
PRAGMA user_version = 2;
`;

/**
 * Opens a token file, and creates it (mode 0600) if it does not exist.
 * @param onCreate called when it was created
 * @throws StoreError `NOT_A_TOKEN_FILE` for another kind of file, or one of a newer release; `FILE_EXPOSED` for one that
 * others can read or write; as {@link tokenFileError}
 */
export function openTokenFile(path: string, onCreate?: () => void): Database {
  let db: Database | undefined;
  try {
    const isNew = !statOf(path);
    if (isNew) makeFile(path);
    else refuseForeign(path);
    refuseExposed(path, 'tokens');
    db = openSqlite(path, { timeout: BUSY_TIMEOUT });
    db.pragma('synchronous = FULL');
    if (versionOf(db) !== SCHEMA_VERSION) db.transaction((open: Database) => upgrade(open)).exclusive(db);
    if (isNew) onCreate?.();
    return db;
  } catch (cause) {
    db?.close();
    throw tokenFileError(cause, path);
  }
}

const versionOf = (db: Database): number => db.pragma('user_version', { simple: true }) as number;

/** Another process may have done it in the meantime. */
function upgrade(db: Database): void {
  const version = versionOf(db);
  if (version !== SCHEMA_VERSION) db.exec(version === 1 ? FROM_1 : SCHEMA);
}

/**
 * An error of the driver or the system about a token file, as an error with a next step for the user; other errors
 * unchanged.
 */
export function tokenFileError(error: unknown, path: string): unknown {
  if (error instanceof SlothError) return error;
  const code = codeOf(error);
  const fail = (name: string, text: string, hint: string) =>
    new StoreError(name, `${text}: ${path} (${(error as Error).message})`, {
      hint,
      details: { tokens: path, sqlite: code },
      cause: error,
    });
  if (isIoError(code) || failureOf(error) === 'DISK_ERROR' || (code === 'SQLITE_CORRUPT' && !isDamaged(path))) {
    return fail('DISK_ERROR', 'the tokens could not be read or written', 'Check the disk, then try again.');
  }
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
    return new IntegrityError(
      'TOKENS_DAMAGED',
      `the file of tokens is damaged: ${path} (${(error as Error).message})`,
      {
        hint: 'Move it away and create new tokens: sloth-runner token create',
        details: { tokens: path, sqlite: code },
        cause: error,
      },
    );
  }
  if (/^(SQLITE_FULL|ENOSPC|EDQUOT)/.test(code)) {
    return fail('DISK_FULL', 'no space left for the tokens', 'Free some space and try again; nothing was changed.');
  }
  if (/^SQLITE_READONLY/.test(code)) {
    return fail(
      'READ_ONLY',
      'the tokens cannot be written',
      'Give yourself write permission on the file and its folder.',
    );
  }
  if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) {
    return fail('DATABASE_BUSY', 'the tokens are in use', 'Try again when the other process has ended.');
  }
  if (/^E[MN]FILE$/.test(code) || (code.startsWith('SQLITE_CANTOPEN') && isOutOfDescriptors())) {
    return fail('TOO_MANY_FILES', 'the tokens cannot be opened', 'Raise the limit (ulimit -n), then try again.');
  }
  if (failureOf(error) === undefined && !code.startsWith('SQLITE_')) return error;
  return fail(
    'CANNOT_OPEN',
    'the tokens cannot be opened',
    'Check that you may read and write the file and its folder, or choose another one with --tokens.',
  );
}

function refuseForeign(path: string): void {
  const header = sqliteHeader(path);
  const isEmpty = statSync(path).size === 0; // just created by another process
  if (isEmpty || (header?.applicationId === APPLICATION_ID && header.userVersion <= SCHEMA_VERSION)) return;
  throw new StoreError('NOT_A_TOKEN_FILE', `not a token file, or of a newer release: ${path}`, {
    hint: 'Nothing was changed in it. Choose another file with --tokens.',
    details: { tokens: path },
  });
}
