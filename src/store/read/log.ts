import { ANNOTATIONS, GENESIS_HASH, type LogHead, type StoredEvent } from '../../events/index.js';
import type { Eventual } from '../program.js';
import type { Checkpoint, EventFilter, EventSize } from '../snapshot.js';
import { IS_ANNOTATION } from '../sqlite/annotations.js';
import { ALL, mapResult, type Sql, type Text } from './sql.js';

/** The columns of an event under the names of {@link StoredEvent}, so that a row needs no mapping. */
export const EVENT = `position AS position, stream AS stream, revision AS revision, version AS version, type AS type,
  schema_version AS "schemaVersion", data AS data, meta AS meta,
  recorded_at AS "recordedAt", command_id AS "commandId", hash AS hash`;

const HEAD = 'SELECT position, hash, recorded_at AS "recordedAt" FROM events ORDER BY position DESC LIMIT 1';

export const readHead = (sql: Sql): Eventual<LogHead> =>
  mapResult(sql.get<LogHead>(HEAD), (head) => head ?? { position: 0, hash: GENESIS_HASH, recordedAt: null });

/**
 * In SQLite, the revision of an event in its stream; the end at `version` if the event belongs to another stream.
 * @param stream a placeholder of a value, like `position`
 */
export const placeOf = (position: string, version: number, stream: string): string =>
  `(SELECT coalesce(max(version), ${version}), coalesce(max(revision), 0) FROM events WHERE position = ${position} AND stream = ${stream})`;

/** NULL matches every event. */
const CHOSEN = {
  sqlite: `position > $1 AND position <= $2 AND ($3 IS NULL OR type IN (SELECT value FROM json_each($3)))
  AND ($4 IS NULL OR recorded_at >= $4) AND ($5 IS NULL OR recorded_at <= $5)
  AND ($6 IS NULL OR meta ->> '$.actor' = $6)`,
  postgres: `position > $1 AND position <= $2 AND ($3::text[] IS NULL OR type = ANY ($3))
  AND ($4::text IS NULL OR recorded_at >= $4) AND ($5::text IS NULL OR recorded_at <= $5)
  AND ($6::text IS NULL OR meta::json ->> 'actor' = $6)`,
};
/**
 * If `after` or `upTo` is an event of the stream, as in paged reads, its revision bounds the search. Otherwise every page
 * would scan the stream from its beginning.
 */
const STREAM = {
  sqlite: `stream = $8 AND ${CHOSEN.sqlite}
  AND (version, revision) > ${placeOf('$1', -1, '$8')} AND (version, revision) <= ${placeOf('$2', ALL, '$8')}`,
  postgres: `${CHOSEN.postgres} AND stream = $8
  AND revision > coalesce((SELECT revision FROM events WHERE position = $1 AND stream = $8), 0)
  AND revision <= coalesce((SELECT revision FROM events WHERE position = $2 AND stream = $8), ${ALL})`,
};

const ordered = (where: Exclude<Text, string>, order: Exclude<Text, string>) => ({
  sqlite: `FROM events WHERE ${where.sqlite} ORDER BY ${order.sqlite} LIMIT $7`,
  postgres: `FROM events WHERE ${where.postgres} ORDER BY ${order.postgres} LIMIT $7`,
});
const LOG_FORWARD = ordered(CHOSEN, { sqlite: 'position', postgres: 'position' });
const LOG_BACKWARD = ordered(CHOSEN, { sqlite: 'position DESC', postgres: 'position DESC' });
const STREAM_FORWARD = ordered(STREAM, { sqlite: 'version, revision', postgres: 'revision' });
const STREAM_BACKWARD = ordered(STREAM, { sqlite: 'version DESC, revision DESC', postgres: 'revision DESC' });
/** SQLite has an index of the few annotations. */
const STREAM_ANNOTATIONS = ordered(
  { ...STREAM, sqlite: `stream = $8 AND ${CHOSEN.sqlite} AND ${IS_ANNOTATION}` },
  { sqlite: 'position', postgres: 'revision' },
);
const annotations = new Set<string>(ANNOTATIONS);

function rowsOf({ stream, types, descending }: EventFilter) {
  if (stream === undefined) return descending ? LOG_BACKWARD : LOG_FORWARD;
  if (descending) return STREAM_BACKWARD;
  return types?.every((type) => annotations.has(type)) ? STREAM_ANNOTATIONS : STREAM_FORWARD;
}

function select<Row>(sql: Sql, columns: string, filter: EventFilter): Eventual<Row[]> {
  const { after = 0, upTo = ALL, stream, types = null, since = null, until = null, actor = null, limit } = filter;
  const values = [after, upTo, types, since, until, actor, limit < 0 ? ALL : limit];
  const rows = rowsOf(filter)[sql.dialect];
  return sql.all<Row>(`SELECT ${columns} ${rows}`, stream === undefined ? values : [...values, stream]);
}

export const readEvents = (sql: Sql, filter: EventFilter): Eventual<StoredEvent[]> => select(sql, EVENT, filter);

/** The length of a value is stored beside it. */
export const readEventSizes = (sql: Sql, filter: EventFilter): Eventual<EventSize[]> =>
  select(sql, 'position, octet_length(data) + octet_length(meta) AS bytes', filter);

const CHECKPOINTS = 'SELECT name, version, position FROM projection_checkpoints ORDER BY name';

export const readCheckpoints = (sql: Sql): Eventual<Checkpoint[]> => sql.all<Checkpoint>(CHECKPOINTS);
