import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { codeOf, StoreError } from './errors.js';
import { isTemporaryName, refuseOuterBlanks, statOf } from './files.js';

/**
 * Older versions lose acknowledged commits if several processes write and checkpoint
 * (https://sqlite.org/wal.html#walresetbug).
 */
export const OLDEST_SQLITE = '3.51.3';

export interface OpenOptions {
  readonly readonly?: boolean;
  readonly fileMustExist?: boolean;
  /** The time to wait for another process's lock, in milliseconds; 5,000 unless given. */
  readonly timeout?: number;
}

const VERSION = 'SELECT sqlite_version()';

/**
 * Opens a database file, or `:memory:`. Every connection of this program is opened here and checked: SQLite is not older
 * than {@link OLDEST_SQLITE}, and the file has no second name. Deleted content is overwritten.
 * @throws StoreError `SQLITE_TOO_OLD`, `HARD_LINKED`, `NATIVE_MODULE`; the driver's own error if it cannot be opened
 */
export function openSqlite(path: string, options: OpenOptions = {}): Database.Database {
  refuseOuterBlanks(path);
  refuseHardLink(path);
  const db = connect(path, options);
  try {
    refuseOldSqlite(db.prepare(VERSION).pluck().get() as string);
    if (!options.readonly) db.pragma('secure_delete = ON');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The SQLite version of the driver, whether it is accepted or not. */
export function sqliteVersion(): string {
  const db = connect(':memory:', {});
  try {
    return db.prepare(VERSION).pluck().get() as string;
  } finally {
    db.close();
  }
}

/** Whether a version, such as `3.51.2`, is below {@link OLDEST_SQLITE}. An invalid version counts as too old. */
export function isTooOld(version: string): boolean {
  const [parts, oldest] = [version, OLDEST_SQLITE].map((text) => text.split('.').map(Number)) as [number[], number[]];
  const differing = oldest.findIndex((part, index) => parts[index] !== part);
  return differing >= 0 && !((parts[differing] as number) > (oldest[differing] as number));
}

/** @throws StoreError `SQLITE_TOO_OLD` */
export function refuseOldSqlite(version: string): void {
  if (!isTooOld(version)) return;
  throw new StoreError(
    'SQLITE_TOO_OLD',
    `SQLite ${version} can lose acknowledged commits; ${OLDEST_SQLITE} is needed`,
    {
      hint: 'Install sloth-runner again, so that npm brings the better-sqlite3 it pins. No file was changed.',
      details: { version, oldest: OLDEST_SQLITE },
    },
  );
}

/** The driver loads its native code when the first connection is made. */
function connect(path: string, options: OpenOptions): Database.Database {
  try {
    return new Database(path, options);
  } catch (error) {
    throw aboutNativeModule(error) ?? error;
  }
}

/** Native code that this Node version cannot load, or that was never built; undefined for any other error. */
function aboutNativeModule(error: unknown): StoreError | undefined {
  const { message } = error as Error;
  const isMissing = /^(Cannot find module .*|Could not locate the bindings file.*)/.test(message);
  if (codeOf(error) !== 'ERR_DLOPEN_FAILED' && !isMissing) return undefined;
  const { modules = '' } = process.versions;
  const built = /NODE_MODULE_VERSION (\d+)/.exec(message)?.[1];
  const isOther = built !== undefined && built !== modules;
  const what = isMissing ? 'was not built' : isOther ? 'was built for another version of Node' : 'cannot be loaded';
  return new StoreError('NATIVE_MODULE', `the native module of better-sqlite3 ${what}`, {
    hint: `Run npm rebuild better-sqlite3 with the Node that runs sloth-runner (${process.version}).`,
    details: { node: process.version, modules, ...(isOther && { built }) },
    cause: error,
  });
}

/**
 * SQLite derives the names of the write-ahead log and the locks from the name of the file. Two processes that open one file
 * under two names do not see each other's commits and locks, and destroy the file. Temporary names that this program uses,
 * or left behind when it was killed, do not count: nobody opens them.
 */
export function refuseHardLink(path: string): void {
  const stat = statOf(path);
  if (!stat?.isFile() || stat.nlink === 1) return;
  const file = realpathSync(path);
  const folder = dirname(file);
  const others = readdirSync(folder).filter(
    (name) => name !== basename(file) && statOf(join(folder, name))?.ino === stat.ino,
  );
  const links = stat.nlink - others.filter(isTemporaryName).length;
  if (links === 1) return;
  const other = others.find((name) => !isTemporaryName(name));
  const found = other === undefined ? `find it with find DIRECTORY -samefile ${file}` : join(folder, other);
  const message = `the database file has ${links} names (hard links), and processes that use different ones destroy it`;
  throw new StoreError('HARD_LINKED', `${message}: ${path}`, {
    hint: `Close the programs that use it and remove the other name (${found}). To copy a database, use sloth-runner backup.`,
    details: { file: path, links, ...(other !== undefined && { other: join(folder, other) }) },
  });
}
