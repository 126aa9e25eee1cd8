import { createIndex, createTable } from '../../table-definitions.js';
import type { TableName } from '../../tables.js';
import { LAYOUT } from '../layout.js';
import type { Connection } from '../open.js';

/** What a table is called while it is built beside the live one. */
export const shadowName = (table: TableName): string => `rebuild_${table}`;

const INDEX = "SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND name = ?";
const tableOfIndex = (db: Connection, index: string): string | undefined =>
  db.prepare(INDEX).pluck().get(index) as string | undefined;

/** An index cannot be renamed, so a table's indexes go by two names in turn. */
export const otherName = (index: string): string => `${index}_2`;

interface ShadowIndex {
  readonly name: string;
  readonly statement: string;
}

/** The indexes the shadow of a table still lacks, under the names the live table does not use. */
function lackingIndexes(db: Connection, table: TableName): ShadowIndex[] {
  return LAYOUT[table].indexes.flatMap((index) => {
    const name = tableOfIndex(db, index.name) === table ? otherName(index.name) : index.name;
    if (tableOfIndex(db, name) !== undefined) return [];
    return [{ name, statement: createIndex(index, name, shadowName(table)) }];
  });
}

export const lacking = (db: Connection, tables: readonly TableName[]): ShadowIndex[] =>
  tables.flatMap((table) => lackingIndexes(db, table));

/** Whether a shadow has any of its unique indexes: then rows must be written in the order of the log. */
export function isIndexed(db: Connection, tables: readonly TableName[]): boolean {
  const shadows = new Set(tables.map(shadowName));
  return tables.some((table) =>
    LAYOUT[table].indexes.some(({ name }) =>
      [name, otherName(name)].some((either) => shadows.has(tableOfIndex(db, either) ?? '')),
    ),
  );
}

/** Inside a transaction: empty shadows, whatever was left of earlier ones. */
export function createShadows(db: Connection, tables: readonly TableName[]): void {
  for (const table of tables) {
    db.exec(`DROP TABLE IF EXISTS ${shadowName(table)}`);
    db.exec(createTable(LAYOUT[table], shadowName(table)));
  }
}

const SHADOWS = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'rebuild_*'";

/** Inside a transaction: nothing is left of a rebuild. */
export function dropShadows(db: Connection): void {
  for (const name of db.prepare(SHADOWS).pluck().all() as string[]) db.exec(`DROP TABLE ${name}`);
}

/**
 * Inside a transaction: the shadows become the live tables. The views stay as they are and read the new tables from then
 * on; with `legacy_alter_table` SQLite neither rewrites nor checks them while a table of theirs is missing.
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
}
