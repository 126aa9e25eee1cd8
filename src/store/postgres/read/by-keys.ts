import type { TableName } from '../../tables.js';

/**
 * The rows `r` of a table that a list of keys names, each key (`k.key`) looked up by an index. Left to choose
 * (`= ANY ($2)`), a server that has no statistics yet reads all rows of a stack and goes through the list for each of them;
 * OFFSET 0 leaves it no choice (docs/adr/0020).
 * @param keys the parameter, with its type
 * @param where what finds the rows of one key
 */
export const rowsByKey = (keys: `$${number}::${'text' | 'bigint'}[]`, table: TableName, where: string): string =>
  `unnest(${keys}) k (key) CROSS JOIN LATERAL (SELECT * FROM ${table} WHERE ${where} OFFSET 0) r`;
