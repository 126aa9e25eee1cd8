import { decodeEvent, type RecordedEvent, type StoredEvent, type UnknownEvent } from '../../../events/index.js';
import { EVENT } from '../read/log.js';
import type { Sql } from '../sql.js';

/** What is read, projected and written at once. A commit is never cut: one that is larger is held whole. */
const BATCH_EVENTS = 2_000;

const LOG = `SELECT ${EVENT} FROM events WHERE position > $1 AND position <= $2 AND ($3::bigint IS NULL OR stream = $3)
ORDER BY position LIMIT $4`;
/** The rest of the commit that was cut. */
const REST = `SELECT ${EVENT} FROM events WHERE position > $1 AND position <= $2 AND stream = $3 AND command_id = $4
ORDER BY position`;

export interface Batch {
  readonly events: readonly (RecordedEvent | UnknownEvent)[];
  /** The position of the last event. */
  readonly last: number;
}

/** The next whole commits after a position, of the log or one stream; undefined at the end. */
export async function readBatch(sql: Sql, after: number, upTo: number, stream?: number): Promise<Batch | undefined> {
  const rows = await sql.all<StoredEvent>(LOG, [after, upTo, stream ?? null, BATCH_EVENTS]);
  const end = rows.at(-1);
  if (!end) return undefined;
  const rest =
    rows.length < BATCH_EVENTS ? [] : await sql.all<StoredEvent>(REST, [end.position, upTo, end.stream, end.commandId]);
  const events = [...rows, ...rest].map((row) => decodeEvent(row));
  return { events, last: rest.at(-1)?.position ?? end.position };
}
