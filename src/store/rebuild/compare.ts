import type { ChangeBatch } from '../change-batch.js';
import type { OnProgress, RowProblem, TableComparison } from '../maintenance.js';
import { type Eventual, type Program, wait } from '../program.js';
import { readHead } from '../read/log.js';
import type { Sql } from '../read/sql.js';
import type { RowChange } from '../row-change.js';
import { TABLE_KEYS, TABLE_NAMES, TABLES, type TableName } from '../tables.js';

/** The number of problems of each table that are reported; the others are only counted. */
const MAX_REPORTED = 5;

/** The name of a table that is built for comparison. */
export const temporaryName = (table: TableName): string => `fresh_${table}`;

/** A connection with the temporary tables of {@link temporaryName}. */
export interface ComparisonTools {
  readonly sql: Sql;
  /** The row changes of the next whole commits, of the log or of one stream; undefined at the end. */
  next(after: number, upTo: number): Eventual<ChangeBatch | undefined>;
  /** Writes to the temporary tables, each row once, in any order. */
  write(changes: readonly RowChange[]): Eventual<unknown>;
  /** Yields to other work between steps. */
  pause(): Eventual<unknown>;
}

/**
 * Inside a snapshot transaction: fills the temporary tables from the log, or with one stream's rows, and compares them with
 * the live ones. It finds every missing, unexpected and different row.
 */
export function* compareTables(
  { sql, next, write, pause }: ComparisonTools,
  stream: number | undefined,
  onProgress: OnProgress,
): Program<TableComparison> {
  const { position: head } = yield* wait(readHead(sql));
  let position = 0;
  for (let batch = yield* wait(next(0, head)); batch; batch = yield* wait(next(position, head))) {
    yield* wait(write(batch.changes));
    position = batch.last;
    onProgress({ step: 'projecting', done: position, total: head });
    yield* wait(pause());
  }
  const tables: TableComparison['tables'][number][] = [];
  const problems: RowProblem[] = [];
  for (const [index, table] of TABLE_NAMES.entries()) {
    onProgress({ step: `comparing ${table}`, done: index, total: TABLE_NAMES.length });
    yield* wait(pause());
    const { rows, count, first } = yield* compareTable(sql, table, stream);
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
    ? 'resource IN (SELECT resource FROM resource_rows WHERE stream = $1)'
    : 'stream = $1';
}

interface ComparedTable {
  readonly rows: number;
  readonly count: number;
  readonly first: readonly RowProblem[];
}

function* compareTable(sql: Sql, table: TableName, stream: number | undefined): Program<ComparedTable> {
  const keys: readonly string[] = TABLE_KEYS[table];
  const all = Object.keys(TABLES[table].columns);
  const columns = all.filter((column) => !keys.includes(column));
  const values = stream === undefined ? [] : [stream];
  const list = (prefix: string, names: readonly string[], as: string) =>
    names.map((name) => `${prefix}.${name} AS ${as}${name}`).join(', ');
  const sameKey = keys.map((key) => `l.${key} = f.${key}`).join(' AND ');
  const differs = columns.map((column) => `f.${column} IS DISTINCT FROM l.${column}`).join(' OR ') || 'FALSE';
  const live = `(SELECT * FROM ${table} WHERE ${ofStream(table, stream)}) l`;
  const selected = [
    list('f', all, 'f_'),
    ...(columns.length > 0 ? [list('l', columns, 'l_')] : []),
    `l.${keys[0]} IS NULL AS missing`,
  ].join(', ');
  const wrong = `SELECT ${selected} FROM ${temporaryName(table)} f LEFT JOIN ${live} ON ${sameKey}
    WHERE l.${keys[0]} IS NULL OR ${differs} ORDER BY ${keys.map((key) => `f.${key}`).join(', ')}`;
  const unexpected = `SELECT ${list('l', keys, 'f_')} FROM ${live}
    WHERE NOT EXISTS (SELECT 1 FROM ${temporaryName(table)} f WHERE ${sameKey})
    ORDER BY ${keys.map((key) => `l.${key}`).join(', ')}`;

  const first: RowProblem[] = [];
  let count = 0;
  const keyOf = (row: Compared) => Object.fromEntries(keys.map((key) => [key, row[`f_${key}`] as string | number]));
  for (const row of yield* wait(sql.each<Compared>(wrong, values))) {
    if (++count > MAX_REPORTED) continue;
    const column = columns.find((name) => row[`f_${name}`] !== row[`l_${name}`]);
    const about = { table, key: keyOf(row) };
    if (row.missing || column === undefined) first.push({ ...about, kind: 'missing' });
    else {
      const [expected = null, actual = null] = [row[`f_${column}`] as Cell, row[`l_${column}`] as Cell];
      first.push({ ...about, kind: 'different', column, expected, actual });
    }
  }
  for (const row of yield* wait(sql.each<Compared>(unexpected, values))) {
    if (++count <= MAX_REPORTED) first.push({ table, key: keyOf(row), kind: 'unexpected' });
  }
  const counted = yield* wait(sql.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${live}`, values));
  return { rows: counted?.rows ?? 0, count, first };
}
