import { openSqlite } from '../../lib/sqlite.js';
import type { StorageProblem } from '../maintenance.js';
import type { Connection } from './open.js';
import { SCHEMA } from './schema.js';
import { shadowName } from './schema-text.js';

/** A row of sqlite_schema. A forged one may contain anything, including bytes and NULL. */
interface SchemaRow {
  readonly type: unknown;
  readonly name: unknown;
  readonly table: unknown;
  readonly sql: unknown;
}

/** A row that this release creates. */
interface OwnRow extends SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly table: string;
}

const ROWS = 'SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema ORDER BY name';

const rowsOf = (db: Connection): readonly SchemaRow[] => db.prepare(ROWS).all() as SchemaRow[];

function ownRows(): readonly OwnRow[] {
  const db = openSqlite(':memory:');
  try {
    db.exec(SCHEMA);
    return rowsOf(db) as OwnRow[];
  } finally {
    db.close();
  }
}

/** SQLite reads a name up to a NUL and ignores the case of its letters. */
const nameIn = (value: unknown): string => String(value).replace(/\0.*/s, '').toLowerCase();

const isSameName = (one: unknown, other: unknown): boolean => nameIn(one) === nameIn(other);

const isSame = (one: SchemaRow, other: SchemaRow): boolean =>
  one.type === other.type && one.name === other.name && one.table === other.table && one.sql === other.sql;

/**
 * Whether the schema is exactly the one that this release creates, and which foreign objects affect our tables and views.
 * Other foreign tables, views and indexes, and triggers on those, are allowed. See {@link attachedToOurs} for the
 * exceptions.
 */
export function checkSchema(db: Connection): readonly StorageProblem[] {
  return inReadTransaction(db, () => {
    const own = ownRows();
    const rows = rowsOf(db);
    const changed = own.flatMap((wanted) => checkOwn(wanted, rows));
    const { attached, uncompiled } = attachedTo(db, own, rows);
    // A missing object makes a statement fail to compile too, but it is already reported.
    return [...changed, ...attached, ...(changed.length + attached.length === 0 ? uncompiled : [])];
  });
}

/**
 * Foreign objects that affect which rows our tables and views contain: triggers, foreign keys, unique indexes; and rows of
 * sqlite_schema that SQLite itself does not write, because their effect is invisible in the schema's rows.
 */
export const attachedToOurs = (db: Connection): readonly StorageProblem[] =>
  inReadTransaction(db, () => attachedTo(db, ownRows(), rowsOf(db)).attached);

const inReadTransaction = <T>(db: Connection, read: () => T): T => db.transaction(read)();

function checkOwn(wanted: OwnRow, rows: readonly SchemaRow[]): StorageProblem[] {
  const { type, name, table } = wanted;
  const named = rows.filter((row) => isSameName(row.name, name));
  if (named.length === 0) return [{ where: name, problem: `the ${type} is missing` }];
  return named
    .filter((found) => !isSame(found, wanted))
    .map((found) => {
      const moved = isSameName(found.table, table) ? '' : `, and on ${found.table} instead of ${table}`;
      return { where: name, problem: `the ${type} is not the one this release makes${moved}: ${found.sql}` };
    });
}

/** Exists while tables are rebuilt. */
const JOB = 'rebuild_job';

interface Attached {
  readonly attached: readonly StorageProblem[];
  /** Tables and views for which SQLite cannot compile an INSERT, UPDATE or DELETE. */
  readonly uncompiled: readonly StorageProblem[];
}

