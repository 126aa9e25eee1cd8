import type pg from 'pg';
import type { Projection } from '../../event-store.js';
import type { OnProgress, RowProblem, TableComparison } from '../../maintenance.js';
import { createTable, TABLE_DEFINITIONS } from '../../table-definitions.js';
import { TABLE_KEYS, TABLE_NAMES, type TableName } from '../../tables.js';
import { readHead } from '../read/log.js';
import { COLUMNS, statementsInAnyOrder } from '../rows.js';
import { inPostgres } from '../schema.js';
import { runEach, type Sql, sqlOn } from '../sql.js';
import { changeBatches } from './batches.js';

/** So many problems of each table are told; the rest is counted. */
const TOLD = 5;

const freshName = (table: TableName): string => `fresh_${table}`;

/**
 * Inside a transaction that sees one moment: builds the tables of the log, or one stream's rows of them, as temporary
 * tables and compares them with the live ones. Every row that is missing, unexpected or different is found.
 */
export async function compareTables(
  client: pg.ClientBase,
  projection: Projection,
  stream: number | undefined,
  onProgress: OnProgress,
): Promise<TableComparison> {
  const sql = sqlOn(client);
  const { position: head } = await readHead(sql);
  for (const table of TABLE_NAMES) {
    const create = inPostgres(createTable(TABLE_DEFINITIONS[table], freshName(table)));
    await client.query(`${create.replace('CREATE TABLE', 'CREATE TEMP TABLE')} ON COMMIT DROP`);
  }
  for await (const { changes, last } of changeBatches(sql, projection, { after: 0, upTo: head, stream })) {
    await runEach(sql, statementsInAnyOrder(changes, freshName));
    onProgress({ step: 'projecting', done: last, total: head });
  }
  const tables: TableComparison['tables'][number][] = [];
  const problems: RowProblem[] = [];
  for (const [index, table] of TABLE_NAMES.entries()) {
    onProgress({ step: `comparing ${table}`, done: index, total: TABLE_NAMES.length });
    const { rows, count, first } = await compareTable(sql, table, stream);
    tables.push({ name: table, rows, problems: count });
    problems.push(...first);
  }
  return { position: head, tables, problems };
}

type Cell = string | number | null;
type Compared = Record<string, Cell | boolean>;

/** The live rows of one stream, or all. A row of `resource_history` belongs to the stream of its resource. */
function ofStream(table: TableName, stream: number | undefined): string {
  if (stream === undefined) return 'TRUE';
  return table === 'resource_history'
    ? `resource IN (SELECT resource FROM resource_rows WHERE stream = ${stream})`
    : `stream = ${stream}`;
}

async function compareTable(sql: Sql, table: TableName, stream: number | undefined) {
  const keys: readonly string[] = TABLE_KEYS[table];
  const all = COLUMNS[table].map(({ name }) => name);
  const columns = all.filter((column) => !keys.includes(column));
  const list = (prefix: string, names: readonly string[], as: string) =>
    names.map((name) => `${prefix}.${name} AS ${as}${name}`).join(', ');
  const sameKey = keys.map((key) => `l.${key} = f.${key}`).join(' AND ');
  const differs = columns.map((column) => `f.${column} IS DISTINCT FROM l.${column}`).join(' OR ') || 'FALSE';
  const live = `(SELECT * FROM ${table} WHERE ${ofStream(table, stream)})`;
  const selected = [
    list('f', all, 'f_'),
    ...(columns.length > 0 ? [list('l', columns, 'l_')] : []),
    `l.${keys[0]} IS NULL AS missing`,
  ].join(', ');
  const wrong = await sql.all<Compared>(`SELECT ${selected} FROM ${freshName(table)} f LEFT JOIN ${live} l ON ${sameKey}
    WHERE l.${keys[0]} IS NULL OR ${differs} ORDER BY ${keys.map((key) => `f.${key}`).join(', ')}`);
  const unexpected = await sql.all<Compared>(`SELECT ${list('l', keys, 'f_')} FROM ${live} l
    WHERE NOT EXISTS (SELECT 1 FROM ${freshName(table)} f WHERE ${sameKey})
    ORDER BY ${keys.map((key) => `l.${key}`).join(', ')}`);

  const keyOf = (row: Compared) => Object.fromEntries(keys.map((key) => [key, row[`f_${key}`] as string | number]));
  const first = [
    ...wrong.map((row): RowProblem => {
      const about = { table, key: keyOf(row) };
      const column = columns.find((name) => row[`f_${name}`] !== row[`l_${name}`]);
      if (row.missing === true || column === undefined) return { ...about, kind: 'missing' };
      const [expected = null, actual = null] = [row[`f_${column}`] as Cell, row[`l_${column}`] as Cell];
      return { ...about, kind: 'different', column, expected, actual };
    }),
    ...unexpected.map((row): RowProblem => ({ table, key: keyOf(row), kind: 'unexpected' })),
  ];
  const counted = await sql.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${live} l`);
  return { rows: counted?.rows ?? 0, count: first.length, first: first.slice(0, TOLD) };
}
