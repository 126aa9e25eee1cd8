import { GENESIS_HASH, type LogHead, type StoredEvent } from '../../../events/index.js';
import type { Checkpoint, EventFilter, EventSize } from '../../snapshot.js';
import type { Sql } from '../sql.js';

/** The columns of an event under the names of {@link StoredEvent}, so that a row needs no mapping. */
export const EVENT = `position, stream, revision, version, type, schema_version AS "schemaVersion", data, meta,
  recorded_at AS "recordedAt", command_id AS "commandId", hash`;

const HEAD = 'SELECT position, hash, recorded_at AS "recordedAt" FROM events ORDER BY position DESC LIMIT 1';

export const readHead = async (sql: Sql): Promise<LogHead> =>
  (await sql.get<LogHead>(HEAD)) ?? { position: 0, hash: GENESIS_HASH, recordedAt: null };

/** Null asks for nothing. */
const CHOSEN = `position > $1 AND position <= $2 AND ($3::text[] IS NULL OR type = ANY ($3))
  AND ($4::text IS NULL OR recorded_at >= $4) AND ($5::text IS NULL OR recorded_at <= $5)
  AND ($6::text IS NULL OR meta::json ->> 'actor' = $6)`;
const LOG = `FROM events WHERE ${CHOSEN}`;
/** A stream is ordered by revision; where the bounds are events of the stream, their revisions bound the search. */
const STREAM = `${LOG} AND stream = $8
  AND revision > coalesce((SELECT revision FROM events WHERE position = $1 AND stream = $8), 0)
  AND revision <= coalesce((SELECT revision FROM events WHERE position = $2 AND stream = $8), ${Number.MAX_SAFE_INTEGER})`;

function rowsOf({ stream, descending }: EventFilter): string {
  const order = descending ? 'DESC' : '';
  return stream === undefined
    ? `${LOG} ORDER BY position ${order} LIMIT $7`
    : `${STREAM} ORDER BY revision ${order} LIMIT $7`;
}

function valuesOf(filter: EventFilter): unknown[] {
  const { after = 0, upTo = Number.MAX_SAFE_INTEGER, stream, types = null, limit } = filter;
  const { since = null, until = null, actor = null } = filter;
  const values = [after, upTo, types, since, until, actor, limit < 0 ? null : limit];
  return stream === undefined ? values : [...values, stream];
}

export const readEvents = (sql: Sql, filter: EventFilter): Promise<StoredEvent[]> =>
  sql.all(`SELECT ${EVENT} ${rowsOf(filter)}`, valuesOf(filter));

/** The length of a value is kept beside it. */
export const readEventSizes = (sql: Sql, filter: EventFilter): Promise<EventSize[]> =>
  sql.all(`SELECT position, octet_length(data) + octet_length(meta) AS bytes ${rowsOf(filter)}`, valuesOf(filter));

export const readCheckpoints = (sql: Sql): Promise<Checkpoint[]> =>
  sql.all('SELECT name, version, position FROM projection_checkpoints ORDER BY name');
