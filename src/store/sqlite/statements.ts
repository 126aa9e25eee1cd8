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
  let names: readonly string[] = [];
  let rows: Rows | undefined;
  const asRows = (): Rows => {
    if (rows) return rows;
    names = statement.columns().map(({ name }) => name);
    return (rows = statement.raw() as Rows);
  };
  const named = (values: readonly unknown[]): unknown => {
    const row: Record<string, unknown> = {};
    for (let column = 0; column < names.length; column++) row[names[column] as string] = values[column];
    return row;
  };
  return {
    run: (...values) => statement.run(...values),
    get: (...values) => {
      const row = asRows().get(...values);
      return row && named(row);
    },
    all: (...values) =>
      asRows()
        .all(...values)
        .map(named),
    *iterate(...values) {
      for (const row of asRows().iterate(...values)) yield named(row);
    },
    pluck: () => statement.pluck(),
    raw: () => statement.raw() as Rows,
  };
}
