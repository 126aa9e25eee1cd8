import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import type { LogHead } from '../../events/index.js';
import { SlothError } from '../../lib/errors.js';
import { clearedUp, flush, keepTogether, publish, statOf, temporaryName } from '../../lib/files.js';
import type { OnProgress } from '../maintenance.js';
import { COMPANIONS, copyDatabase, removeDatabase } from './backup.js';
import { asDamage, damaged, translate } from './errors.js';
import { headNow } from './now.js';
import { type Connection, openConnection } from './open.js';
import { statementCache } from './statements.js';

/** A summary of a database. */
export interface Content {
  readonly head: LogHead;
  readonly stacks: number;
}

/** A database before a restore: its content, or the reason why it cannot be read. */
export type Found = Content | { readonly unusable: SlothError };

/** Events copied before other work in this process gets a turn: some tens of milliseconds. */
const BATCH = 10_000;

const STACKS = 'SELECT count(*) FROM stack_rows WHERE deleted_at IS NULL';
const HAS_LOG = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = 'events'";
const FIRST_EVENT = 'SELECT 1 FROM main.events LIMIT 1';
const ATTACH = 'ATTACH ? AS backup';
const OLD_OBJECTS = `
SELECT type, name FROM main.sqlite_schema WHERE type IN ('trigger', 'view', 'table') AND name NOT GLOB 'sqlite_*'
ORDER BY CASE type WHEN 'trigger' THEN 1 WHEN 'view' THEN 2 ELSE 3 END`;
const TABLES = `
SELECT s.name, s.sql FROM backup.sqlite_schema s JOIN pragma_table_list t ON t.schema = 'backup' AND t.name = s.name
WHERE t.type = 'table' AND s.name NOT GLOB 'sqlite_*' AND s.name NOT GLOB 'rebuild_*' ORDER BY s.name`;
const OTHER_OBJECTS = `
SELECT o.sql FROM backup.sqlite_schema o
WHERE o.type IN ('index', 'view', 'trigger') AND o.sql IS NOT NULL
  AND (o.type = 'view' OR o.tbl_name IN (SELECT name FROM main.sqlite_schema)
       OR o.tbl_name IN (SELECT name FROM backup.sqlite_schema WHERE type = 'view'))
ORDER BY CASE o.type WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END`;
const COLUMNS = "SELECT name FROM pragma_table_info(?, 'backup')";

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const sizeOf = (path: string): number => statOf(path)?.size ?? 0;

/** The content at a path before a restore; undefined for a missing or empty file. A database of a newer release is refused. */
export function findContent(path: string): Found | undefined {
  if (sizeOf(path) === 0) return undefined;
  try {
    const db = openConnection(path);
    try {
      return { head: headOf(db, path), stacks: db.prepare(STACKS).pluck().get() as number };
    } finally {
      db.close();
    }
  } catch (error) {
    const translated = translate(error, path);
    if (isUnusable(translated)) return { unusable: translated };
    throw translated;
  }
}

/** Whether the file itself is the problem, so that only another file can replace it. */
const isUnusable = (error: unknown): error is SlothError =>
  error instanceof SlothError && ['NOT_A_DATABASE', 'DATABASE_CORRUPT', 'SCHEMA_DAMAGED'].includes(error.code);

/** A file with our application id but without a log is damaged, whatever SQLite reports. */
function headOf(db: Connection, path: string): LogHead {
  try {
    return headNow(statementCache(db));
  } catch (error) {
    throw asDamage(error, path, 'it has no event log');
  }
}

/**
 * A private copy (mode 0600) of a database file from someone else, without opening it where that would create files beside
 * it. The content of its companion files is included.
 */
