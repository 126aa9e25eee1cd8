import { createIndex, createTable } from '../../table-definitions.js';
import type { TableName } from '../../tables.js';
import { LAYOUT } from '../layout.js';
import type { Connection } from '../open.js';
import { restoreSchemaText, shadowName } from '../schema-text.js';

const HAS_INDEX = "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?";

interface ShadowIndex {
  readonly name: string;
  readonly statement: string;
}

const indexesOf = (tables: readonly TableName[]): ShadowIndex[] =>
  tables.flatMap((table) =>
    LAYOUT[table].indexes.map((index) => {
      const name = shadowName(index.name);
      return { name, statement: createIndex(index, name, shadowName(table)) };
    }),
  );

/** The indexes that the shadow tables still need. */
export function missingIndexes(db: Connection, tables: readonly TableName[]): ShadowIndex[] {
  const has = db.prepare(HAS_INDEX);
  return indexesOf(tables).filter(({ name }) => has.get(name) === undefined);
}

/** Whether the shadow tables have an index; if so, rows must be written in log order. */
export const isIndexed = (db: Connection, tables: readonly TableName[]): boolean =>
  missingIndexes(db, tables).length < indexesOf(tables).length;

/** Inside a transaction: creates empty shadow tables and removes earlier ones. */
export function createShadows(db: Connection, tables: readonly TableName[]): void {
  for (const table of tables) {
    db.exec(`DROP TABLE IF EXISTS ${shadowName(table)}`);
    db.exec(createTable(LAYOUT[table], shadowName(table)));
  }
}

const SHADOWS = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'rebuild_*'";

/** Inside a transaction: removes everything that a rebuild left. */
export function dropShadows(db: Connection): void {
  for (const name of db.prepare(SHADOWS).pluck().all() as string[]) db.exec(`DROP TABLE ${name}`);
}

/**
 * Inside a transaction: the shadow tables become the live tables, with the names and texts of a new database. The views
 * stay and read the new tables from then on; with `legacy_alter_table` SQLite neither rewrites nor checks them while one of
 * their tables is missing.
 */
export function swapShadows(db: Connection, tables: readonly TableName[]): void {
  db.pragma('legacy_alter_table = ON');
  try {
    for (const table of tables) {
      db.exec(`DROP TABLE ${table}`);
      db.exec(`ALTER TABLE ${shadowName(table)} RENAME TO ${table}`);
    }
  } finally {
    db.pragma('legacy_alter_table = OFF');
  }
  restoreSchemaText(db);
}
