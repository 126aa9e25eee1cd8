import { decodeEvent, isSameCommit, type RecordedEvent, type UnknownEvent } from '../../../events/index.js';
import { EVENT, placeOf } from '../../read/log.js';
import { BATCH_EVENTS, type Batch } from '../../rebuild/batch.js';
import type { Statements } from '../statements.js';

const BATCH_BYTES = 4 * 1024 * 1024;

const LOG = `SELECT ${EVENT} FROM events WHERE position > ? AND position <= ? ORDER BY position`;
const STREAM = `SELECT ${EVENT} FROM events
WHERE stream = :stream AND (version, revision) > ${placeOf(':after', -1, ':stream')} AND position <= :upTo ORDER BY version, revision`;

type Row = [number, number, number, number, string, number, string, string, string, string, string];

/** Rows come as arrays: an object for each row, and another for the event, is a third of a rebuild's time. */
function toEvent(row: Row): RecordedEvent | UnknownEvent {
  const [position, stream, revision, version, type, schemaVersion, data, meta, recordedAt, commandId, hash] = row;
  return decodeEvent({
    position,
    stream,
    revision,
    version,
    type,
    schemaVersion,
    data,
    meta,
    recordedAt,
    commandId,
    hash,
  });
}

/** The next whole commits after a position, of the log or one stream; undefined at the end. */
export function readBatch(sql: Statements, after: number, upTo: number, stream?: number): Batch | undefined {
  const rows =
    stream === undefined ? sql(LOG).raw().iterate(after, upTo) : sql(STREAM).raw().iterate({ stream, after, upTo });
  const events: (RecordedEvent | UnknownEvent)[] = [];
  let bytes = 0;
  let last: RecordedEvent | UnknownEvent | undefined;
  for (const row of rows as IterableIterator<Row>) {
    const event = toEvent(row);
    const full = events.length >= BATCH_EVENTS || bytes >= BATCH_BYTES;
    if (full && !(last && isSameCommit(last, event))) break;
    events.push(event);
    bytes += row[6].length;
    last = event;
  }
  return last && { events, last: last.position };
}
