import { decodeEvent, isSameCommit, type RecordedEvent, type UnknownEvent } from '../../../events/index.js';
import type { ChangeBatch, Stretch } from '../../change-batch.js';
import { PAGE_BYTES } from '../../event-page.js';
import type { Projection } from '../../event-store.js';
import { EVENT, placeOf } from '../../read/log.js';
import type { Statements } from '../statements.js';

/**
 * The maximum number of events that are read, projected and written at once, besides `PAGE_BYTES`. A commit is never split;
 * a larger one is kept whole.
 */
const BATCH_EVENTS = 2_000;

const LOG = `SELECT ${EVENT} FROM events WHERE position > ? AND position <= ? ORDER BY position`;
const STREAM = `SELECT ${EVENT} FROM events
WHERE stream = :stream AND (version, revision) > ${placeOf(':after', -1, ':stream')} AND position <= :upTo ORDER BY version, revision`;

type Row = [number, number, number, number, string, number, string, string, string, string, string];

/** Rows are arrays: an object for each row and another for the event takes a third of a rebuild's time. */
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

/** The next whole commits after a position, of the log or of one stream; empty at the end. */
function readCommits(sql: Statements, { after, upTo, stream }: Stretch): (RecordedEvent | UnknownEvent)[] {
  const rows =
    stream === undefined ? sql(LOG).raw().iterate(after, upTo) : sql(STREAM).raw().iterate({ stream, after, upTo });
  const events: (RecordedEvent | UnknownEvent)[] = [];
  let size = 0;
  let last: RecordedEvent | UnknownEvent | undefined;
  for (const row of rows as IterableIterator<Row>) {
    const event = toEvent(row);
    size += row[6].length + row[7].length;
    const isFull = events.length >= BATCH_EVENTS || size > PAGE_BYTES;
    if (isFull && last && !isSameCommit(last, event)) break;
    events.push(event);
    last = event;
  }
  return events;
}

/** The row changes of the next whole commits; undefined at the end. */
export function nextChanges(sql: Statements, projection: Projection, stretch: Stretch): ChangeBatch | undefined {
  const events = readCommits(sql, stretch);
  const last = events.at(-1)?.position;
  return last === undefined
    ? undefined
    : { changes: projection.project(events, stretch.only), events: events.length, last };
}

/** The row changes of all commits, batch by batch. */
export function* changeBatches(sql: Statements, projection: Projection, stretch: Stretch): Generator<ChangeBatch> {
  let next = nextChanges(sql, projection, stretch);
  for (; next; next = nextChanges(sql, projection, { ...stretch, after: next.last })) yield next;
}
