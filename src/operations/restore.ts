import { accessSync, closeSync, constants, openSync, readSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { copyPrivately, type Found, findContent, removeDatabase, replaceContent } from '../engine.js';
import { InvalidInputError, SlothError, StoreError } from '../lib/errors.js';
import { unreadable } from '../lib/failures.js';
import { clearedUp, newFoldersRemover, temporaryName } from '../lib/files.js';
import type { OnProgress } from '../store/maintenance.js';
import { stampOf } from './backup-rotation.js';
import { databaseFile } from './database-file.js';
import { type Verified, verified } from './verified-copy.js';

export interface RestoreOptions {
  readonly onProgress?: OnProgress;
}

export interface Restored extends Verified {
  /** The database that was restored. */
  readonly database: string;
  /** The backup. */
  readonly file: string;
  /** The file with the previous content; null if there was none. */
  readonly kept: string | null;
}

/** A verified backup, ready to replace a database. To be disposed of, carried out or not. */
export interface PreparedRestore extends Disposable {
  /** The content of the database; undefined if it does not exist, and the error if it cannot be read. */
  readonly current: Found | undefined;
  /** The content that replaces it. */
  readonly backup: Verified;
  /**
   * Replaces the database with the backup; once. The content that the database then has is kept, even if it is not
   * `current`.
   */
  carryOut(options?: RestoreOptions): Promise<Restored>;
}

/** @see StateBackend.prepareRestore */
export async function prepareRestore(
  path: string,
  file: string,
  now: string,
  { onProgress }: RestoreOptions = {},
): Promise<PreparedRestore> {
  const database = databaseFile(path, 'a backup is restored');
  refuseBackup(file, database);
  const copy = temporaryName(database, 'restore');
  const removeFolders = newFoldersRemover(database);
  const clear = clearedUp(() => {
    removeDatabase(copy);
    removeFolders();
  });
  try {
    await copyPrivately(file, copy, onProgress);
    const backup = await verifiedBackup(copy, file, onProgress);
    return {
      current: findContent(database),
      backup,
      carryOut: async ({ onProgress } = {}) => {
        const kept = await replaceContent(database, copy, `${database}.before-restore-${stampOf(now)}`, onProgress);
        return { database, file: resolve(file), kept, ...backup };
      },
      [Symbol.dispose]: clear,
    };
  } catch (error) {
    clear();
    throw error;
  }
}

const MAGIC = 'SQLite format 3\0';

/** @throws InvalidInputError for a file that cannot be a backup, before it is copied */
function refuseBackup(file: string, database: string): void {
  const fail = (code: string, message: string, hint: string, cause?: unknown) =>
    new InvalidInputError(code, `${message}: ${file}`, { hint, details: { field: 'file', file }, cause });
  let header: string;
  try {
    accessSync(file, constants.R_OK);
    header = beginning(file);
  } catch (error) {
    const what = `cannot read the backup (${(error as Error).message})`;
    throw unreadable(error, () =>
      fail('CANNOT_READ', what, 'Check that the file exists and that you may read it.', error),
    );
  }
  if (realpathSync(file) === database) {
    throw fail('TARGET_IS_DATABASE', 'this is the database itself', 'Name a backup, or another database with --db.');
  }
  if (header !== MAGIC) throw notABackup(file);
}

function beginning(file: string): string {
  const bytes = Buffer.alloc(MAGIC.length);
  const opened = openSync(file, 'r');
  try {
    return bytes.toString('latin1', 0, readSync(opened, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(opened);
  }
}

const notABackup = (file: string, cause?: unknown): InvalidInputError =>
  new InvalidInputError('NOT_A_BACKUP', `not a backup of a sloth-runner database: ${file}`, {
    hint: 'Nothing was changed. Name a file that sloth-runner backup made.',
    details: { field: 'file', file },
    cause,
  });

async function verifiedBackup(copy: string, file: string, onProgress?: OnProgress): Promise<Verified> {
  try {
    return await verified(copy, { named: file, hint: 'Nothing was changed. Use another backup.', onProgress });
  } catch (error) {
    if (!(error instanceof SlothError)) throw error;
    if (error.code === 'NOT_A_DATABASE') throw notABackup(file, error);
    if (error.code !== 'NEWER_SCHEMA') throw error;
    throw new StoreError('NEWER_SCHEMA', error.message.replaceAll(copy, file), {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      details: { ...error.details, file },
      cause: error,
    });
  }
}
