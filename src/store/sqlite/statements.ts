import type { RunResult, Statement } from 'better-sqlite3';
import type { Sql, Text } from '../read/sql.js';
import type { Connection } from './open.js';

type Rows = Statement<unknown[], unknown[]>;

/** A prepared statement. A text is asked for either by rows or by one of `pluck` and `raw`, always. */
export interface Prepared {
  run(...values: unknown[]): RunResult;
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  iterate(...values: unknown[]): IterableIterator<unknown>;
  /** Gives the first column instead of a row. */
  pluck(): Statement;
  /** Gives a row's columns as an array. */
  raw(): Rows;
}

/** Gives the prepared statement of a text, prepared when it is first asked for and kept for the connection's life. */
export interface Statements extends Sql {
  (sql: string): Prepared;
}

/** A statement that names the places of its values, and which value belongs to each `?` of the one that is prepared. */
interface Placed {
  readonly statement: Prepared;
  readonly order: readonly number[];
}

export function statementCache(db: Connection): Statements {
  const cache = new Map<string, Prepared>();
  const placed = new Map<string, Placed>();
  const prepare = (sql: string): Prepared => {
    let statement = cache.get(sql);
    if (!statement) cache.set(sql, (statement = prepared(db.prepare(sql))));
    return statement;
  };
  const find = (text: Text): Placed => {
    const sql = typeof text === 'string' ? text : text.sqlite;
    let known = placed.get(sql);
    if (!known) placed.set(sql, (known = withPlaces(sql, prepare)));
    return known;
  };
  const reader: Sql = {
    dialect: 'sqlite',
    all: <Row>(text: Text, values: readonly unknown[] = []) => {
      const { statement, order } = find(text);
      return statement.all(...bound(order, values)) as Row[];
    },
    get: <Row>(text: Text, values: readonly unknown[] = []) => {
      const { statement, order } = find(text);
      return statement.get(...bound(order, values)) as Row | undefined;
    },
    each: <Row>(text: Text, values: readonly unknown[] = []) => {
      const { statement, order } = find(text);
      return statement.iterate(...bound(order, values)) as IterableIterator<Row>;
    },
    pairs: (list) => [list],
  };
  return Object.assign(prepare, reader);
}

function withPlaces(sql: string, prepare: (sql: string) => Prepared): Placed {
  const order: number[] = [];
  const text = sql.replace(/\$(\d+)/g, (_, place: string) => {
    order.push(Number(place) - 1);
    return '?';
  });
  return { statement: prepare(text), order };
}

function bound(order: readonly number[], values: readonly unknown[]): unknown[] {
  const plain = values.map(toSqlite);
  return order.map((at) => plain[at]);
}

/** SQLite has no lists, which are JSON, and no truth values, which are 0 and 1. */
function toSqlite(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return Array.isArray(value) ? JSON.stringify(value) : value;
}

/**
 * Rows come as arrays and are named here: the driver makes the name of every column anew for every row, which takes as long
 * as the row.
 */
function prepared(statement: Statement): Prepared {
  let known: { readonly named: ReturnType<typeof naming>; readonly rows: Rows } | undefined;
  const asRows = () =>
    (known ??= { named: naming(statement.columns().map(({ name }) => name)), rows: statement.raw() as Rows });
  return {
    run: (...values) => statement.run(...values),
    get: (...values) => {
      const { named, rows } = asRows();
      const row = rows.get(...values);
      return row && named(row);
    },
    all: (...values) => {
      const { named, rows } = asRows();
      return rows.all(...values).map(named);
    },
    *iterate(...values) {
      const { named, rows } = asRows();
      for (const row of rows.iterate(...values)) yield named(row);
    },
    pluck: () => statement.pluck(),
    raw: () => statement.raw() as Rows,
  };
}

/**
 * Makes an object of a row by a literal with its columns: a tenth of the time that setting them one by one takes. Columns are
 * named by our own statements.
 */
const naming = (columns: readonly string[]) =>
  new Function('row', `return {${columns.map((name, at) => `${JSON.stringify(name)}: row[${at}]`).join(', ')}}`) as (
    row: readonly unknown[],
  ) => unknown;
