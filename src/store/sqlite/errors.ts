import { ConflictError, codeOf, IntegrityError, SlothError, StoreError } from '../../kernel/errors.js';
import { tablesDamaged } from '../damaged.js';

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Turns what the driver or the file system throws into what a user can act on; everything else passes as it is. */
export function translate(error: unknown, path: string): unknown {
  if (error instanceof SlothError) return error;
  const code = codeOf(error);
  const details = { database: path, sqlite: code };
  const fail = (name: string, text: string, hint: string) =>
    new StoreError(name, `${text}: ${path} (${message(error)})`, { hint, details, cause: error });
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') {
    return fail('DISK_FULL', 'no space left for the database', 'Free some space and try again; nothing was changed.');
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return fail(
      'DISK_ERROR',
      'the database could not be read or written',
      'Check the disk, its free space and file size limits, then try again.',
    );
  }
  if (code.startsWith('SQLITE_READONLY') || code === 'EROFS') {
    return fail(
      'READ_ONLY',
      'the database cannot be written',
      'Give yourself write permission on the file and its folder, or choose another one with --db.',
    );
  }
  if (code.startsWith('SQLITE_CANTOPEN') || code === 'EACCES' || code === 'EPERM' || code === 'ENOENT') {
    return fail(
      'CANNOT_OPEN',
      'the database cannot be opened',
      'Check that the path exists and that you may read and write it, or choose another one with --db.',
    );
  }
  if (code === 'EISDIR' || code === 'ENOTDIR') {
    return fail('CANNOT_OPEN', 'the database path is not a file', 'Choose a file with --db.');
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new ConflictError('DATABASE_BUSY', `the database is busy: ${path}`, {
      hint: 'Another process holds a long transaction; try again when it has ended.',
      details,
      cause: error,
    });
  }
  if (code.startsWith('SQLITE_NOTADB')) return notADatabase(path, error);
  if (code.startsWith('SQLITE_CONSTRAINT')) return tablesDamaged(path, message(error), { details, cause: error });
  if (code.startsWith('SQLITE_CORRUPT') || message(error) === 'malformed JSON')
    return damaged(path, message(error), error);
  if (
    code === 'SQLITE_ERROR' &&
    /^(no such (table|column)|table \S{1,200} has |unsupported file format)/.test(message(error))
  ) {
    return new IntegrityError('SCHEMA_DAMAGED', `a table or column is missing: ${path} (${message(error)})`, {
      hint: 'Do not write to it. Restore a backup and compare it with this file.',
      details,
      cause: error,
    });
  }
  return error;
}

/** @param what is wrong with the file */
export const damaged = (path: string, what: string, cause?: unknown): IntegrityError =>
  new IntegrityError('DATABASE_CORRUPT', `the database is damaged: ${path} (${what})`, {
    hint: 'Do not write to it. Restore a backup and compare it with this file.',
    details: { database: path, ...(cause === undefined ? {} : { sqlite: codeOf(cause) }) },
    cause,
  });

/** Of work that a whole file would not make fail: what SQLite then has no other name for is damage. */
export const asDamage = (error: unknown, path: string, what = message(error)): unknown =>
  codeOf(error) === 'SQLITE_ERROR' ? damaged(path, what, error) : error;

export const notADatabase = (path: string, cause?: unknown): StoreError =>
  new StoreError('NOT_A_DATABASE', `not a sloth-runner database: ${path}`, {
    hint: 'Nothing was changed in it. Choose another file with --db.',
    details: { database: path },
    ...(cause === undefined ? {} : { cause }),
  });

export const storeClosed = (path: string): StoreError =>
  new StoreError('STORE_CLOSED', `the database was closed: ${path}`, { hint: 'Open it again before using it.' });
