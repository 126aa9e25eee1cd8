import {
  ConflictError,
  type ErrorOptions,
  IntegrityError,
  InvalidInputError,
  NotFoundError,
  SlothError,
  StoreError,
} from '../../lib/errors.js';
import { failureOf } from '../../lib/failures.js';
import { isIoError } from '../../lib/sqlite-damage.js';

const about = (path: string, hint: string, cause?: unknown, code?: string): ErrorOptions => ({
  hint,
  details: { field: 'source', source: path, ...(code && { cause: code }) },
  cause,
});

export const noSource = (path: string): NotFoundError =>
  new NotFoundError(
    'SOURCE_NOT_FOUND',
    `source: there is no file ${path}`,
    about(path, 'Name the database of the old workflow state with --source.'),
  );

/** @param what the problem */
export const notLegacy = (path: string, what: string, cause?: unknown): InvalidInputError =>
  new InvalidInputError(
    'NOT_A_LEGACY_DATABASE',
    `source: ${what}: ${path}`,
    about(path, 'Name the database of the old workflow state with --source (it has a table workflow_states).', cause),
  );

export const damagedSource = (path: string, what: string, cause?: unknown): IntegrityError =>
  new IntegrityError(
    'SOURCE_DAMAGED',
    `source: the database is damaged: ${path} (${what})`,
    about(
      path,
      'Restore a backup of it, or save what can be read with the .recover command of sqlite3, and migrate that.',
      cause,
    ),
  );

export const busySource = (path: string): ConflictError =>
  new ConflictError(
    'SOURCE_BUSY',
    `source: others keep writing the database: ${path}`,
    about(path, 'Try again when the old system is idle.'),
  );

/** Converts errors of the driver or the file system about a source, or its copy, to errors that a user can act on. */
export function aboutSource(error: unknown, path: string): unknown {
  if (error instanceof SlothError || !(error instanceof Error)) return error;
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  if (/^SQLITE_(CORRUPT|FORMAT)/.test(code)) return damagedSource(path, error.message, error);
  if (code.startsWith('SQLITE_NOTADB')) return notLegacy(path, 'this is no SQLite database', error);
  const failed = (name: string, what: string, hint: string) =>
    new StoreError(name, `source: ${what}: ${path} (${error.message})`, about(path, hint, error, code));
  if (isIoError(code) || failureOf(error) === 'DISK_ERROR') {
    return failed('DISK_ERROR', 'the database could not be read', 'Check the disk, then try again.');
  }
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') {
    const hint = 'Free some space, or set TMPDIR to a folder on another disk.';
    return failed('DISK_FULL', 'no space left to copy it', hint);
  }
  if (!code.startsWith('SQLITE_') && syscall === undefined) return error;
  return failed(
    'CANNOT_READ_SOURCE',
    'the database cannot be read',
    'Check that you may read it, and that files can be written in the folder for temporary ones (TMPDIR).',
  );
}

/** Runs a read of a source; its errors name the source. */
export function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw aboutSource(error, path);
  }
}
