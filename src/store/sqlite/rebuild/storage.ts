import type { StoredEvent } from '../../../events/index.js';
import { failed } from '../../../lib/failures.js';
import { openSqlite } from '../../../lib/sqlite.js';
import { isReadError } from '../../../lib/sqlite-damage.js';
import type { StorageProblem } from '../../maintenance.js';
import type { Connection } from '../open.js';
import { EVENT } from '../read/log.js';
import { SCHEMA } from '../schema.js';
import { shadowName } from '../schema-text.js';

interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

/** So many damaged places are told. */
const TOLD = 20;

const OBJECTS = `
SELECT CAST(type AS TEXT) AS type, CAST(name AS TEXT) AS name, CAST(tbl_name AS TEXT) AS "table", CAST(sql AS TEXT) AS sql
FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name`;

const objectsOf = (db: Connection): readonly SchemaObject[] => db.prepare(OBJECTS).all() as SchemaObject[];

function expectedObjects(): readonly SchemaObject[] {
  const db = openSqlite(':memory:');
  try {
    db.exec(SCHEMA);
    return objectsOf(db);
  } finally {
    db.close();
  }
}

/** SQLite takes names that differ by the case of their letters for one. */
const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const isSame = (one: SchemaObject, other: SchemaObject): boolean =>
  one.type === other.type && one.name === other.name && one.table === other.table && one.sql === other.sql;

function checkObject(wanted: SchemaObject, actual: readonly SchemaObject[]): StorageProblem[] {
  const { type, name, table } = wanted;
  const named = actual.filter((object) => isSameName(object.name, name));
  if (named.length === 0) return [{ where: name, problem: `the ${type} is missing` }];
  return named
    .filter((found) => !isSame(found, wanted))
    .map((found) => {
      const moved = isSameName(found.table, table) ? '' : `, and on ${found.table} instead of ${table}`;
      return { where: name, problem: `the ${type} is not the one this release makes${moved}: ${found.sql}` };
    });
}

/**
 * What SQLite reports about its pages and indexes, and whether every table, view, index and trigger is, to the letter and on
 * the same table, the one this release makes. Indexes, views and tables that others have added are theirs; a trigger on our
 * tables or views is not, nor one on a table that is being rebuilt, which would become ours.
 * @throws StoreError `DISK_ERROR` for a page that could not be read
 */
export function checkStorage(db: Connection, path: string): StorageProblem[] {
  const pages = (db.pragma(`integrity_check(${TOLD})`) as { integrity_check: string }[])
    .map((row) => row.integrity_check)
    .filter((line) => line !== 'ok')
    .map((problem) => {
      if (isReadError(problem)) throw failed('DISK_ERROR', 'the database', path, problem, { database: path });
      return { where: 'page', problem };
    });
  const expected = expectedObjects();
  const actual = objectsOf(db);
  const isOurs = (table: string): boolean =>
    expected.some(({ name }) => isSameName(name, table) || isSameName(shadowName(name), table));
  const triggers = actual
    .filter(({ type, name, table }) => {
      return type === 'trigger' && isOurs(table) && !expected.some((object) => isSameName(object.name, name));
    })
    .map(({ name, table }) => ({ where: name, problem: `an unknown trigger on ${table}` }));
  return [...pages, ...expected.flatMap((object) => checkObject(object, actual)), ...triggers, ...unreadable(db)];
}

const SAME = `
SELECT 1 FROM events WHERE position = :position AND type = :type AND data = :data AND meta = :meta
  AND recorded_at = :recordedAt AND command_id = :commandId AND hash = :hash`;

/** Bytes that are no UTF-8 read as U+FFFD, and so would a U+FFFD that is meant: such texts are compared byte by byte. */
function unreadable(db: Connection): StorageProblem[] {
  const same = db.prepare(SAME);
  const problems: StorageProblem[] = [];
  for (const row of db.prepare(`SELECT ${EVENT} FROM events`).iterate() as IterableIterator<StoredEvent>) {
    const { type, data, meta, recordedAt, commandId, hash } = row;
    const doubtful = [type, data, meta, recordedAt, commandId, hash].some((text) => String(text).includes('\ufffd'));
    if (doubtful && !same.get(row)) problems.push({ where: 'events', problem: `event ${row.position} is no UTF-8` });
  }
  return problems;
}
