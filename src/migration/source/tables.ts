import type { Database, Statement } from 'better-sqlite3';
import { pause } from '../../lib/pause.js';
import type { OnProgress } from '../../store/maintenance.js';
import type { OpenSource } from './open-source.js';
import { damagedSource, notLegacy, reading } from './source-errors.js';

/** A cell as SQLite stores it; integers with all digits. Invalid UTF-8 text is returned as bytes. */
export type Cell = null | bigint | number | string | Uint8Array;

/** All columns of a row, including unknown ones. A column named `__proto__` is an ordinary one. */
export type LegacyRow = Readonly<Record<string, Cell>>;

/** The tables with rows of a workflow besides its own row. */
export const PARTS = ['resources', 'outputs', 'versions', 'tags', 'drift', 'activity', 'locks'] as const;
export type Part = (typeof PARTS)[number];

interface Description {
  /** The kind of row. */
  readonly part?: Part;
  /** The column with the workflow's id; for locks, its id or its name. */
  readonly owner?: 'workflow_id' | 'name';
  /** The columns that identify a row without an `id` in reports. */
  readonly namedBy?: readonly string[];
}

/** The legacy tables. A table comes after those that it refers to. */
const DESCRIPTIONS = {
  workflow_states: {},
  workflow_resources: { part: 'resources', owner: 'workflow_id' },
  workflow_outputs: { part: 'outputs', owner: 'workflow_id', namedBy: ['workflow_id', 'key'] },
  state_versions: { part: 'versions', owner: 'workflow_id' },
  drift_detections: { part: 'drift', owner: 'workflow_id' },
  workflow_tags: { part: 'tags', owner: 'workflow_id', namedBy: ['workflow_id', 'tag'] },
  workflow_activity: { part: 'activity', owner: 'workflow_id' },
  locks: { part: 'locks', owner: 'name', namedBy: ['name'] },
  state: { part: 'outputs', namedBy: ['key'] },
} satisfies Record<string, Description>;

export type LegacyTable = keyof typeof DESCRIPTIONS;
export const LEGACY_TABLES = Object.keys(DESCRIPTIONS) as readonly LegacyTable[];

export const descriptionOf = (table: LegacyTable): Description => DESCRIPTIONS[table];

/** A row, and its identifier in reports. */
export interface LegacyRecord {
  readonly table: LegacyTable;
  /** `id`; of outputs `workflow_id/key`, of tags `workflow_id/tag`, of state `key`, of locks `name`; else `rowid N`. */
  readonly id: string;
  readonly row: LegacyRow;
}

/** The owner of rows that belong to no workflow. */
export const NOBODY = 0;

/** The rows of a table. */
export interface TableRows {
  readonly count: number;
  /**
   * An owner's rows in order. Each is read on demand, and other rows may be read in between.
   * @param owner the number of a workflow in its table, from 1 on, or NOBODY
   */
  of(owner: number): Iterable<LegacyRecord>;
}

/** A table as it is in the database. */
interface Shape {
  readonly table: LegacyTable;
  readonly columns: readonly string[];
  /** The SQL that finds a row: its rowid or, in a table WITHOUT ROWID, the columns of its primary key. */
  readonly keys: readonly string[];
  /** The SQL of the identifier of a row without an id. */
  readonly nameless: string;
}

const FOUND = "SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE";
const COLUMNS = "SELECT name FROM pragma_table_xinfo(?, 'main') ORDER BY cid";
const PRIMARY_KEY = "SELECT name FROM pragma_table_xinfo(?, 'main') WHERE pk > 0 ORDER BY pk";

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Finds the legacy tables and lists the number, the owner and the key of every row in temporary tables: the legacy tables
 * have no index on `workflow_id`, so reading each workflow's rows directly would scan everything each time. The lists
 * contain no values. Later every row is read separately, so that the caller may wait between two of them.
 * @throws InvalidInputError `NOT_A_LEGACY_DATABASE`
 */
export async function findTables(
  { db, path }: OpenSource,
  onProgress?: OnProgress,
): Promise<ReadonlyMap<LegacyTable, TableRows>> {
  const shapes = reading(path, () => LEGACY_TABLES.flatMap((table) => shapeOf(db, table, path) ?? []));
  if (shapes[0]?.table !== 'workflow_states') throw notLegacy(path, 'there is no table workflow_states in it');
  const tables = new Map<LegacyTable, TableRows>();
  for (const shape of shapes) {
    onProgress?.({ step: 'listing', done: tables.size, total: shapes.length });
    await pause();
    const rows = reading(path, () => {
      listRows(db, shape);
      return openTable(db, shape, path);
    });
    tables.set(shape.table, rows);
  }
  return tables;
}

