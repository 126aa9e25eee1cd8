import { createReadStream, createWriteStream, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { clearedUp, statOf } from '../../lib/files.js';
import { openSqlite, refuseHardLink } from '../../lib/sqlite.js';
import { APPLICATION_ID, sqliteHeader } from '../../lib/sqlite-file.js';
import type { OnProgress } from '../../store/maintenance.js';
import { aboutSource, busySource, noSource, notLegacy } from './source-errors.js';

/** A copy of a source, in one transaction. */
export interface OpenSource {
  readonly db: Database;
  /** The path of the source itself, after following links. */
  readonly path: string;
  /** Removes the copy. May be called twice. */
  close(): void;
}

/** The maximum number of copies of a source that others write to, and the pause between them in milliseconds. */
const TRIES = 30;
const RETRY_AFTER = 100;
/** Two changes within this time, in milliseconds, may have the same mtime. */
const MTIME_GRAIN = 20;

/** The files of a database with content, without the one with locks. */
const CONTENT = ['', '-wal', '-journal'];
const LOCKS = '-shm';

/**
 * Copies a snapshot of a source, and opens the copy. The source files are only read: it takes no lock that would block
 * writers, and creates no file beside them, as SQLite would to read a WAL or to roll back a journal.
 * The copy is in a private folder (mode 0700) until it is closed or the process exits.
 * @throws NotFoundError, InvalidInputError, IntegrityError, ConflictError, StoreError
 */
export async function openSource(given: string, onProgress?: OnProgress): Promise<OpenSource> {
  try {
    const path = checkedPath(given);
    const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-source-'));
    const clear = clearedUp(() => rmSync(folder, { recursive: true, force: true }));
    let db: Database | undefined;
    const close = (): void => {
      db?.close();
      clear();
    };
    try {
      const copy = join(folder, 'source.db');
      await copyQuietFiles(path, copy, onProgress);
      db = openSqlite(copy, { fileMustExist: true });
      begin(db, path);
      return { db, path, close };
    } catch (error) {
      close();
      throw error;
    }
  } catch (error) {
    throw aboutSource(error, given);
  }
}

/** The file itself. A file that is clearly not a legacy database is refused before it is copied. */
function checkedPath(given: string): string {
  const stat = statOf(given);
  if (!stat) throw noSource(given);
  if (!stat.isFile()) throw notLegacy(given, 'this is no file');
  if (stat.size === 0) throw notLegacy(given, 'the file is empty');
  const header = sqliteHeader(given);
  if (!header) throw notLegacy(given, 'this is no SQLite database');
  refuseOurs(given, header.applicationId);
  refuseHardLink(given);
  return realpathSync(given);
}

function refuseOurs(path: string, applicationId: number): void {
  if (applicationId !== APPLICATION_ID) return;
  throw notLegacy(path, 'this is a database of this system, not of the old one');
}

function begin(db: Database, path: string): void {
  db.defaultSafeIntegers(true);
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('cache_size = -4096'); // every row is read once or twice
  db.exec('BEGIN');
  refuseOurs(path, Number(db.pragma('application_id', { simple: true })));
}

/** Copies the files of a database, again if they were written meanwhile. */
async function copyQuietFiles(from: string, to: string, onProgress?: OnProgress): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) await sleep(RETRY_AFTER);
    const before = fingerprint(from);
    if (before === undefined) continue;
    try {
      for (const suffix of CONTENT) rmSync(to + suffix, { force: true });
      await copyFiles(from, to, onProgress);
      if (before === fingerprint(from)) return;
    } catch (error) {
      if (before === fingerprint(from)) throw error; // otherwise a file may just have been removed
    }
  }
  throw busySource(from);
}

async function copyFiles(from: string, to: string, onProgress?: OnProgress): Promise<void> {
  const parts = CONTENT.flatMap((suffix) => {
    const stat = statOf(from + suffix);
    return stat ? [{ suffix, size: stat.size }] : [];
  });
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const { suffix } of parts) {
    const source = createReadStream(from + suffix);
    source.on('data', (chunk) => {
      done += chunk.length;
      onProgress?.({ step: 'copying', done, total });
    });
    await pipeline(source, createWriteStream(to + suffix, { flags: 'wx', mode: 0o600 }));
  }
}

/** Differs if a database was written between two calls; undefined if it was written just now. */
function fingerprint(path: string): string | undefined {
  const stats = [...CONTENT, LOCKS].map((suffix) => statOf(path + suffix));
  if (stats.some((stat) => stat && Math.abs(Date.now() - stat.mtimeMs) < MTIME_GRAIN)) return undefined;
  return stats.map((stat) => (stat ? `${stat.ino}:${stat.size}:${stat.mtimeMs}` : 'none')).join(' ');
}
