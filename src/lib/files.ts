import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidInputError, StoreError } from './errors.js';
import { newId } from './ids.js';

/** What exists at a path; undefined if nothing does or can exist there, because a part of the path is a file. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}

/** Flushes the content of a file, or the names in a folder, so that they survive a power loss. */
export function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Gives a complete file a second name that must not exist. Copies it on file systems without hard links. */
function duplicate(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EMLINK'].includes(String((error as NodeJS.ErrnoException).code))) throw error;
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    flush(to);
  }
}

/**
 * Renames a complete, flushed file to its final name. After a crash the final name has the whole file or does not exist.
 * @throws the system's EEXIST if the name exists; nothing was moved then
 */
export function publish(from: string, to: string): void {
  duplicate(from, to);
  rmSync(from);
  flush(dirname(to));
}

/**
 * Gives related files second names, mode 0600: all of them, flushed, or none.
 * @throws the system's EEXIST if one of the names exists
 */
export function keepTogether(pairs: readonly (readonly [from: string, to: string])[]): void {
  const made: string[] = [];
  try {
    for (const [from, to] of pairs) {
      duplicate(from, to);
      made.push(to);
      chmodSync(to, 0o600);
      flush(to);
    }
  } catch (error) {
    for (const to of made) rmSync(to, { force: true });
    throw error;
  }
  for (const folder of new Set(made.map((to) => dirname(to)))) flush(folder);
}

/** A name beside a file, for use until its content is complete. Nobody else opens files with such names. */
export const temporaryName = (path: string, what: 'partial' | 'restore'): string => `${path}.${what}-${newId()}`;

export const isTemporaryName = (name: string): boolean => /\.(partial|restore)-[0-9a-f-]{36}$/.test(name);

/** Cleans up when the returned function is called, or when the process exits; SIGKILL prevents it. */
export function clearedUp(clear: () => void): () => void {
  process.once('exit', clear);
  return () => {
    process.off('exit', clear);
    clear();
  };
}

/**
 * Refuses a name with leading or trailing blanks. SQLite's driver drops them: it would open another file, or for `:memory: `
 * one that stores nothing.
 * @throws InvalidInputError `INVALID_LOCATION`
 */
export function refuseOuterBlanks(path: string): void {
  if (path === path.trim()) return;
  throw new InvalidInputError('INVALID_LOCATION', `the name of a database begins or ends with white space: "${path}"`, {
    hint: 'Name a file without it.',
    details: { field: 'db', file: path },
  });
}

/** @returns removes the created parent folders of a file, if they are empty */
export function newFoldersRemover(file: string): () => void {
  const missing: string[] = [];
  for (let folder = dirname(resolve(file)); !statOf(folder); folder = dirname(folder)) missing.push(folder);
  return () => {
    try {
      for (const folder of missing) rmdirSync(folder);
    } catch {
      // it is not empty, or was never created
    }
  };
}

/** Creates an empty file, mode 0600, with its folders, if it does not exist. */
export function makeFile(path: string): void {
  refuseOuterBlanks(path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process created it first: that is fine
  }
}

const ROOT = 0;

/**
 * Refuses a file with secrets that others can read or change: by its mode, by its owner, or because they can replace it.
 * Follows symbolic links. Pipes and devices are accepted, and so is everything on a system without modes.
 * @param field names it in the error
 * @throws StoreError `FILE_EXPOSED`
 */
export function refuseExposed(path: string, field: string): void {
  const self = process.geteuid?.();
  const file = statOf(path);
  if (self === undefined || !file?.isFile()) return;
  const target = realpathSync(path);
  const refuse = (problem: string, command: string): never => {
    throw new StoreError('FILE_EXPOSED', `${field}: ${problem}`, {
      hint: `Close it with: ${command}. If others could read it until now, make new secrets.`,
      details: { field, path: target },
    });
  };
  if (file.uid !== self && file.uid !== ROOT) {
    refuse(`${target} belongs to another user (uid ${file.uid})`, `chown ${self} '${target}'`);
  }
  // a file of root with group access is readable only by members of the group, and by us only as one of them
  const others = file.uid === self ? 0o077 : 0o027;
  if (file.mode & others) {
    const mode = (file.mode & 0o777).toString(8).padStart(4, '0');
    refuse(
      `others can read or write ${target} (mode ${mode})`,
      `chmod ${file.uid === self ? '600' : '640'} '${target}'`,
    );
  }
  for (const folder of new Set([dirname(target), realpathSync(dirname(path))])) {
    const { mode } = statSync(folder);
    if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) {
      refuse(`others can put another file in the place of ${target}`, `chmod go-w '${folder}'`);
    }
  }
}