function attachedTo(db: Connection, own: readonly OwnRow[], rows: readonly SchemaRow[]): Attached {
  const relations = own.filter(({ type }) => type === 'table' || type === 'view').map(({ name }) => name);
  const present = new Set(db.prepare(RELATIONS).pluck().all() as string[]);
  const ours = [...relations, ...relations.map(shadowName), JOB].filter((name) => present.has(name));
  const names = new Set(own.flatMap(({ name }) => [name, shadowName(name)]));
  const uncompiled: StorageProblem[] = [];
  const triggers = new Map<string, string>();
  for (const table of ours) {
    for (const trigger of triggersOn(db, table, (problem) => uncompiled.push({ where: table, problem }))) {
      if (!names.has(trigger) && !triggers.has(trigger)) triggers.set(trigger, table);
    }
  }
  const isOurs = new Set(ours.map(nameIn));
  const keys = (db.prepare(FOREIGN_KEYS).all() as { child: string; parent: string }[]).filter(({ parent }) =>
    isOurs.has(nameIn(parent)),
  );
  const indexes = (db.prepare(UNIQUE_INDEXES).all() as { name: string; table: string }[]).filter(
    ({ name, table }) => isOurs.has(nameIn(table)) && !names.has(name),
  );
  return {
    attached: [
      ...rows.filter((row) => !own.some(({ name }) => isSameName(row.name, name)) && !isWritten(row)).map(notWritten),
      ...[...triggers].map(([name, table]) => ({ where: name, problem: `an unknown trigger on ${table}` })),
      ...keys.map(({ child, parent }) => ({ where: child, problem: `an unknown foreign key to ${parent}` })),
      ...indexes.map(({ name, table }) => ({ where: name, problem: `an unknown unique index on ${table}` })),
    ],
    uncompiled,
  };
}

/** The beginning that SQLite writes into a row of each type, whatever the statement said before the name. */
const BEGINNINGS: Readonly<Record<string, RegExp>> = {
  table: /^CREATE (VIRTUAL )?TABLE /,
  index: /^CREATE (UNIQUE )?INDEX /,
  view: /^CREATE VIEW /,
  trigger: /^CREATE TRIGGER /,
};

function isWritten({ type, name, table, sql }: SchemaRow): boolean {
  if (typeof type !== 'string' || typeof name !== 'string' || typeof table !== 'string') return false;
  if (sql === null) return type === 'index'; // of a key or a UNIQUE in its table's text
  return (
    typeof sql === 'string' && BEGINNINGS[type]?.test(sql) === true && ![type, name, table, sql].join('').includes('\0')
  );
}

const notWritten = ({ type, name, sql }: SchemaRow): StorageProblem => ({
  where: String(name),
  problem: `SQLite does not write such a row of sqlite_schema: ${type}, ${sql}`,
});

/** SQLite's own list of names. */
const RELATIONS = "SELECT name FROM pragma_table_list WHERE schema = 'main'";
const FOREIGN_KEYS = `
SELECT t.name AS child, k."table" AS parent FROM pragma_table_list t, pragma_foreign_key_list(t.name) k
WHERE t.schema = 'main' AND t.type = 'table'`;
const UNIQUE_INDEXES = `
SELECT i.name, t.name AS "table" FROM pragma_table_list t, pragma_index_list(t.name) i
WHERE t.schema = 'main' AND t.type = 'table' AND i."unique" AND i.origin = 'c'`;

const TRIGGER = '-- TRIGGER ';

/**
 * The triggers that SQLite compiles into statements on a table or view, including those that they fire. It uses SQLite's
 * own result, because a row of sqlite_schema can be spelled in ways that no text comparison foresees.
 */
function triggersOn(db: Connection, table: string, uncompiled: (problem: string) => void): string[] {
  const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
  const set = columns.map((column) => `"${column}" = "${column}"`).join(', ');
  return [`INSERT INTO main.${table} DEFAULT VALUES`, `UPDATE main.${table} SET ${set}`, `DELETE FROM main.${table}`]
    .flatMap((statement) => {
      try {
        return db.prepare(`EXPLAIN ${statement}`).all() as { p4: unknown }[];
      } catch (error) {
        const { message } = error as Error;
        if (!/ because it is a view$/.test(message)) uncompiled(`a statement on it does not compile: ${message}`);
        return [];
      }
    })
    .map(({ p4 }) => String(p4))
    .filter((text) => text.startsWith(TRIGGER))
    .map((text) => text.slice(TRIGGER.length));
}
