import { ConflictError, codeOf, IntegrityError, NotFoundError, SlothError, StoreError } from '../../lib/errors.js';
import { type Failure, failed, failureOf } from '../../lib/failures.js';
import { isDamaged, isIoError, isOutOfDescriptors } from '../../lib/sqlite-damage.js';
import { tablesDamaged } from '../damage-errors.js';

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Converts errors of the driver and the file system to errors that a user can act on; other errors pass unchanged. */
export function translate(error: unknown, path: string): unknown {
  if (error instanceof SlothError) return error;
  const code = codeOf(error);
  const details = { database: path, sqlite: code };
  if (code === 'EISDIR' || code === 'ENOTDIR') {
    const text = `the database path is not a file: ${path} (${message(error)})`;
    return new StoreError('CANNOT_OPEN', text, { hint: 'Choose a file with --db.', details, cause: error });
  }
  if (code === 'SQLITE_READONLY_DBMOVED') {
    return new StoreError('DATABASE_MOVED', `the database file was moved or deleted while it was open: ${path}`, {
      hint: 'Put it back, or start again.',
      details,
      cause: error,
    });
  }
  const failure = failureOf(error) ?? failureOfSqlite(code);
  if (failure) return failed(failure, 'the database', path, error, details);
  if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) {
    return new ConflictError('DATABASE_BUSY', `the database is busy: ${path}`, {
      hint: 'Another process holds a long transaction; try again when it has ended.',
      details,
      cause: error,
    });
  }
  if (code.startsWith('SQLITE_NOTADB')) return notADatabase(path, error);
  if (code.startsWith('SQLITE_CONSTRAINT')) return tablesDamaged(path, message(error), { details, cause: error });
  if (code.startsWith('SQLITE_CORRUPT')) {
    if (isDamaged(path)) return damaged(path, message(error), error);
    return failed('DISK_ERROR', 'the database', path, error, details);
  }
  if (message(error) === 'malformed JSON') return damaged(path, message(error), error);
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

function failureOfSqlite(code: string): Failure | undefined {
  if (code.startsWith('SQLITE_FULL')) return 'DISK_FULL';
  if (/^SQLITE_(IOERR_)?NOMEM/.test(code)) return 'OUT_OF_MEMORY';
  if (isIoError(code)) return 'DISK_ERROR';
  if (code.startsWith('SQLITE_READONLY')) return 'READ_ONLY';
  if (/^SQLITE_(CANTOPEN|PERM)/.test(code)) return isOutOfDescriptors() ? 'TOO_MANY_FILES' : 'CANNOT_OPEN';
  return undefined;
}

/** @param what the problem of the file */
export const damaged = (path: string, what: string, cause?: unknown): IntegrityError =>
  new IntegrityError('DATABASE_CORRUPT', `the database is damaged: ${path} (${what})`, {
    hint: 'Do not write to it. Restore a backup and compare it with this file.',
    details: { database: path, ...(cause === undefined ? {} : { sqlite: codeOf(cause) }) },
    cause,
  });

/** For work that cannot fail on an intact file: an unspecific SQLite error then means damage. */
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

/** @param why the reason, if the file exists */
export const databaseMissing = (path: string, why = 'there is no file'): NotFoundError =>
  new NotFoundError('DATABASE_NOT_FOUND', `there is no database: ${path} (${why})`, {
    hint: 'Check the path, or open it so that it is created.',
    details: { field: 'db', database: path },
  });

/** The file could only be opened read-only although this user may write it: the system refused at that time. */
export const openedReadOnly = (path: string): StoreError => {
  const failure = isOutOfDescriptors() ? 'TOO_MANY_FILES' : 'CANNOT_OPEN';
  const cause = 'it was opened for reading only, though it may be written';
  return failed(failure, 'the database', path, cause, { database: path }, 'Nothing was changed. Try again.');
};
