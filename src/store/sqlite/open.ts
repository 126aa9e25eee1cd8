import { accessSync, constants } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { codeOf, StoreError } from '../../lib/errors.js';
import { makeFile, statOf } from '../../lib/files.js';
import { openSqlite } from '../../lib/sqlite.js';
import { APPLICATION_ID, sqliteHeader } from '../../lib/sqlite-file.js';
import type { OnProgress } from '../maintenance.js';
import { asDamage, damaged, databaseMissing, notADatabase, openedReadOnly, translate } from './errors.js';
import { SCHEMA, SCHEMA_VERSION, upgrade } from './schema.js';
import { restoreSchemaText } from './schema-text.js';

export type Connection = Database;

/** How long a writer waits for another process's transaction, in milliseconds. */
const BUSY_TIMEOUT = 30_000;

/** The maximum size of the page cache in KiB. */
const CACHE = 65_536;

/**
 * The page size of a new file in bytes. Events have about 1,000 bytes: a page of 4,096 holds three, this one seven. That
 * saves an eighth of the disk space per change and makes a single commit a twentieth slower.
 */
const PAGE_SIZE = 8_192;

/** SQLite opens a file of a later format read-only or not at all. */
const NEWEST_FORMAT = 2;

const MEMORY = ':memory:';

export interface ConnectionOptions {
  /** The maximum size of the page cache. Default: 64 MiB. */
  readonly cacheKiB?: number | undefined;
  /** Called with the progress of a schema migration. */
  readonly onProgress?: OnProgress | undefined;
  /** Whether a missing file is created. Default: true. */
  readonly create?: boolean | undefined;
  /** Called after a database was created. */
  readonly onCreate?: (() => void) | undefined;
}

/**
 * Opens a database file. Creates a missing one (mode 0600, with its folders). A file of another program or of a newer
 * schema is refused before SQLite opens it. A file that this user may only read is opened read-only.
 * `synchronous=FULL` is set explicitly: the driver's build defaults to NORMAL in WAL mode, with which a power failure loses
 * acknowledged commits (measured: 3,326 of 5,000 crash states lost some, with FULL none).
 * @throws NotFoundError `DATABASE_NOT_FOUND` if nothing may be created; StoreError. Then nothing stays open.
 */
