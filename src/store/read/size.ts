import type { Measured, Size } from '../event-store.js';
import type { Eventual } from '../program.js';
import { mapResult, type Sql } from './sql.js';

/** The length of a value is stored beside it, so a document of megabytes is not read. */
const total = (positions: string): string => `
SELECT count(*) AS rows, coalesce(sum(octet_length(e.data)), 0) AS bytes
FROM (${positions}) p LEFT JOIN events e ON e.position = p.position`;
const some = (rows: string): string => `SELECT * FROM (${rows} LIMIT $1) part`;

const STACKS = 'SELECT count(*) AS rows, 0 AS bytes FROM (SELECT 1 FROM stack_rows LIMIT $1) s';
const LOG = total('SELECT position FROM events LIMIT $1');
const EVENTS = total('SELECT position FROM events WHERE stream = $2 LIMIT $1');
/** The data of a dependency are those of its resource. */
const STATE = total(`
${some('SELECT position FROM resource_rows WHERE stream = $2 AND position IS NOT NULL')}
UNION ALL ${some('SELECT position FROM output_rows WHERE stream = $2')}
UNION ALL ${some('SELECT CAST(NULL AS BIGINT) FROM dependency_rows WHERE stream = $2')}
UNION ALL SELECT document FROM stack_rows WHERE stream = $2
UNION ALL SELECT finished FROM stack_rows WHERE stream = $2`);

export function readSize(sql: Sql, of: Measured, most: number): Eventual<Size> {
  const rows = most + 1;
  const found =
    of === 'stacks'
      ? sql.get<Size>(STACKS, [rows])
      : of === 'events'
        ? sql.get<Size>(LOG, [rows])
        : sql.get<Size>(of.part === 'state' ? STATE : EVENTS, [rows, of.stream]);
  // PostgreSQL returns a sum as text.
  return mapResult(found, (size) => ({ rows: Number(size?.rows), bytes: Number(size?.bytes) }));
}
