import type { Measured, Size } from '../../event-store.js';
import type { Statements } from '../statements.js';

/** The length of a value is in the head of its row: a document of megabytes is not read for it. */
const total = (positions: string): string => `
SELECT count(*) AS rows, coalesce(sum(octet_length(e.data)), 0) AS bytes
FROM (${positions}) p LEFT JOIN events e ON e.position = p.position`;
const some = (rows: string): string => `SELECT * FROM (${rows} LIMIT :rows)`;

const STACKS = 'SELECT count(*) AS rows, 0 AS bytes FROM (SELECT 1 FROM stack_rows LIMIT :rows)';
const LOG = total('SELECT position FROM events LIMIT :rows');
const EVENTS = total('SELECT position FROM events WHERE stream = :stream LIMIT :rows');
/** The data of a dependency is that of its resource. */
const STATE = total(`
${some('SELECT position FROM resource_rows WHERE stream = :stream AND position IS NOT NULL')}
UNION ALL ${some('SELECT position FROM output_rows WHERE stream = :stream')}
UNION ALL ${some('SELECT NULL FROM dependency_rows WHERE stream = :stream')}
UNION ALL SELECT document FROM stack_rows WHERE stream = :stream
UNION ALL SELECT finished FROM stack_rows WHERE stream = :stream`);

export function readSize(sql: Statements, of: Measured, most: number): Size {
  const rows = most + 1;
  if (of === 'stacks') return sql(STACKS).get({ rows }) as Size;
  if (of === 'events') return sql(LOG).get({ rows }) as Size;
  return sql(of.part === 'state' ? STATE : EVENTS).get({ rows, stream: of.stream }) as Size;
}
