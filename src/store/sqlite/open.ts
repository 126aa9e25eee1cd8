import { existsSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { StoreError } from '../../kernel/errors.js';
import { makeFile } from '../../kernel/files.js';
import { openSqlite } from '../../kernel/sqlite.js';
import { APPLICATION_ID, sqliteHeader } from '../../kernel/sqlite-file.js';
import type { OnProgress } from '../maintenance.js';
import { asDamage, damaged, notADatabase, translate } from './errors.js';
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

/**
 * Opens a database file, making it (mode 0600, with its folders) where there is none. A file of another program or of
 * a newer schema is refused before SQLite touches it.
 *
 * `synchronous=FULL` is set by hand: the driver's build falls back to NORMAL in WAL mode, where a power loss takes
 * acknowledged commits away (measured: 3,326 of 5,000 crash states lost some, with FULL none).
 */
export function openConnection(path: string, cacheKiB = CACHE, onProgress?: OnProgress): Connection {
  try {
    if (path !== MEMORY) refuseForeign(path);
    const fresh = path === MEMORY || !existsSync(path);
    if (fresh && path !== MEMORY) makeFile(path);
    const db = openSqlite(path, { timeout: BUSY_TIMEOUT });
    try {
      create(db, path, onProgress);
      configure(db, cacheKiB);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw translate(error, path);
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
function create(db: Connection, path: string, onProgress?: OnProgress): void {
  const before = identity(db, path);
  if (before === 'ours') return;
  if (before === 'empty') db.pragma(`page_size = ${PAGE_SIZE}`);
  db.transaction(() => {
    const now = identity(db, path);
    if (now === 'ours') return;
    if (now === 'empty') db.exec(SCHEMA);
    else upgradeFile(db, path, onProgress);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  }).exclusive();
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

/** Reads the file's own header, so that nothing else is opened or written. */
function refuseForeign(path: string): void {
  if (!existsSync(path) || existsSync(`${path}-journal`)) return;
  const stat = statSync(path);
  if (stat.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
  if (stat.size === 0) return;
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
