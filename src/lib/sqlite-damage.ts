import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Database } from 'better-sqlite3';
import { codeOf } from './errors.js';
import { statOf } from './files.js';
import { openSqlite } from './sqlite.js';

const TIMEOUT = 10_000;
/** SQLite's number for an I/O error; extended codes have it in their lowest byte. */
const IOERR = 10;
/** When SQLite checks all pages, it reports unreadable pages in words, some with the code. */
const NOT_READ = /failed to get page|error code[ =](\d+)/;

/** Whether a line of SQLite's integrity check reports an unreadable page rather than a damaged one. */
export function isReadError(line: string): boolean {
  const [found, code] = NOT_READ.exec(line) ?? [];
  return found !== undefined && (code === undefined || (Number(code) & 0xff) === IOERR);
}

/** Whether SQLite's code is one for an I/O error, also if the driver has no name for it. */
export function isIoError(code: string): boolean {
  const [, number] = /^UNKNOWN_SQLITE_ERROR_(\d+)$/.exec(code) ?? [];
  return code.startsWith('SQLITE_IOERR') || (number !== undefined && (Number(number) & 0xff) === IOERR);
}

/** Files that were found damaged, with their state then: checking again takes as long as reading all of them. */
const found = new Set<string>();

/**
 * Whether a file that SQLite reports as damaged really is. If the disk fails to read a page (EIO), SQLite reports the whole
 * file as malformed (`SQLITE_IOERR_CORRUPTFS` becomes `SQLITE_CORRUPT`), so the whole file is read once more. If a page is
 * unreadable again, or intact now, it was a read error; a damaged page is still damaged.
 */
export function isDamaged(path: string): boolean {
  const files = [path, `${path}-wal`].map((file) => statOf(file));
  if (!files[0]) return true; // in memory, or deleted: nothing to read again
  const version = files.map((stat) => (stat ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}` : '')).join(' ');
  if (found.has(version)) return true;
  const damaged = readsDamaged(path);
  if (damaged) found.add(version);
  return damaged;
}

function readsDamaged(path: string): boolean {
  let db: Database | undefined;
  try {
    db = openSqlite(path, { readonly: true, fileMustExist: true, timeout: TIMEOUT });
    for (const check of ['quick_check(1)', 'integrity_check(1)']) {
      const line = String(db.pragma(check, { simple: true }));
      if (line !== 'ok') return !isReadError(line);
    }
    return false;
  } catch (error) {
    return !isIoError(codeOf(error));
  } finally {
    db?.close();
  }
}

/** The files of a database: its file, `-wal` and `-shm`. */
const DESCRIPTORS = 3;

/** Whether this process can open no more files. SQLite does not report why it cannot open one. */
export function isOutOfDescriptors(): boolean {
  const files: number[] = [];
  try {
    while (files.length < DESCRIPTORS) files.push(openSync(devNull, 'r'));
    return false;
  } catch (error) {
    return ['EMFILE', 'ENFILE'].includes(codeOf(error));
  } finally {
    for (const file of files) closeSync(file);
  }
}
