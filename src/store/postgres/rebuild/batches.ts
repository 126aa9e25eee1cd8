import { decodeEvent, type StoredEvent } from '../../../events/index.js';
import { EVENT } from '../../read/log.js';
import { BATCH_EVENTS, type Batch } from '../../rebuild/batch.js';
import type { Sql } from '../sql.js';

const LOG = `SELECT ${EVENT} FROM events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3`;
/** A stream is ordered by revision, and that of the event at $1 bounds the search. */
const STREAM = `SELECT ${EVENT} FROM events WHERE stream = $4 AND position <= $2
  AND revision > coalesce((SELECT revision FROM events WHERE position = $1 AND stream = $4), 0)
ORDER BY revision LIMIT $3`;
/** The rest of the commit that was cut: what follows in its stream, up to the first event of another commit. */
const REST = `SELECT ${EVENT} FROM events WHERE stream = $1 AND revision > $2
  AND revision < coalesce((SELECT revision FROM events WHERE stream = $1 AND revision > $2 AND (command_id <> $3 OR meta <> $4)
                           ORDER BY revision LIMIT 1), ${Number.MAX_SAFE_INTEGER})
ORDER BY revision`;

/** The next whole commits after a position, of the log or one stream; undefined at the end. */
export async function readBatch(sql: Sql, after: number, upTo: number, stream?: number): Promise<Batch | undefined> {
  const rows =
    stream === undefined
      ? await sql.all<StoredEvent>(LOG, [after, upTo, BATCH_EVENTS])
      : await sql.all<StoredEvent>(STREAM, [after, upTo, BATCH_EVENTS, stream]);
  const end = rows.at(-1);
  if (!end) return undefined;
  const rest =
    rows.length < BATCH_EVENTS
      ? []
      : await sql.all<StoredEvent>(REST, [end.stream, end.revision, end.commandId, end.meta]);
  const events = [...rows, ...rest].map((row) => decodeEvent(row));
  return { events, last: rest.at(-1)?.position ?? end.position };
}