export async function copyPrivately(from: string, to: string, onProgress?: OnProgress): Promise<void> {
  try {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    if (COMPANIONS.some((suffix) => sizeOf(from + suffix) > 0)) return await copyDatabase(from, to, onProgress);
    const source = createReadStream(from);
    const total = sizeOf(from);
    source.on('data', () => onProgress?.({ step: 'copying', done: source.bytesRead, total }));
    await pipeline(source, createWriteStream(to, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    throw translate(error, to);
  }
}

/**
 * Replaces the content at `path` by that of `source`, a whole and verified database that is not open elsewhere. Returns the
 * path of the kept old content, or null if it had no events. `source` may be moved.
 * A database of ours is replaced in one transaction: processes that have it open see the old or the new content, and
 * writers wait. The kept file contains everything acknowledged until then, because it is made under the write lock. An
 * unreadable file is renamed instead; a process that still has it open continues to write there.
 * Other backends of this process must not write meanwhile: waiting for the lock would block this work.
 * @param kept the name of the kept file; a number is added if it is taken
 * @throws ConflictError if others hold the lock for too long; StoreError. Then nothing has changed.
 */
export async function replaceContent(
  path: string,
  source: string,
  kept: string,
  onProgress?: OnProgress,
): Promise<string | null> {
  try {
    const leftovers = sizeOf(path) === 0 ? setAside(path, kept) : null; // of a file that no longer exists
    if (!existsSync(path) && takesName(source, path)) return leftovers;
    return (await replaceInPlace(path, source, kept, onProgress)) ?? leftovers;
  } catch (error) {
    if (!isUnusable(error)) throw translate(error, path);
  }
  try {
    const aside = setAside(path, kept);
    flush(source);
    renameSync(source, path);
    flush(dirname(path));
    return aside;
  } catch (error) {
    throw translate(error, path);
  }
}

/** Links a file to that name; false if another process has created one first. */
function takesName(source: string, path: string): boolean {
  flush(source);
  try {
    publish(source, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Links what is at a path, and its companion files, to names that begin with `kept`; then removes the companions' old
 * names. They must go before the file is replaced: SQLite would apply an old write-ahead log to the new file.
 */
function setAside(path: string, kept: string): string | null {
  const parts = ['', ...COMPANIONS].filter((suffix) => sizeOf(path + suffix) > 0);
  const name = freeName(kept);
  keepTogether(parts.map((suffix) => [path + suffix, name + suffix]));
  for (const suffix of COMPANIONS) rmSync(path + suffix, { force: true });
  return parts[0] === undefined ? null : name + parts[0];
}

/** The name itself, with a number if it is taken. */
function freeName(name: string): string {
  const taken = (one: string) => ['', ...COMPANIONS].some((suffix) => existsSync(one + suffix));
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!taken(candidate)) return candidate;
  }
}

async function replaceInPlace(
  path: string,
  source: string,
  kept: string,
  onProgress?: OnProgress,
): Promise<string | null> {
  const db = openConnection(path);
  let keptAs: string | null = null;
  let committing = false;
  try {
    db.pragma('foreign_keys = OFF'); // of tables that users added; rows arrive in any order
    db.prepare(ATTACH).run(source);
    db.exec('BEGIN IMMEDIATE');
    if (holdsAnything(db)) keptAs = await keepCopy(path, kept, onProgress);
    dropContent(db);
    await copyContent(db, onProgress);
    checkPages(db, path);
    committing = true;
    db.exec('COMMIT');
    return keptAs;
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    // After a failed commit the state after a crash is unknown, so both stay.
    if (keptAs !== null && !committing) rmSync(keptAs, { force: true });
    throw translate(asDamage(error, path), path); // the source is whole, so the old content is damaged
  } finally {
    db.close();
  }
}

/** Whether there is content to keep: events, or a database that is not whole. */
const holdsAnything = (db: Connection): boolean =>
  db.prepare(HAS_LOG).get() === undefined || db.prepare(FIRST_EVENT).get() !== undefined;

/** The committed content, copied by another connection while this one holds the write lock. */
async function keepCopy(path: string, wanted: string, onProgress?: OnProgress): Promise<string> {
  const kept = freeName(wanted);
  const partial = temporaryName(kept, 'partial');
  const clear = clearedUp(() => removeDatabase(partial));
  try {
    await copyDatabase(path, partial, onProgress && ((progress) => onProgress({ ...progress, step: 'keeping' })));
    publish(partial, kept);
    return kept;
  } finally {
    clear();
  }
}

function dropContent(db: Connection): void {
  for (const { type, name } of db.prepare(OLD_OBJECTS).all() as { type: string; name: string }[]) {
    db.exec(`DROP ${type} IF EXISTS main.${quoted(name)}`);
  }
}

/** The schema and the rows of the backup, including objects that users added, without a running rebuild. */
async function copyContent(db: Connection, onProgress?: OnProgress): Promise<void> {
  const tables = db.prepare(TABLES).all() as { name: string; sql: string }[];
  for (const { sql } of tables) db.exec(sql);
  await copyRows(
    db,
    tables.map(({ name }) => name),
    onProgress,
  );
  for (const sql of db.prepare(OTHER_OBJECTS).pluck().all() as string[]) db.exec(sql);
  for (const name of ['application_id', 'user_version']) {
    db.pragma(`main.${name} = ${db.pragma(`backup.${name}`, { simple: true })}`);
  }
}

async function copyRows(db: Connection, tables: readonly string[], onProgress?: OnProgress): Promise<void> {
  const count = (table: string) =>
    db
      .prepare(`SELECT count(*) FROM backup.${quoted(table)}`)
      .pluck()
      .get() as number;
  const copy = (table: string): string => {
    const columns = (db.prepare(COLUMNS).pluck().all(table) as string[]).map(quoted).join(', ');
    return `INSERT INTO main.${quoted(table)} (${columns}) SELECT ${columns} FROM backup.${quoted(table)}`;
  };
  const total = tables.reduce((sum, table) => sum + count(table), 0);
  let done = 0;
  const report = async (more: number): Promise<void> => {
    done += more;
    onProgress?.({ step: 'restoring', done, total });
    await turn();
  };
  const events = count('events');
  const copyEvents = db.prepare(`${copy('events')} WHERE position > ? AND position <= ? ORDER BY position`);
  for (let after = 0; after < events; after += BATCH) await report(copyEvents.run(after, after + BATCH).changes);
  for (const table of tables) if (table !== 'events') await report(db.prepare(copy(table)).run().changes);
}

/** Damaged pages of the old content may now hold the new one: that must not be committed. */
function checkPages(db: Connection, path: string): void {
  const result = String(db.pragma('main.quick_check(1)', { simple: true }));
  if (result !== 'ok') throw damaged(path, result);
}
