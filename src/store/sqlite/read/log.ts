import { ANNOTATIONS, GENESIS_HASH, type LogHead, type StoredEvent } from '../../../events/index.js';
import type { Checkpoint, EventFilter, EventSize } from '../../snapshot.js';
import { IS_ANNOTATION } from '../annotations.js';
import type { Statements } from '../statements.js';

/** The columns of an event under the names of {@link StoredEvent}, so that a row needs no mapping. */
export const EVENT = `position AS position, stream AS stream, revision AS revision, version AS version, type AS type,
  schema_version AS schemaVersion, data AS data, meta AS meta,
  recorded_at AS recordedAt, command_id AS commandId, hash AS hash`;

/** Where an event stands in the order of the stream :stream; at `version` where it is none of that stream's. */
export const placeOf = (position: string, version: number): string =>
  `(SELECT coalesce(max(version), ${version}), coalesce(max(revision), 0) FROM events WHERE position = ${position} AND stream = :stream)`;

const HEAD = 'SELECT position, hash, recorded_at FROM events ORDER BY position DESC LIMIT 1';

export function readHead(sql: Statements): LogHead {
  const row = sql(HEAD).get() as { position: number; hash: string; recorded_at: string } | undefined;
  return row
    ? { position: row.position, hash: row.hash, recordedAt: row.recorded_at }
    : { position: 0, hash: GENESIS_HASH, recordedAt: null };
}

/** :types a JSON array; null in :types, :since, :until or :actor asks for nothing. */
const CHOSEN = `position > :after AND position <= :upTo
  AND (:types IS NULL OR type IN (SELECT value FROM json_each(:types)))
  AND (:since IS NULL OR recorded_at >= :since) AND (:until IS NULL OR recorded_at <= :until)
  AND (:actor IS NULL OR meta ->> '$.actor' = :actor)`;
/**
 * Where :after or :upTo is an event of the stream, as it is when one reads page by page, its place in the stream's order
 * bounds the search: else every page walks the stream from its beginning.
 */
const STREAM_PART = `stream = :stream AND ${CHOSEN}
  AND (version, revision) > ${placeOf(':after', -1)} AND (version, revision) <= ${placeOf(':upTo', Number.MAX_SAFE_INTEGER)}`;
const LOG_FORWARD = `FROM events WHERE ${CHOSEN} ORDER BY position LIMIT :limit`;
const LOG_BACKWARD = `FROM events WHERE ${CHOSEN} ORDER BY position DESC LIMIT :limit`;
const STREAM_FORWARD = `FROM events WHERE ${STREAM_PART} ORDER BY version, revision LIMIT :limit`;
const STREAM_BACKWARD = `FROM events WHERE ${STREAM_PART} ORDER BY version DESC, revision DESC LIMIT :limit`;
const STREAM_ANNOTATIONS = `
FROM events WHERE stream = :stream AND ${CHOSEN} AND ${IS_ANNOTATION} ORDER BY position LIMIT :limit`;
const annotations = new Set<string>(ANNOTATIONS);

function rowsOf({ stream, types, descending }: EventFilter): string {
  if (stream === undefined) return descending ? LOG_BACKWARD : LOG_FORWARD;
  if (descending) return STREAM_BACKWARD;
  return types?.every((type) => annotations.has(type)) ? STREAM_ANNOTATIONS : STREAM_FORWARD;
}

function valuesOf(filter: EventFilter) {
  const { after = 0, upTo = Number.MAX_SAFE_INTEGER, stream, types, since = null, until = null, actor = null } = filter;
  const values = { after, upTo, types: types ? JSON.stringify(types) : null, since, until, actor, limit: filter.limit };
  return stream === undefined ? values : { ...values, stream };
}

export const readEvents = (sql: Statements, filter: EventFilter): StoredEvent[] =>
  sql(`SELECT ${EVENT} ${rowsOf(filter)}`).all(valuesOf(filter)) as StoredEvent[];

/** The length of a value is in the head of its row. */
export const readEventSizes = (sql: Statements, filter: EventFilter): EventSize[] =>
  sql(`SELECT position, octet_length(data) + octet_length(meta) AS bytes ${rowsOf(filter)}`).all(
    valuesOf(filter),
  ) as EventSize[];

const CHECKPOINTS = 'SELECT name, version, position FROM projection_checkpoints ORDER BY name';

export const readCheckpoints = (sql: Statements): Checkpoint[] => sql(CHECKPOINTS).all() as Checkpoint[];
