import type { Database } from 'better-sqlite3';
import { createIndex, createTable } from '../table-definitions.js';
import { TABLE_NAMES, type TableName } from '../tables.js';
import { LAYOUT } from './layout.js';

/** The name of a table or of its index while it is built beside the live one. */
export const shadowName = (name: string): string => `rebuild_${name}`;

interface Named {
  readonly type: 'table' | 'index';
  readonly table: TableName;
  readonly name: string;
  readonly sql: string;
}

interface Renamed {
  readonly former: Pick<Named, 'name' | 'sql'>;
  readonly wanted: Named;
}

/**
 * Every name and text that a rebuild of this or an earlier release leaves for a table or an index. SQLite quotes the new
 * name of a renamed table, also in the table's indexes, and cannot rename an index; earlier releases appended `_2` in every
 * other rebuild.
 */
const RENAMED: readonly Renamed[] = TABLE_NAMES.flatMap((table) => {
  const layout = LAYOUT[table];
  const quoted = `"${table}"`;
  return [
    {
      former: { name: table as string, sql: createTable(layout, quoted) },
      wanted: { type: 'table' as const, table, name: table, sql: createTable(layout, table) },
    },
    ...layout.indexes.flatMap((index) =>
      [index.name, `${index.name}_2`, shadowName(index.name)].map((name) => ({
        former: { name, sql: createIndex(index, name, quoted) },
        wanted: { type: 'index' as const, table, name: index.name, sql: createIndex(index, index.name, table) },
      })),
    ),
  ];
});

const FORMER = `
SELECT 1 FROM sqlite_schema WHERE type = :type AND tbl_name = :table AND name = :formerName AND sql = :formerSql
  AND (name = :name OR NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = :name COLLATE NOCASE))`;
const RENAME = `
UPDATE sqlite_schema SET name = :name, sql = :sql
WHERE type = :type AND tbl_name = :table AND name = :formerName AND sql = :formerSql`;

/**
 * Inside a transaction: gives tables and indexes that were rebuilt the exact names and texts of a new database, so that a
 * verification can compare them. Only the spelling changes: an object that differs otherwise, or whose name is taken,
 * stays. Used at the end of a rebuild, and for files of earlier releases.
 * SQLite has no statement for it. The schema is written as https://sqlite.org/pragma.html#pragma_writable_schema describes.
 */
export function restoreSchemaText(db: Database): void {
  const find = db.prepare(FORMER);
  const renamed = RENAMED.map(({ former, wanted }) => ({ ...wanted, formerName: former.name, formerSql: former.sql }));
  const present = renamed.filter((one) => find.get(one) !== undefined);
  if (present.length === 0) return;
  db.unsafeMode(true);
  try {
    db.pragma('writable_schema = ON');
    const rename = db.prepare(RENAME);
    for (const one of present) rename.run(one);
    // Makes other connections reload the schema.
    db.pragma(`schema_version = ${(db.pragma('schema_version', { simple: true }) as number) + 1}`);
  } finally {
    db.pragma('writable_schema = RESET');
    db.unsafeMode(false);
  }
}
