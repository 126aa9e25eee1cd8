import type pg from 'pg';
import { createIndex, createInPostgres } from '../../table-definitions.js';
import { TABLE_NAMES, TABLES, type TableName } from '../../tables.js';
import { VIEW_NAMES, VIEWS } from '../schema.js';
import { sqlOn } from '../sql.js';

/** The name of a table or of its index while it is built beside the live one. */
export const shadowName = (name: string): string => `rebuild_${name}`;

interface ShadowIndex {
  readonly name: string;
  readonly statement: string;
}

const indexesOf = (tables: readonly TableName[]): ShadowIndex[] =>
  tables.flatMap((table) =>
    TABLES[table].indexes.map((index) => ({
      name: index.name,
      statement: createIndex(index, shadowName(index.name), shadowName(table)),
    })),
  );

const THERE = `SELECT c.relname AS name FROM pg_class c WHERE c.relkind = 'i' AND c.relname = ANY ($1) AND pg_table_is_visible(c.oid)`;

/** The indexes that the shadow tables still need. */
export async function missingIndexes(client: pg.ClientBase, tables: readonly TableName[]): Promise<ShadowIndex[]> {
  const all = indexesOf(tables);
  const rows = await sqlOn(client).all<{ name: string }>(THERE, [all.map(({ name }) => shadowName(name))]);
  const there = new Set(rows.map(({ name }) => name));
  return all.filter(({ name }) => !there.has(shadowName(name)));
}

/** Whether the shadow tables have an index; if so, rows must be written in log order. */
export const isIndexed = async (client: pg.ClientBase, tables: readonly TableName[]): Promise<boolean> =>
  (await missingIndexes(client, tables)).length < indexesOf(tables).length;

/** Inside a transaction: creates empty shadow tables and removes earlier ones. */
export async function createShadows(client: pg.ClientBase, tables: readonly TableName[]): Promise<void> {
  for (const table of tables) {
    await client.query(`DROP TABLE IF EXISTS ${shadowName(table)}`);
    await client.query(createInPostgres(table, shadowName(table)));
  }
}

const SHADOWS = `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE 'rebuild\\_%'`;

/** Inside a transaction: removes everything that a rebuild left. */
export async function dropShadows(client: pg.ClientBase): Promise<void> {
  for (const { name } of await sqlOn(client).all<{ name: string }>(SHADOWS)) await client.query(`DROP TABLE ${name}`);
}

/** Inside a transaction: the shadow tables become the live tables, and the views read those from then on. */
export async function swapShadows(client: pg.ClientBase, tables: readonly TableName[]): Promise<void> {
  await client.query(`DROP VIEW ${VIEW_NAMES.join(', ')}`);
  const inOrder = TABLE_NAMES.filter((name) => tables.includes(name));
  await client.query(`LOCK TABLE ${inOrder.join(', ')} IN ACCESS EXCLUSIVE MODE`);
  for (const table of tables) {
    await client.query(`DROP TABLE ${table}`);
    await client.query(`ALTER TABLE ${shadowName(table)} RENAME TO ${table}`);
  }
  for (const { name } of indexesOf(tables)) await client.query(`ALTER INDEX ${shadowName(name)} RENAME TO ${name}`);
  await client.query(VIEWS);
}
