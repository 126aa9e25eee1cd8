import Database from 'better-sqlite3';
import type { StoredEvent } from '../../../events/index.js';
import { failed } from '../../../kernel/failures.js';
import { isReadError } from '../../../kernel/sqlite-damage.js';
import type { StorageProblem } from '../../maintenance.js';
import type { Connection } from '../open.js';
import { EVENT } from '../read/log.js';
import { SCHEMA } from '../schema.js';

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
FROM sqlite_schema
WHERE sql IS NOT NULL AND (type = 'trigger' OR name NOT GLOB 'rebuild_*') AND tbl_name NOT GLOB 'rebuild_*' ORDER BY name`;

/**
 * The schema's objects by name, in a form that does not change when a table is rebuilt: a renamed table's name is in
 * quotes, and its indexes go by another name in turn.
 */
function objectsOf(db: Connection): Map<string, SchemaObject> {
  const plain = (text: string): string => text.replace(/"(\w+)"/g, '$1').replace(/\b(\w+)_2\b/g, '$1');
  const objects = db.prepare(OBJECTS).all() as SchemaObject[];
  return new Map(
    objects.map((object) => {
      const name = object.type === 'index' ? plain(object.name) : object.name;
      return [name, { ...object, name, sql: plain(object.sql) }];
    }),
  );
}

function expectedObjects(): Map<string, SchemaObject> {
  const db = new Database(':memory:');
  try {
    db.exec(SCHEMA);
    return objectsOf(db);
  } finally {
    db.close();
  }
}

/**
 * What SQLite says of its pages and indexes, and whether every table, view, index and trigger is the one this release
 * makes. Indexes, views and tables that others have added are theirs; a trigger on our tables is not.
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
  const ours = [...expected.values()].flatMap((object): StorageProblem[] => {
    const found = actual.get(object.name);
    if (!found) return [{ where: object.name, problem: `the ${object.type} is missing` }];
    if (found.sql === object.sql) return [];
    return [{ where: object.name, problem: `the ${object.type} is not the one this release makes: ${found.sql}` }];
  });
  const triggers = [...actual.values()]
    .filter(({ type, name, table }) => type === 'trigger' && !expected.has(name) && expected.has(table))
    .map(({ name, table }) => ({ where: name, problem: `an unknown trigger on ${table}` }));
  return [...pages, ...ours, ...triggers, ...unreadable(db)];
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
