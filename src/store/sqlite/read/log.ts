import { GENESIS_HASH, type StoredEvent } from '../../../events/index.js';
import type { Checkpoint, EventFilter, LogHead } from '../../event-store.js';
import type { Statements } from '../statements.js';

/** A row of the events table as it comes from the driver. */
export interface EventRow {
  position: number;
  stream: number;
  revision: number;
  version: number;
  type: string;
  schema_version: number;
  data: string;
  meta: string;
  recorded_at: string;
  command_id: string;
  hash: string;
}

export const toStored = (row: EventRow): StoredEvent => ({
  position: row.position,
  stream: row.stream,
  revision: row.revision,
  version: row.version,
  type: row.type,
  schemaVersion: row.schema_version,
  data: row.data,
  meta: row.meta,
  recordedAt: row.recorded_at,
  commandId: row.command_id,
  hash: row.hash,
});

const HEAD = 'SELECT position, hash, recorded_at FROM events ORDER BY position DESC LIMIT 1';

export function readHead(sql: Statements): LogHead {
  const row = sql(HEAD).get() as { position: number; hash: string; recorded_at: string } | undefined;
  return row
    ? { position: row.position, hash: row.hash, recordedAt: row.recorded_at }
    : { position: 0, hash: GENESIS_HASH, recordedAt: null };
}

const OF_TYPES = '(:types IS NULL OR type IN (SELECT value FROM json_each(:types)))';
const LOG = `SELECT * FROM events WHERE position > :after AND position <= :upTo AND ${OF_TYPES}`;
const STREAM = `SELECT * FROM events WHERE stream = :stream AND position > :after AND position <= :upTo AND ${OF_TYPES}`;
const LOG_FORWARD = `${LOG} ORDER BY position LIMIT :limit`;
const LOG_BACKWARD = `${LOG} ORDER BY position DESC LIMIT :limit`;
const STREAM_FORWARD = `${STREAM} ORDER BY revision LIMIT :limit`;
const STREAM_BACKWARD = `${STREAM} ORDER BY revision DESC LIMIT :limit`;

/** The types that have an index of their own; the list must read as in the index, or SQLite does not use it. */
const SIGNALS = `
SELECT * FROM events WHERE stream = :stream AND position > :after AND position <= :upTo AND ${OF_TYPES}
  AND type IN ('TagAdded', 'TagRemoved', 'LockAcquired', 'LockRenewed', 'LockReleased', 'LockExpired', 'LockBroken',
                 'DriftDetected', 'DriftCleared', 'DriftResolved', 'DriftIgnored', 'StackDeleted', 'StackRestored')
ORDER BY position LIMIT :limit`;
const SIGNAL = /^(Tag|Lock|Drift|StackDeleted|StackRestored)/;

export function readEvents(sql: Statements, filter: EventFilter): StoredEvent[] {
  const { after = 0, upTo = Number.MAX_SAFE_INTEGER, stream, types, descending, limit } = filter;
  const values = { after, upTo, types: types ? JSON.stringify(types) : null, limit };
  if (stream === undefined) {
    return (sql(descending ? LOG_BACKWARD : LOG_FORWARD).all(values) as EventRow[]).map(toStored);
  }
  const onlySignals = !descending && types?.every((type) => SIGNAL.test(type));
  const text = onlySignals ? SIGNALS : descending ? STREAM_BACKWARD : STREAM_FORWARD;
  return (sql(text).all({ ...values, stream }) as EventRow[]).map(toStored);
}

const CHECKPOINTS = 'SELECT name, version, position FROM projection_checkpoints ORDER BY name';

export const readCheckpoints = (sql: Statements): Checkpoint[] => sql(CHECKPOINTS).all() as Checkpoint[];
