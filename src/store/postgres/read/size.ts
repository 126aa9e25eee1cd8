import type { Measured, Size } from '../../event-store.js';
import type { Sql } from '../sql.js';

/** The length of a value is kept beside it: a document of megabytes is not read for it. */
const total = (positions: string): string => `
SELECT count(*) AS rows, coalesce(sum(octet_length(e.data)), 0) AS bytes
FROM (${positions}) p LEFT JOIN events e ON e.position = p.position`;

const STACKS = 'SELECT count(*) AS rows, 0 AS bytes FROM (SELECT FROM stack_rows LIMIT $1) s';
const LOG = total('SELECT position FROM events LIMIT $1');
const EVENTS = total('SELECT position FROM events WHERE stream = $2 LIMIT $1');
/** The data of a dependency is that of its resource. */
const STATE = total(`
(SELECT position FROM resource_rows WHERE stream = $2 AND position IS NOT NULL LIMIT $1)
UNION ALL (SELECT position FROM output_rows WHERE stream = $2 LIMIT $1)
UNION ALL (SELECT NULL FROM dependency_rows WHERE stream = $2 LIMIT $1)
UNION ALL SELECT document FROM stack_rows WHERE stream = $2
UNION ALL SELECT finished FROM stack_rows WHERE stream = $2`);

export async function readSize(sql: Sql, of: Measured, most: number): Promise<Size> {
  const rows = most + 1;
  const [text, values] =
    of === 'stacks'
      ? [STACKS, [rows]]
      : of === 'events'
        ? [LOG, [rows]]
        : [of.part === 'state' ? STATE : EVENTS, [rows, of.stream]];
  const found = (await sql.get<Record<keyof Size, string | number>>(text, values)) as Record<keyof Size, string>;
  return { rows: Number(found.rows), bytes: Number(found.bytes) };
}
