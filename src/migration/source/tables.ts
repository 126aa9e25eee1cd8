import type { Database, Statement } from 'better-sqlite3';
import { pause } from '../../lib/pause.js';
import type { OnProgress } from '../../store/maintenance.js';
import { type Cell, CHILD_TABLES, LEGACY_TABLES, type LegacyRecord, type LegacyTable, legacyRecord } from './layout.js';
import type { OpenSource } from './open-source.js';
import { damagedSource, notLegacy, reading } from './source-errors.js';

/** The owner of rows that belong to no workflow. */
export const NOBODY = 0;

/** The rows of a table. A row is known by its place: 1, 2, 3 … in the order they are read in. */
export interface TableRows {
  readonly count: number;
  /**
   * The places of an owner's rows after a place, so many at most, in order.
   * @param owner place of a workflow, or NOBODY
   */
  placesOf(owner: number, after?: number, limit?: number): readonly number[];
  at(place: number): LegacyRecord;
}

export type Tables = ReadonlyMap<LegacyTable, TableRows>;

/** A table as its database has it. */
interface Shape {
  readonly table: LegacyTable;
  readonly columns: readonly string[];
  /** What a row is found by, as SQL: its rowid or, in a table WITHOUT ROWID, the columns of its primary key. */
  readonly keys: readonly string[];
  /** What names a row that has no id, as SQL. */
  readonly nameless: string;
}

const FOUND = "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE";
const COLUMNS = "SELECT name FROM pragma_table_xinfo(?, 'main') ORDER BY cid";
const PRIMARY_KEY = "SELECT name FROM pragma_table_xinfo(?, 'main') WHERE pk > 0 ORDER BY pk";

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Finds the old tables and lists, in temporary tables, the place, the owner and the key of every row: the old tables
 * have no index on `workflow_id`, and looking for each workflow's rows without one would read everything each time.
 * No value is held. Afterwards every row is read on its own, so that the caller may wait between two of them.
 * @throws InvalidInputError `NOT_A_LEGACY_DATABASE`
 */
export async function findTables({ db, path }: OpenSource, onProgress?: OnProgress): Promise<Tables> {
  const shapes = reading(path, () => LEGACY_TABLES.flatMap((table) => shapeOf(db, table, path) ?? []));
  if (!shapes.some(({ table }) => table === 'workflow_states')) {
    throw notLegacy(path, 'there is no table workflow_states in it');
  }
  const tables = new Map<LegacyTable, TableRows>();
  for (const shape of shapes) {
    onProgress?.({ step: 'listing', done: tables.size, total: shapes.length });
    await pause();
    tables.set(
      shape.table,
      reading(path, () => {
        listRows(db, shape);
        if (shape.table === 'workflow_states') listOwners(db, shape);
        return openTable(db, shape, path);
      }),
    );
  }
  return tables;
}

function shapeOf(db: Database, table: LegacyTable, path: string): Shape | undefined {
  const found = db.prepare(FOUND).get(table) as { name: string; type: string; wr: bigint } | undefined;
  if (!found) return undefined;
  if (found.type !== 'table') throw notLegacy(path, `${table} is no ordinary table but a ${found.type}`);
  const columns = db.prepare(COLUMNS).pluck().all(table) as string[];
  if (found.wr === 1n) {
    const keys = (db.prepare(PRIMARY_KEY).pluck().all(table) as string[]).map(quoted);
    return { table, columns, keys, nameless: "'row ' || l.place" };
  }
  const taken = new Set(columns.map((column) => column.toLowerCase()));
  const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  if (rowid === undefined) throw notLegacy(path, `${table} has columns of all the names that SQLite has for the rowid`);
  return { table, columns, keys: [rowid], nameless: "'rowid ' || l.key0" };
}

/** A column of the table as SQL; NULL where the table has no such column. */
const column = ({ columns }: Shape, name: string): string =>
  columns.some((one) => one.toLowerCase() === name) ? `t.${quoted(name)}` : 'NULL';

