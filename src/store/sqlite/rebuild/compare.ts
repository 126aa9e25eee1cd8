import { coalesce } from '../../coalesce.js';
import type { Projection } from '../../event-store.js';
import type { Progress, RowProblem, TableComparison } from '../../maintenance.js';
import { createTable } from '../../table-definitions.js';
import { TABLE_KEYS, TABLE_NAMES, type TableName } from '../../tables.js';
import { LAYOUT } from '../layout.js';
import type { Connection } from '../open.js';
import { readHead } from '../read/log.js';
import { rowWriter } from '../rows.js';
import { statementCache } from '../statements.js';
import { changeBatches } from './batches.js';

/** So many problems of each table are told; the rest is counted. */
const TOLD = 5;

const freshName = (table: TableName): string => `temp.fresh_${table}`;

/**
 * Builds the tables of the log, or one stream's rows of them, as temporary tables and compares them with the live ones,
 * all in one read transaction: every row that is missing, unexpected or different is found. Yields its progress between
 * steps. Whoever stops in the middle must call `return`, so that the transaction ends.
 */
export function* compareTables(
  db: Connection,
  projection: Projection,
  stream: number | undefined,
): Generator<Progress, TableComparison> {
  const sql = statementCache(db);
  db.exec('BEGIN');
  try {
    const { position: head } = readHead(sql);
    for (const table of TABLE_NAMES) db.exec(createTable(LAYOUT[table], freshName(table)));
    const write = rowWriter(db, freshName);
    for (const { changes, last } of changeBatches(sql, projection, { after: 0, upTo: head, stream })) {
      write(coalesce(changes));
      yield { step: 'projecting', done: last, total: head };
    }
    const tables: TableComparison['tables'][number][] = [];
    const problems: RowProblem[] = [];
    for (const [index, table] of TABLE_NAMES.entries()) {
      yield { step: `comparing ${table}`, done: index, total: TABLE_NAMES.length };
      const { rows, count, first } = compareTable(db, table, stream);
      tables.push({ name: table, rows, problems: count });
      problems.push(...first);
    }
    return { position: head, tables, problems };
  } finally {
    db.exec('ROLLBACK');
  }
}

type Cell = string | number | null;

/** The live rows of one stream, or all. A row of `resource_history` belongs to the stream of its resource. */
function ofStream(table: TableName, stream: number | undefined): string {
  if (stream === undefined) return 'TRUE';
  return table === 'resource_history'
    ? 'resource IN (SELECT resource FROM main.resource_rows WHERE stream = :stream)'
    : 'stream = :stream';
}

function compareTable(db: Connection, table: TableName, stream: number | undefined) {
  const keys: readonly string[] = TABLE_KEYS[table];
  const all = (db.pragma(`temp.table_info(fresh_${table})`) as { name: string }[]).map(({ name }) => name);
  const columns = all.filter((column) => !keys.includes(column));
  const values = stream === undefined ? {} : { stream };
  const list = (prefix: string, names: readonly string[], as: string) =>
    names.map((name) => `${prefix}.${name} AS ${as}${name}`).join(', ');
  const sameKey = keys.map((key) => `l.${key} = f.${key}`).join(' AND ');
  const differs = columns.map((column) => `f.${column} IS NOT l.${column}`).join(' OR ') || 'FALSE';
  const live = `(SELECT * FROM main.${table} WHERE ${ofStream(table, stream)})`;
  const selected = [
    list('f', all, 'f_'),
    ...(columns.length > 0 ? [list('l', columns, 'l_')] : []),
    `l.${keys[0]} IS NULL AS missing`,
  ].join(', ');
  const wrong = `SELECT ${selected} FROM ${freshName(table)} f LEFT JOIN ${live} l ON ${sameKey}
    WHERE l.${keys[0]} IS NULL OR ${differs} ORDER BY ${keys.map((key) => `f.${key}`).join(', ')}`;
  const unexpected = `SELECT ${list('l', keys, 'f_')} FROM ${live} l
    WHERE NOT EXISTS (SELECT 1 FROM ${freshName(table)} f WHERE ${sameKey}) ORDER BY ${keys.map((key) => `l.${key}`).join(', ')}`;

  const first: RowProblem[] = [];
  let count = 0;
  const keyOf = (row: Record<string, Cell>) =>
    Object.fromEntries(keys.map((key) => [key, row[`f_${key}`] as string | number]));
  for (const row of db.prepare(wrong).iterate(values) as IterableIterator<Record<string, Cell>>) {
    if (++count > TOLD) continue;
    const column = columns.find((name) => row[`f_${name}`] !== row[`l_${name}`]);
    const about = { table, key: keyOf(row) };
    if (row.missing === 1 || column === undefined) first.push({ ...about, kind: 'missing' });
    else {
      const [expected = null, actual = null] = [row[`f_${column}`], row[`l_${column}`]];
      first.push({ ...about, kind: 'different', column, expected, actual });
    }
  }
  for (const row of db.prepare(unexpected).iterate(values) as IterableIterator<Record<string, Cell>>) {
    if (++count <= TOLD) first.push({ table, key: keyOf(row), kind: 'unexpected' });
  }
  const rows = db.prepare(`SELECT count(*) FROM ${live}`).pluck().get(values) as number;
  return { rows, count, first };
}
