import { existsSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { COMPANIONS, makeSelfContained, removeDatabase } from '../engine.js';
import { MEMORY } from '../lib/database-url.js';
import { ConflictError, InvalidInputError, SlothError, StoreError } from '../lib/errors.js';
import { clearedUp, flush, publish, statOf, temporaryName } from '../lib/files.js';
import { isSameFile } from '../lib/new-file.js';
import type { EventStore } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import { backupName, type Rotation, superseded } from './backup-rotation.js';
import { type Verified, verified } from './verified-copy.js';

export interface BackupOptions {
  /** Replace an existing file. Not for a folder. */
  readonly overwrite?: boolean;
  /** Delete older backups of this database in the folder afterwards. Only for a folder. */
  readonly rotation?: Rotation;
  readonly onProgress?: OnProgress;
}

/** A backup that was created and verified. */
export interface Backup extends Verified {
  readonly file: string;
  readonly bytes: number;
  /** Older backups that were deleted. */
  readonly deleted: readonly string[];
}

/**
 * Copies the database while commands continue, verifies the whole copy, and only then gives it its name.
 * @param target a file, or an existing folder: then the name is the database's with the timestamp
 * @param now ISO-8601 UTC
 * @throws ConflictError `TARGET_EXISTS`; InvalidInputError for an invalid target; IntegrityError `BACKUP_DAMAGED`;
 * StoreError. No file is left behind then.
 */
export async function backupTo(
  store: EventStore,
  target: string,
  now: string,
  { overwrite = false, rotation, onProgress }: BackupOptions = {},
): Promise<Backup> {
  const { location } = await store.describe();
  const folder = isFolder(target);
  refuseContradiction(target, folder, overwrite, rotation);
  const named = resolve(folder ? join(target, backupName(location, now)) : target);
  const file = existsSync(named) ? realpathSync(named) : named; // a link stays, and points to the backup
  const overwriting = folder ? 'never' : overwrite ? 'yes' : 'no';
  try {
    refuseTarget(file, location, overwriting);
    const held = await makeCopy(store, file, onProgress, (partial) => {
      refuseTarget(file, location, overwriting);
      if (!overwrite) return publish(partial, file);
      renameSync(partial, file);
      flush(dirname(file));
    });
    const deleted = rotation ? rotate(dirname(file), location, rotation, basename(file)) : [];
    return { file, bytes: statSync(file).size, ...held, deleted };
  } catch (error) {
    throw aboutFile(error, file, overwriting);
  }
}

/** Writes the copy under a temporary name, verifies it, and passes it to `place`, which renames it. */
async function makeCopy(
  store: EventStore,
  file: string,
  onProgress: OnProgress | undefined,
  giveName: (partial: string) => void,
): Promise<Verified> {
  const partial = temporaryName(file, 'partial');
  const clear = clearedUp(() => removeDatabase(partial));
  try {
    await store.backup(partial, onProgress);
    const held = await verified(partial, { named: file, hint: SOURCE_DAMAGED, onProgress });
    makeSelfContained(partial);
    giveName(partial);
    return held;
  } finally {
    clear();
  }
}

const SOURCE_DAMAGED = 'No file was made. The database itself is damaged: see how with sloth-runner audit verify.';

const isFolder = (path: string): boolean => statOf(path)?.isDirectory() ?? false;

function refuseContradiction(
  target: string,
  folder: boolean,
  overwrite: boolean,
  rotation: Rotation | undefined,
): void {
  const refuse = (field: string, message: string, hint: string) => {
    throw new InvalidInputError('CONTRADICTION', message, { hint, details: { field } });
  };
  if (target === '') refuse('file', 'the name of the backup is empty', 'Name a file, or a folder that exists.');
  if (rotation && !folder) {
    refuse('keep', `older backups are deleted in a folder, and this is none: ${target}`, 'Name a folder that exists.');
  }
  if (overwrite && folder) {
    refuse(
      'overwrite',
      `a backup in a folder gets a name of its own: ${target}`,
      'Leave out --overwrite, or name a file.',
    );
  }
  const { keep = 1, every = 1 } = rotation ?? {};
  if (!(Number.isSafeInteger(keep) && keep >= 1)) {
    refuse('keep', `keep: ${keep} is not a whole number of at least 1`, 'Name the number of backups to keep.');
  }
  if (!(Number.isSafeInteger(every) && every >= 1)) {
    refuse('every', `every: ${every} is not an interval`, 'Give a duration of at least 1 ms, for example 1d.');
  }
}

/** @throws InvalidInputError, ConflictError if a backup may not have this name */
function refuseTarget(file: string, location: string, overwriting: Overwriting): void {
  const details = { field: 'file', file };
  const stat = statOf(file);
  if (!isFolder(dirname(file))) {
    throw new InvalidInputError('NO_SUCH_FOLDER', `the folder of the backup does not exist: ${dirname(file)}`, {
      hint: 'Make it first, or choose another one.',
      details,
    });
  }
  if (location !== MEMORY && ['', ...COMPANIONS].some((suffix) => isSamePath(file, resolve(location) + suffix))) {
    throw new InvalidInputError('TARGET_IS_DATABASE', `this is the database itself: ${file}`, {
      hint: 'Choose another name for the backup.',
      details,
    });
  }
  const beside = COMPANIONS.map((suffix) => file + suffix).find((path) => existsSync(path));
  if (beside !== undefined) {
    throw new ConflictError(
      'TARGET_IN_USE',
      `a database is open under this name, or was not closed: ${beside} exists`,
      {
        hint: 'SQLite would take that file for a part of the backup. Choose another name.',
        details: { ...details, beside },
      },
    );
  }
  if (stat && !stat.isFile()) {
    throw new InvalidInputError('NOT_A_FILE', `only a file can be replaced by a backup: ${file}`, {
      hint: 'Choose another name.',
      details,
    });
  }
  if (stat && overwriting !== 'yes') throw targetExists(file, overwriting);
}

/** Whether an existing file may be replaced; never in a folder, where names are made from the timestamp. */
type Overwriting = 'yes' | 'no' | 'never';

const targetExists = (file: string, overwriting: Overwriting): ConflictError =>
  new ConflictError('TARGET_EXISTS', `there is a file of this name already: ${file}`, {
    hint: overwriting === 'never' ? 'Try again a second later.' : 'Choose another name, or add --overwrite.',
    details: { field: 'file', file },
  });

const isSamePath = (a: string, b: string): boolean => a === b || isSameFile(a, b);

function rotate(folder: string, location: string, rotation: Rotation, made: string): string[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  const deleted = superseded(names, location, rotation, made).map((name) => join(folder, name));
  try {
    for (const path of deleted) rmSync(path, { force: true });
    flush(folder);
  } catch (cause) {
    throw new StoreError('CANNOT_DELETE', `older backups cannot be deleted: ${(cause as Error).message}`, {
      hint: `The new backup is made: ${join(folder, made)}. Delete older ones by hand, or check your permissions.`,
      details: { field: 'keep', file: join(folder, made) },
      cause,
    });
  }
  return deleted;
}

/** The file system's error, worded for the backup. */
function aboutFile(error: unknown, file: string, overwriting: Overwriting): unknown {
  if (error instanceof SlothError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return targetExists(file, overwriting);
  if (code === undefined) return error;
  return new StoreError('CANNOT_WRITE', `the backup cannot be written: ${file} (${message})`, {
    hint: 'Check its folder, your permissions and the free space.',
    details: { field: 'file', file },
    cause: error,
  });
}
