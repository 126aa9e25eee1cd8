import {
  ConflictError,
  type ErrorDetails,
  IntegrityError,
  InvalidInputError,
  NotFoundError,
  SlothError,
  StoreError,
} from '../../lib/errors.js';
import { failureOf } from '../../lib/failures.js';
import { statOf } from '../../lib/files.js';
import { isDamaged, isIoError } from '../../lib/sqlite-damage.js';
import { sqliteHeader } from '../../lib/sqlite-file.js';

const detailsOf = (path: string, code?: string): ErrorDetails => ({
  field: 'source',
  source: path,
  ...(code && { cause: code }),
});

export const noSource = (path: string): NotFoundError =>
  new NotFoundError('SOURCE_NOT_FOUND', `source: there is no file ${path}`, {
    hint: 'Name the database of the old workflow state with --source.',
    details: detailsOf(path),
  });

/** @param what is wrong, in words */
export const notLegacy = (path: string, what: string, cause?: unknown): InvalidInputError =>
  new InvalidInputError('NOT_A_LEGACY_DATABASE', `source: ${what}: ${path}`, {
    hint: 'Name the database of the old workflow state with --source (it has a table workflow_states).',
    details: detailsOf(path),
    ...(cause === undefined ? {} : { cause }),
  });

export const damagedSource = (path: string, what: string, cause?: unknown): IntegrityError =>
  new IntegrityError('SOURCE_DAMAGED', `source: the database is damaged: ${path} (${what})`, {
    hint: 'Restore a backup of it, or save what can be read with the .recover command of sqlite3, and migrate that.',
    details: detailsOf(path),
    ...(cause === undefined ? {} : { cause }),
  });

export const busySource = (path: string, cause?: unknown): ConflictError =>
  new ConflictError('SOURCE_BUSY', `source: others keep writing the database: ${path}`, {
    hint: 'Try again when the old system is idle.',
    details: detailsOf(path),
    ...(cause === undefined ? {} : { cause }),
  });

/** Turns what the driver or the file system throws about a source into what a user can act on. */
export function aboutSource(error: unknown, path: string): unknown {
  if (error instanceof SlothError || !(error instanceof Error)) return error;
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  const isReadError = isIoError(code) || failureOf(error) === 'DISK_ERROR';
  if (!isReadError && /^SQLITE_(CORRUPT|FORMAT)/.test(code) && sourceIsDamaged(path)) {
    return damagedSource(path, error.message, error);
  }
  if (code.startsWith('SQLITE_NOTADB')) return notLegacy(path, 'this is no SQLite database', error);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return busySource(path, error);
  const failed = (name: string, what: string, hint: string) =>
    new StoreError(name, `source: ${what}: ${path} (${error.message})`, {
      hint,
      details: detailsOf(path, code),
      cause: error,
    });
  if (isReadError || code.startsWith('SQLITE_CORRUPT')) {
    return failed('DISK_ERROR', 'the database could not be read', 'Check the disk, then try again.');
  }
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') {
    return failed(
      'DISK_FULL',
      'no space left to copy it',
      'Free some space, or set TMPDIR to a folder on another disk.',
    );
  }
  if (code.startsWith('SQLITE_') || syscall !== undefined) {
    return failed(
      'CANNOT_READ_SOURCE',
      'the database cannot be read',
      'Check that you may read it, and that files can be written in the folder for temporary ones (TMPDIR).',
    );
  }
  return error;
}

/** Looks once more only where SQLite opens it without laying files beside it; else it is believed. */
function sourceIsDamaged(path: string): boolean {
  try {
    const isSafe = !sqliteHeader(path)?.walMode || (statOf(`${path}-wal`) && statOf(`${path}-shm`));
    return !isSafe || isDamaged(path);
  } catch {
    return false; // not even its header can be read
  }
}

/** Runs what reads a source; what it throws is said of the source. */
export function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw aboutSource(error, path);
  }
}
