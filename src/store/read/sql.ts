import type { StoredData } from '../../events/index.js';
import type { Eventual } from '../program.js';
import type { TableName } from '../tables.js';

/** One statement, with its values for the places `$1`, `$2`, …: the same text for both databases, or one for each. */
export type Text = string | { readonly sqlite: string; readonly postgres: string };

/**
 * Runs statements on a connection and returns their rows, synchronously or as a promise. A value may be a list of texts or
 * numbers.
 */
export interface Sql {
  readonly dialect: 'sqlite' | 'postgres';
  all<Row>(text: Text, values?: readonly unknown[]): Eventual<Row[]>;
  get<Row>(text: Text, values?: readonly unknown[]): Eventual<Row | undefined>;
  /** The same rows, as an iterable that may be read once and need not be in memory at once. */
  each<Row>(text: Text, values?: readonly unknown[]): Eventual<Iterable<Row>>;
  /** The values of a list of pairs, for the last places of a statement. See {@link Dialect.pairs}. */
  pairs(list: readonly (readonly [string, string])[]): readonly unknown[];
}

/** SQL that differs between the two databases. */
interface Dialect {
  /** Precedes a table that is joined to the rows of a list: SQLite keeps the order of a CROSS JOIN. */
  readonly join: string;
  /** The items `k.value` of a list. */
  keys(list: ListPlace): string;
  /** The items `k.one` and `k.other` of a list of pairs, whose values start at this place. */
  pairs(place: number): string;
  /**
   * The rows `r` for a list of keys `k.value`, each found by an index.
   * @param where the condition that finds the rows of one key
   */
  byKey(list: ListPlace, table: TableName, where: string): string;
  /**
   * Joins the event `e` that holds a value at a version: that of the row with the largest version not above it. There is no
   * row if the value did not exist or had ended.
   * @param key the condition that finds the rows of a history
   * @param ends whether rows of this history can end a value
   */
  valueAt(history: TableName, key: string, version: string, ends?: boolean): string;
  /** The first row of the first statement that returns any. */
  inOrder(statements: readonly string[]): string;
}
type ListPlace = `$${number}::${'text' | 'bigint'}[]`;

const SQLITE: Dialect = {
  join: 'CROSS JOIN',
  keys: (list) => `json_each(${list.replace(/::.*/, '')}) k`,
  pairs: (place) => `(SELECT value ->> 0 AS one, value ->> 1 AS other FROM json_each($${place})) k`,
  byKey: (list, table, where) => `${SQLITE.keys(list)} CROSS JOIN ${table} r ON ${where}`,
  valueAt: (history, key, version, ends = true) => `
CROSS JOIN events e ON e.position = (
  SELECT ${ends ? 'CASE present WHEN 1 THEN position END' : 'position'} FROM ${history}
  WHERE ${key} AND version <= ${version} ORDER BY version DESC LIMIT 1)`,
  inOrder: (statements) => `${statements.join(' UNION ALL ')} LIMIT 1`,
};

/**
 * With `= ANY ($2)`, a server without statistics reads all rows of a stack and scans the list for each of them; OFFSET 0
 * prevents that plan (docs/adr/0020).
 */
const POSTGRES: Dialect = {
  join: 'JOIN',
  keys: (list) => `unnest(${list}) k (value)`,
  pairs: (place) => `unnest($${place}::text[], $${place + 1}::text[]) k (one, other)`,
  byKey: (list, table, where) =>
    `${POSTGRES.keys(list)} CROSS JOIN LATERAL (SELECT * FROM ${table} r WHERE ${where} OFFSET 0) r`,
  valueAt: (history, key, version, ends = true) => `
JOIN LATERAL (SELECT * FROM ${history} WHERE ${key} AND version <= ${version} ORDER BY version DESC LIMIT 1) h
  ON ${ends ? 'h.present = 1' : 'TRUE'}
JOIN events e ON e.position = h.position`,
  inOrder: (statements) =>
    `${statements.map((one, place) => `SELECT *, ${place} AS choice FROM (${one}) c${place}`).join(' UNION ALL ')}
ORDER BY choice LIMIT 1`,
};

/** Writes a statement in both dialects. */
export const inBoth = (write: (dialect: Dialect) => string) => ({
  sqlite: write(SQLITE),
  postgres: write(POSTGRES),
});

/** The columns of an event `e` from which its data is read (`StoredData`), under names that no table has. */
export const DATA = 'e.type AS "eventType", e.schema_version AS "schemaVersion", e.data';

/** The data of a row, from an outer join with its event. */
export type MaybeData = StoredData | { readonly data: null };

export const dataOf = (row: MaybeData): StoredData | null => (row.data === null ? null : row);

/** A LIMIT without effect, and a version above all others. */
export const ALL = Number.MAX_SAFE_INTEGER;

/** Continues with a result when it is available. */
export const mapResult = <T, R>(result: Eventual<T>, next: (result: T) => R): Eventual<R> =>
  result instanceof Promise ? result.then(next) : next(result);

/** The first row as a record. */
export const first = <Row, T>(
  sql: Sql,
  text: Text,
  values: readonly unknown[],
  toRecord: (row: Row) => T,
): Eventual<T | undefined> => mapResult(sql.get<Row>(text, values), (row) => row && toRecord(row));

/** All rows as records. */
export const list = <Row, T>(
  sql: Sql,
  text: Text,
  values: readonly unknown[],
  toRecord: (row: Row) => T,
): Eventual<T[]> => mapResult(sql.all<Row>(text, values), (rows) => rows.map((row) => toRecord(row)));
