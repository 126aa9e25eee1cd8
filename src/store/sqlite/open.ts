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

/** KiB of pages held at most. */
const CACHE = 65_536;

/**
 * Bytes of a page of a new file. Of events of some 1,000 bytes three are in a page of 4,096, and seven in this one: a change
 * takes an eighth less of the disk, for a twentieth more time of a commit that is alone.
 */
const PAGE_SIZE = 8_192;

/** SQLite opens a file of a later format only to be read, or not at all. */
const NEWEST_FORMAT = 2;

const MEMORY = ':memory:';

export interface ConnectionOptions {
  /** How much of the file is held in memory at most. Default: 64 MiB. */
  readonly cacheKiB?: number | undefined;
  /** Hears how far a file of an earlier schema is migrated. */
  readonly onProgress?: OnProgress | undefined;
  /** Whether a file is made where there is none. Default: true. */
  readonly create?: boolean | undefined;
  /** Called where a database was made. */
  readonly onCreate?: (() => void) | undefined;
}

/**
 * Opens a database file, making it (mode 0600, with its folders) where there is none. A file of another program or of
 * a newer schema is refused before SQLite touches it. A file that this user may only read is opened for reading.
 *
 * `synchronous=FULL` is set by hand: the driver's build falls back to NORMAL in WAL mode, where a power loss takes
 * acknowledged commits away (measured: 3,326 of 5,000 crash states lost some, with FULL none).
 * @throws NotFoundError `DATABASE_NOT_FOUND` where nothing may be made; StoreError. Nothing is left open then.
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
 * SQLite opens a file, its `-wal` or its `-shm` for reading only where it cannot be opened for writing, whatever the
 * reason, and stays so: after a single EMFILE no command would succeed until the process ends.
 */
function refuseReadOnlyByChance(db: Connection, path: string): void {
  if (isReadOnly(db) && mayWrite(path)) throw openedReadOnly(path);
}

/**
 * Whether SQLite refuses to write on this connection. Another process's transaction is not waited for. Of a file that is
 * open for reading only, BEGIN IMMEDIATE begins to read; what writes is refused.
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
    if (code.startsWith('SQLITE_BUSY')) return false; // who may not write does not wait for the lock
    throw error;
  } finally {
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
  }
}

/** Whether this user may write a database file, and what SQLite lays beside it. */
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
 * Lays down the schema in an empty file, or brings an earlier one up to date. Two processes may try at once: the second
 * finds it done.
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

/** A file whose tables are not those of the schema that its header says is not taken for one that is brought up to date. */
function upgradeFile(db: Connection, path: string, onProgress?: OnProgress): void {
  const said = db.pragma('user_version', { simple: true }) as number;
  const parts = upgrade(said, new Set(db.prepare(TABLES).pluck().all() as string[]));
  const step = `bringing the file to schema ${SCHEMA_VERSION}`;
  for (const [done, part] of parts.entries()) {
    onProgress?.({ step, unit: 'parts', done, total: parts.length });
    try {
      db.exec(part);
    } catch (error) {
      throw asDamage(error, path, `its header says schema ${said}, its tables are not: ${(error as Error).message}`);
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
 * Reads the file's own header, so that nothing else is opened or written. Not where this process has it open: it is known
 * then, and closing any descriptor of a file ends all locks that the process has on it, SQLite's among them.
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