export function openConnection(path: string, options: ConnectionOptions = {}): Connection {
  try {
    if (path !== MEMORY) {
      refuseForeign(path);
      if (!statOf(path)) {
        if (options.create === false) throw databaseMissing(path);
        makeFile(path);
      }
    }
    const db = openSqlite(path, { timeout: BUSY_TIMEOUT });
    try {
      create(db, path, options);
      configure(db, options.cacheKiB ?? CACHE);
      if (path !== MEMORY) {
        refuseReadOnlyByChance(db, path);
        remember(db, path);
      }
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw translate(error, path);
  }
}

/** Open connections by their file: see `refuseForeign`. */
const connections = new Map<string, Set<Connection>>();

function fileKey(path: string): string | undefined {
  const stat = statOf(path);
  return stat && `${stat.dev}:${stat.ino}`;
}

function remember(db: Connection, path: string): void {
  for (const [key, open] of connections) {
    for (const one of open) if (!one.open) open.delete(one);
    if (open.size === 0) connections.delete(key);
  }
  const key = fileKey(path) ?? '';
  connections.set(key, (connections.get(key) ?? new Set()).add(db));
}

function isOpenHere(path: string): boolean {
  const open = connections.get(fileKey(path) ?? '') ?? [];
  return [...open].some((db) => db.open);
}

/**
 * SQLite opens a file, its `-wal` or its `-shm` read-only if opening it for writing fails for any reason, and keeps it so:
 * after a single EMFILE every command would fail until the process ends.
 */
function refuseReadOnlyByChance(db: Connection, path: string): void {
  if (isReadOnly(db) && mayWrite(path)) throw openedReadOnly(path);
}

/**
 * Whether SQLite refuses writes on this connection. It does not wait for another process's transaction. On a read-only
 * file, BEGIN IMMEDIATE succeeds as a read, and writes are refused.
 */
function isReadOnly(db: Connection): boolean {
  db.pragma('busy_timeout = 0');
  try {
    db.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${SCHEMA_VERSION}; ROLLBACK`);
    return false;
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    const code = codeOf(error);
    if (code.startsWith('SQLITE_READONLY')) return true;
    if (code.startsWith('SQLITE_BUSY')) return false; // a read-only connection does not wait for the lock
    throw error;
  } finally {
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
  }
}

/** Whether this user may write a database file and the files SQLite creates beside it. */
export function mayWrite(path: string): boolean {
  try {
    for (const file of ['', '-wal', '-shm'].map((suffix) => path + suffix)) {
      if (statOf(file)) accessSync(file, constants.W_OK);
    }
    return true;
  } catch {
    return false;
  }
}

function configure(db: Connection, cacheKiB: number): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('recursive_triggers = ON');
  db.pragma(`cache_size = ${-cacheKiB}`);
  db.pragma('temp_store = MEMORY');
}

const TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'";

/**
 * Creates the schema in an empty file, or upgrades an earlier one. If two processes do this at once, the second finds it
 * done.
 */
function create(db: Connection, path: string, options: ConnectionOptions): void {
  const before = identity(db, path);
  if (before === 'ours') return;
  if (before === 'empty' && options.create === false && path !== MEMORY) {
    throw databaseMissing(path, 'the file is empty');
  }
  let made = false;
  if (before === 'empty') db.pragma(`page_size = ${PAGE_SIZE}`);
  db.transaction(() => {
    const now = identity(db, path);
    if (now === 'ours') return;
    if (now === 'empty') {
      db.exec(SCHEMA);
      made = true;
    } else upgradeFile(db, path, options.onProgress);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  }).exclusive();
  if (made && path !== MEMORY) options.onCreate?.();
}

/** A file whose tables do not match the schema version in its header is refused instead of upgraded. */
function upgradeFile(db: Connection, path: string, onProgress?: OnProgress): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  const parts = upgrade(version, new Set(db.prepare(TABLES).pluck().all() as string[]));
  const step = `bringing the file to schema ${SCHEMA_VERSION}`;
  for (const [done, part] of parts.entries()) {
    onProgress?.({ step, unit: 'parts', done, total: parts.length });
    try {
      db.exec(part);
    } catch (error) {
      throw asDamage(error, path, `its header says schema ${version}, its tables are not: ${(error as Error).message}`);
    }
  }
  restoreSchemaText(db);
}

function identity(db: Connection, path: string): 'ours' | 'earlier' | 'empty' {
  const application = db.pragma('application_id', { simple: true }) as number;
  const version = db.pragma('user_version', { simple: true }) as number;
  if (application === APPLICATION_ID) {
    if (version > SCHEMA_VERSION) throw newerSchema(path, version);
    return version === SCHEMA_VERSION ? 'ours' : 'earlier';
  }
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  if (application !== 0 || version !== 0 || tables > 0) throw notADatabase(path);
  return 'empty';
}

/**
 * Reads the file's header directly, so that nothing else is opened or written. Skipped if this process has the file open:
 * it is known then, and closing any descriptor of a file releases all locks that the process has on it, including SQLite's.
 */
function refuseForeign(path: string): void {
  const stat = statOf(path);
  if (stat?.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
  if (!stat || stat.size === 0 || statOf(`${path}-journal`) || isOpenHere(path)) return;
  const header = sqliteHeader(path);
  if (header?.applicationId !== APPLICATION_ID) throw notADatabase(path);
  if (header.format > NEWEST_FORMAT) throw damaged(path, `its header says format ${header.format} of SQLite`);
  if (header.userVersion > SCHEMA_VERSION) throw newerSchema(path, header.userVersion);
}

const newerSchema = (path: string, version: number): StoreError =>
  new StoreError('NEWER_SCHEMA', `the database was written by a newer release (schema ${version}): ${path}`, {
    hint: `This release reads schemas up to ${SCHEMA_VERSION}. Upgrade sloth-runner; nothing was changed in the file.`,
    details: { database: path, schemaVersion: version, supported: SCHEMA_VERSION },
  });
