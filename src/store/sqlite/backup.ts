import { closeSync, openSync, rmSync } from 'node:fs';
import { codeOf, StoreError } from '../../lib/errors.js';
import { flush, statOf } from '../../lib/files.js';
import { openSqlite } from '../../lib/sqlite.js';
import type { OnProgress } from '../maintenance.js';
import { translate } from './errors.js';
import type { Connection } from './open.js';

/** Pages copied before others get a turn: 8 MB, a few milliseconds. */
const STEP = 1_000;
/** All pages there can be: a copy in one step. */
const EVERYTHING = 0x7fff_ffff;
/** How long to wait for a lock on the source, in milliseconds. */
const TIMEOUT = 30_000;

/** What SQLite may lay beside a database file. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/** Takes away a database that nobody has open, with what SQLite laid beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ['', ...COMPANIONS]) if (statOf(path + suffix)) rmSync(path + suffix, { force: true });
}

const READ_SOMETHING = 'SELECT count(*) FROM sqlite_schema';

/**
 * Copies a database file as it is at this moment, while others go on writing it, into a fresh file: mode 0600, complete
 * in itself, flushed. The source is opened for reading only. Nothing is left of a copy that failed.
 *
 * The read transaction is what makes it end: without one SQLite begins anew after every commit of another process
 * (measured on 205 MB under one writer: 37,714 times in 10 s and not done; with it 0.8 s). While it lasts, the source's
 * write-ahead log cannot be cut and grows by what is written.
 * @throws StoreError, IntegrityError; the system's own error where `to` cannot be made
 */
export async function copyDatabase(from: string, to: string, onProgress?: OnProgress): Promise<void> {
  let source: Connection;
  try {
    source = openSqlite(from, { readonly: true, fileMustExist: true, timeout: TIMEOUT });
  } catch (error) {
    throw translate(error, from);
  }
  try {
    source.exec('BEGIN');
    source.prepare(READ_SOMETHING).get();
    await copyPages(source, to, STEP, onProgress);
  } catch (error) {
    throw about(error, from, to);
  } finally {
    source.close();
  }
}

/** The same for a database in memory, which only its own connection can read: in one step, between two commands. */
export async function copyMemory(source: Connection, to: string): Promise<void> {
  try {
    await copyPages(source, to, EVERYTHING);
  } catch (error) {
    throw about(error, ':memory:', to);
  }
}

async function copyPages(source: Connection, to: string, step: number, onProgress?: OnProgress): Promise<void> {
  closeSync(openSync(to, 'wx', 0o600));
  try {
    const { totalPages } = await source.backup(to, {
      progress: ({ totalPages: total, remainingPages }) => {
        onProgress?.({ step: 'copying', done: total - remainingPages, total });
        return step;
      },
    });
    // The driver takes a first step that found the source locked for the last one.
    if (totalPages === 0) throw new StoreError('COPY_EMPTY', `nothing was copied from ${source.name}`);
    makeSelfContained(to);
  } catch (error) {
    removeDatabase(to);
    throw error;
  }
}

/**
 * Takes a database that nobody has open out of WAL mode, which a copy inherits, and flushes it: opened, a file in WAL
 * mode gets others beside it, and where that is not allowed it cannot be read.
 */
export function makeSelfContained(path: string): void {
  const copy = openSqlite(path, { timeout: TIMEOUT });
  try {
    copy.pragma('journal_mode = DELETE');
  } finally {
    copy.close();
  }
  flush(path);
}

/** What SQLite says, said of the right file: damage and locks are the source's, the rest is where the copy is written. */
function about(error: unknown, from: string, to: string): unknown {
  const code = codeOf(error);
  if (!code.startsWith('SQLITE_')) return error;
  return translate(error, /^SQLITE_(CORRUPT|NOTADB|BUSY|LOCKED)/.test(code) ? from : to);
}
