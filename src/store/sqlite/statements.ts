import type { RunResult, Statement } from 'better-sqlite3';
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
export type Statements = (sql: string) => Prepared;

export function statementCache(db: Connection): Statements {
  const cache = new Map<string, Prepared>();
  return (sql) => {
    let statement = cache.get(sql);
    if (!statement) cache.set(sql, (statement = prepared(db.prepare(sql))));
    return statement;
  };
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
