import { ANNOTATIONS, GENESIS_HASH, type LogHead, type StoredEvent } from '../../../events/index.js';
import type { Checkpoint, EventFilter } from '../../event-store.js';
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
const LOG = `SELECT ${EVENT} FROM events WHERE ${CHOSEN}`;
const STREAM = `SELECT ${EVENT} FROM events WHERE stream = :stream AND ${CHOSEN}`;
/**
 * Where :after or :upTo is an event of the stream, as it is when one reads page by page, its place in the stream's order
 * bounds the search: else every page walks the stream from its beginning.
 */
const STREAM_PART = `${STREAM}
  AND (version, revision) > ${placeOf(':after', -1)} AND (version, revision) <= ${placeOf(':upTo', Number.MAX_SAFE_INTEGER)}`;
const LOG_FORWARD = `${LOG} ORDER BY position LIMIT :limit`;
const LOG_BACKWARD = `${LOG} ORDER BY position DESC LIMIT :limit`;
const STREAM_FORWARD = `${STREAM_PART} ORDER BY version, revision LIMIT :limit`;
const STREAM_BACKWARD = `${STREAM_PART} ORDER BY version DESC, revision DESC LIMIT :limit`;

const STREAM_ANNOTATIONS = `${STREAM} AND ${IS_ANNOTATION} ORDER BY position LIMIT :limit`;
const annotations = new Set<string>(ANNOTATIONS);

export function readEvents(sql: Statements, filter: EventFilter): StoredEvent[] {
  const { after = 0, upTo = Number.MAX_SAFE_INTEGER, stream, types, descending, limit } = filter;
  const { since = null, until = null, actor = null } = filter;
  const values = { after, upTo, types: types ? JSON.stringify(types) : null, since, until, actor, limit };
  if (stream === undefined) return sql(descending ? LOG_BACKWARD : LOG_FORWARD).all(values) as StoredEvent[];
  const onlyAnnotations = !descending && types?.every((type) => annotations.has(type));
  const text = onlyAnnotations ? STREAM_ANNOTATIONS : descending ? STREAM_BACKWARD : STREAM_FORWARD;
  return sql(text).all({ ...values, stream }) as StoredEvent[];
}

const CHECKPOINTS = 'SELECT name, version, position FROM projection_checkpoints ORDER BY name';

export const readCheckpoints = (sql: Statements): Checkpoint[] => sql(CHECKPOINTS).all() as Checkpoint[];
