import { decodeEvent, type RecordedEvent, type StoredEvent, type UnknownEvent } from '../../../events/index.js';
import { EVENT } from '../read/log.js';
import type { Statements } from '../statements.js';

/** What is read, projected and written at once. A commit is never cut: one that is larger is held whole. */
const BATCH_EVENTS = 4_000;
const BATCH_BYTES = 8 * 1024 * 1024;

const LOG = `SELECT ${EVENT} FROM events WHERE position > ? AND position <= ? ORDER BY position`;
const STREAM = `SELECT ${EVENT} FROM events WHERE stream = ? AND position > ? AND position <= ? ORDER BY revision`;

export interface Batch {
  readonly events: readonly (RecordedEvent | UnknownEvent)[];
  /** The position of the last event. */
  readonly last: number;
}

/** The next whole commits after a position, of the log or one stream; undefined at the end. */
export function readBatch(sql: Statements, after: number, upTo: number, stream?: number): Batch | undefined {
  const rows = stream === undefined ? sql(LOG).iterate(after, upTo) : sql(STREAM).iterate(stream, after, upTo);
  const events: (RecordedEvent | UnknownEvent)[] = [];
  let bytes = 0;
  let last: StoredEvent | undefined;
  for (const row of rows as IterableIterator<StoredEvent>) {
    const full = events.length >= BATCH_EVENTS || bytes >= BATCH_BYTES;
    if (full && row.commandId !== last?.commandId) break;
    events.push(decodeEvent(row));
    bytes += row.data.length;
    last = row;
  }
  return last && { events, last: last.position };
}