function shapeOf(db: Database, table: LegacyTable, path: string): Shape | undefined {
  const found = db.prepare(FOUND).get(table) as { type: string; wr: bigint } | undefined;
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

/** A column of the table as SQL; NULL if the table does not have it. */
const column = ({ columns }: Shape, name: string): string =>
  columns.some((one) => one.toLowerCase() === name) ? `t.${quoted(name)}` : 'NULL';

/** A temporary table with the number, owner and key of every row. */
function listRows(db: Database, shape: Shape): void {
  const { table, keys } = shape;
  const key = keys.map((name) => `t.${name}`);
  const isWorkflow = table === 'workflow_states';
  const order = isWorkflow ? [`${column(shape, 'created_at')} COLLATE BINARY`, ...key] : key;
  db.exec(`
CREATE TEMP TABLE list_${table} (place INTEGER PRIMARY KEY, owner INTEGER NOT NULL, ${key.map((_, index) => `key${index}`).join(', ')});
INSERT INTO temp.list_${table}
SELECT row_number() OVER (ORDER BY ${order.join(', ')}), ${ownerOf(shape)}, ${key.join(', ')} FROM main.${table} t;
CREATE INDEX temp.owner_${table} ON list_${table} (owner)`);
  if (!isWorkflow) return;
  listWorkflows(db, shape, 'id');
  listWorkflows(db, shape, 'name');
}

/** The SQL for the number of the workflow that a row belongs to. */
function ownerOf(shape: Shape): string {
  const { owner } = descriptionOf(shape.table);
  if (!owner) return `${NOBODY}`;
  const place = (by: 'id' | 'name') =>
    `(SELECT place FROM temp.workflow_${by} WHERE text = CAST(${column(shape, owner)} AS TEXT))`;
  return `coalesce(${place('id')}, ${owner === 'name' ? place('name') : 'NULL'}, ${NOBODY})`;
}

/** Every id or name of a workflow as text, with the number of the first that has it. */
function listWorkflows(db: Database, shape: Shape, by: 'id' | 'name'): void {
  const text = `CAST(${column(shape, by)} AS TEXT) COLLATE BINARY`;
  db.exec(`
CREATE TEMP TABLE workflow_${by} (text TEXT PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO temp.workflow_${by}
SELECT ${text}, min(l.place) FROM temp.list_workflow_states l JOIN main.workflow_states t ON ${sameKey(shape)}
WHERE ${column(shape, by)} IS NOT NULL GROUP BY 1`);
}

const sameKey = (shape: Shape): string => shape.keys.map((name, index) => `t.${name} = l.key${index}`).join(' AND ');

function openTable(db: Database, shape: Shape, path: string): TableRows {
  const { table, keys, nameless } = shape;
  const row = `FROM temp.list_${table} l LEFT JOIN main.${table} t ON ${sameKey(shape)}`;
  // As arrays, because the driver's objects lose a column named __proto__.
  const next = db
    .prepare(
      `SELECT l.place, t.${keys[0]} IS NULL, ${nameless}, t.* ${row} WHERE l.owner = ? AND l.place > ? ORDER BY l.place LIMIT 1`,
    )
    .raw() as Statement<[number, bigint], [place: bigint, isMissing: bigint, nameless: string, ...Cell[]]>;
  const [, , , ...columns] = next.columns().map(({ name }) => name);
  /** The driver replaces invalid UTF-8 with U+FFFD. */
  const asHeld = (cell: Cell, name: string, place: bigint): Cell => {
    if (typeof cell !== 'string' || !cell.includes('\ufffd')) return cell;
    const bytes = `CAST(t.${quoted(name)} AS BLOB)`;
    const differs = db.prepare(`SELECT ${bytes} ${row} WHERE l.place = ? AND ${bytes} IS NOT CAST(? AS BLOB)`).pluck();
    return (differs.get(place, cell) as Uint8Array | undefined) ?? cell;
  };
  const after = (owner: number, last: bigint) =>
    reading(path, () => {
      const found = next.get(owner, last);
      if (!found) return undefined;
      const [place, isMissing, name, ...cells] = found;
      if (isMissing) throw damagedSource(path, `a row of ${table} is found by going through it, but not by its key`);
      const entries = columns.map((key, index) => [key, asHeld(cells[index] as Cell, key, place)] as const);
      return { place, record: recordOf(table, Object.fromEntries(entries), name) };
    });
  return {
    count: db.prepare(`SELECT count(*) FROM temp.list_${table}`).pluck().safeIntegers(false).get() as number,
    *of(owner) {
      for (let found = after(owner, 0n); found; found = after(owner, found.place)) yield found.record;
    },
  };
}

/** @param nameless identifies a row whose naming columns are NULL or missing */
function recordOf(table: LegacyTable, row: LegacyRow, nameless: string): LegacyRecord {
  const name = ([['id'], descriptionOf(table).namedBy ?? []] as const)
    .map((columns) => columns.map((one) => (Object.hasOwn(row, one) ? (row[one] as Cell) : null)))
    .find((cells) => cells.length > 0 && !cells.includes(null));
  return { table, id: name?.map(spelled).join('/') ?? nameless, row };
}

/** Bytes as SQLite writes them: `x'00ff'`. */
const spelled = (cell: Cell): string =>
  cell instanceof Uint8Array ? `x'${Buffer.from(cell).toString('hex')}'` : String(cell);