const keyNames = ({ keys }: Shape): string[] => keys.map((_, index) => `key${index}`);

/** A temporary table: place, owner and key of every row. */
function listRows(db: Database, shape: Shape): void {
  const { table, keys } = shape;
  const key = keys.map((name) => `t.${name}`);
  const order = table === 'workflow_states' ? [`${column(shape, 'created_at')} COLLATE BINARY`, ...key] : key;
  const isChild = (CHILD_TABLES as readonly string[]).includes(table);
  const owner = isChild ? `LEFT JOIN temp.owner o ON o.id = CAST(${column(shape, 'workflow_id')} AS TEXT)` : '';
  db.exec(`
CREATE TEMP TABLE list_${table} (place INTEGER PRIMARY KEY, owner INTEGER NOT NULL, ${keyNames(shape).join(', ')});
INSERT INTO temp.list_${table}
SELECT row_number() OVER (ORDER BY ${order.join(', ')}), ${isChild ? `coalesce(o.place, ${NOBODY})` : NOBODY}, ${key.join(', ')}
FROM main.${table} t ${owner};
CREATE INDEX temp.owner_${table} ON list_${table} (owner)`);
}

/** Every id of a workflow, as text, with the place of the first workflow of that id. */
function listOwners(db: Database, shape: Shape): void {
  const id = `CAST(${column(shape, 'id')} AS TEXT) COLLATE BINARY`;
  db.exec(`
CREATE TEMP TABLE owner (id TEXT PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO temp.owner
SELECT ${id}, min(l.place) FROM temp.list_workflow_states l JOIN main.workflow_states t ON ${sameKey(shape)}
WHERE ${column(shape, 'id')} IS NOT NULL GROUP BY 1`);
}

const sameKey = (shape: Shape): string => shape.keys.map((name, index) => `t.${name} = l.key${index}`).join(' AND ');

function openTable(db: Database, shape: Shape, path: string): TableRows {
  const { table } = shape;
  const from = `FROM temp.list_${table} l JOIN main.${table} t ON ${sameKey(shape)} WHERE l.place = ?`;
  // As arrays: in the driver's objects a column named __proto__ is lost.
  const row = db.prepare(`SELECT ${shape.nameless}, t.* ${from}`).raw() as Statement<[number], [string, ...Cell[]]>;
  const columns = row
    .columns()
    .slice(1)
    .map((one) => one.name);
  const places = db
    .prepare(`SELECT place FROM temp.list_${table} WHERE owner = ? AND place > ? ORDER BY place LIMIT ?`)
    .pluck()
    .safeIntegers(false) as Statement<[number, number, number], number>;
  const asRead = (cell: Cell, index: number, place: number): Cell =>
    typeof cell === 'string' && cell.includes('\ufffd')
      ? (bytesUnless(db, `t.${quoted(columns[index] as string)}`, from, place, cell) ?? cell)
      : cell;
  return {
    count: db.prepare(`SELECT count(*) FROM temp.list_${table}`).pluck().safeIntegers(false).get() as number,
    placesOf: (owner, after = 0, limit = -1) => reading(path, () => places.all(owner, after, limit)),
    at: (place) =>
      reading(path, () => {
        const found = row.get(place);
        if (!found) throw damagedSource(path, `a row of ${table} is found by going through it, but not by its key`);
        const [otherwise, ...cells] = found;
        const entries = cells.map((cell, index) => [columns[index], asRead(cell, index, place)] as const);
        return legacyRecord(table, Object.fromEntries(entries), otherwise);
      }),
  };
}

/** A text's bytes; undefined where they are what the driver read, which puts U+FFFD for what is no valid UTF-8. */
function bytesUnless(db: Database, column: string, from: string, place: number, read: string): Uint8Array | undefined {
  const bytes = `CAST(${column} AS BLOB)`;
  return db.prepare(`SELECT ${bytes} ${from} AND ${bytes} IS NOT CAST(? AS BLOB)`).pluck().get(place, read) as
    | Uint8Array
    | undefined;
}
