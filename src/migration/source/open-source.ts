import { createReadStream, createWriteStream, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { codeOf } from '../../lib/errors.js';
import { clearedUp, statOf } from '../../lib/files.js';
import { openSqlite } from '../../lib/sqlite.js';
import { APPLICATION_ID, sqliteHeader } from '../../lib/sqlite-file.js';
import type { OnProgress } from '../../store/maintenance.js';
import { aboutSource, busySource, noSource, notLegacy } from './source-errors.js';

/** A source, or a copy of it, in one read transaction. */
export interface OpenSource {
  readonly db: Database;
  /** The file itself, where a link led to it. */
  readonly path: string;
  close(): void;
}

/** How long to wait for others' locks, in milliseconds. */
const BUSY_TIMEOUT = 30_000;
/** How often a copy is begun anew that others wrote into, and after how long, in milliseconds. */
const TRIES = 10;
const RETRY_AFTER = 100;
/** Two changes within this time, in milliseconds, may bear one mtime. */
const MTIME_GRAIN = 20;
/** Pages copied before others get a turn: 8 MB. */
const STEP = 2_000;

const READ_SOMETHING = 'SELECT count(*) FROM sqlite_schema';

/**
 * Opens a source as it is at one moment, without writing a byte of it and without laying files beside it:
 * - In rollback-journal mode it is copied under a read lock. Read in place, it would refuse its writers until we close.
 * - In WAL mode others may have it open if a `-wal` and an `-shm` file are there. Then it is read in place, which keeps
 *   nobody from writing; locks in the `-shm` file are all that is written. Opened without these files, SQLite would make
 *   them: what is there is copied.
 * - What a dead writer left in a `-journal` can only be rolled back by writing: the files are copied.
 *
 * A copy lies in a private folder (mode 0700) until it is closed or the process exits.
 * @throws NotFoundError, InvalidInputError, IntegrityError, ConflictError, StoreError
 */
export async function openSource(given: string, onProgress?: OnProgress): Promise<OpenSource> {
  try {
    if (!statOf(given)) throw noSource(given);
    const path = realpathSync(given);
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries > 0) await sleep(RETRY_AFTER);
      const opened = await openOnce(path, onProgress);
      if (opened) return opened;
    }
    throw busySource(path);
  } catch (error) {
    throw aboutSource(error, given);
  }
}

/** Undefined where others wrote while it was copied. */
async function openOnce(path: string, onProgress?: OnProgress): Promise<OpenSource | undefined> {
  const isWal = hasWal(path);
  try {
    if (!isWal) return await openCopy(path, copyLocked, onProgress);
    if (statOf(`${path}-wal`) && statOf(`${path}-shm`)) return openInPlace(path);
  } catch (error) {
    if (!needsWriting(error)) throw error;
  }
  return openCopy(path, copyFiles, onProgress);
}

/** Whether SQLite would read it by a write-ahead log. What is no old database is refused. */
function hasWal(path: string): boolean {
  const stat = statOf(path);
  if (!stat) throw noSource(path);
  if (!stat.isFile()) throw notLegacy(path, 'this is no file');
  if (stat.size === 0) throw notLegacy(path, 'the file is empty');
  const header = sqliteHeader(path);
  if (!header) throw notLegacy(path, 'this is no SQLite database');
  refuseOurs(path, header.applicationId);
  return header.walMode || statOf(`${path}-wal`) !== undefined;
}

function refuseOurs(path: string, applicationId: number): void {
  if (applicationId === APPLICATION_ID) {
    throw notLegacy(path, 'this is a database of this system, not of the old one');
  }
}

/** Whether SQLite would have to write to read it: a journal to roll back, an `-shm` file that is not ours to use. */
const needsWriting = (error: unknown): boolean => /^SQLITE_(READONLY|CANTOPEN)/.test(codeOf(error));

function openInPlace(path: string): OpenSource {
  const db = openSqlite(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT });
  return begun(db, path, () => db.close());
}

/** Copies a database to a file that is not there yet; false where others wrote meanwhile. */
type Copy = (from: string, to: string, onProgress?: OnProgress) => Promise<boolean>;

async function openCopy(path: string, copy: Copy, onProgress?: OnProgress): Promise<OpenSource | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-source-'));
  const clear = clearedUp(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const file = join(folder, 'source.db');
    if (await copy(path, file, onProgress)) {
      const db = openSqlite(file, { fileMustExist: true });
      return begun(db, path, () => {
        db.close();
        clear();
      });
    }
  } catch (error) {
    clear();
    throw error;
  }
  clear();
  return undefined;
}

/** Begins the transaction in which everything is read. */
function begun(db: Database, path: string, close: () => void): OpenSource {
  try {
    db.defaultSafeIntegers(true);
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    db.pragma('cache_size = -4096'); // every row is read once or twice
    db.exec('BEGIN');
    db.prepare(READ_SOMETHING).get();
    refuseOurs(path, Number(db.pragma('application_id', { simple: true })));
    return { db, path, close };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Copies page by page under a read lock; writers wait for it. */
const copyLocked: Copy = async (from, to, onProgress) => {
  const source = openSqlite(from, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT });
  try {
    source.exec('BEGIN');
    source.prepare(READ_SOMETHING).get();
    await source.backup(to, {
      progress: ({ totalPages, remainingPages }) => {
        onProgress?.({ step: 'copying', done: totalPages - remainingPages, total: totalPages });
        return STEP;
      },
    });
    return true;
  } finally {
    source.close();
  }
};

/** Copies the files as they are, which nobody should have open. */
const copyFiles: Copy = async (from, to, onProgress) => {
  const before = fingerprint(from);
  const parts = ['', '-wal', '-journal'].filter((suffix) => statOf(from + suffix));
  const total = parts.reduce((sum, suffix) => sum + (statOf(from + suffix)?.size ?? 0), 0);
  let done = 0;
  for (const suffix of parts) {
    const source = createReadStream(from + suffix);
    source.on('data', (chunk) => {
      done += chunk.length;
      onProgress?.({ step: 'copying', done, total });
    });
    await pipeline(source, createWriteStream(to + suffix, { flags: 'wx', mode: 0o600 }));
  }
  return before !== undefined && before === fingerprint(from);
};

/** Tells whether a database or what lies beside it was written between two calls; undefined where it just was. */
function fingerprint(path: string): string | undefined {
  const stats = ['', '-wal', '-shm', '-journal'].map((suffix) => statOf(path + suffix));
  const age = Math.min(...stats.map((stat) => (stat ? Math.abs(Date.now() - stat.mtimeMs) : Number.POSITIVE_INFINITY)));
  if (age < MTIME_GRAIN) return undefined;
  return stats.map((stat) => (stat ? `${stat.ino}:${stat.size}:${stat.mtimeMs}` : 'none')).join(' ');
}
