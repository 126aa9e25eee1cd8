import { ANNOTATIONS } from '../../events/index.js';
import { createIndex, createInPostgres } from '../table-definitions.js';
import { TABLE_NAMES, TABLES, type TableName } from '../tables.js';
import { CREATE_GUARD } from './log-end.js';

const ANNOTATION_TYPES = `(${ANNOTATIONS.map((type) => `'${type}'`).join(', ')})`;

/**
 * The event log, and the single row with its end. A writer locks that row, so positions have no gaps and follow the order
 * of commits. Triggers refuse every change of the log.
 */
const EVENT_LOG = `
CREATE TABLE events (
  position       BIGINT PRIMARY KEY,
  stream         BIGINT NOT NULL,
  revision       BIGINT NOT NULL,
  version        BIGINT NOT NULL,
  type           TEXT COLLATE "C" NOT NULL,
  schema_version BIGINT NOT NULL,
  data           TEXT COLLATE "C" NOT NULL,
  meta           TEXT COLLATE "C" NOT NULL,
  recorded_at    TEXT COLLATE "C" NOT NULL,
  command_id     TEXT COLLATE "C" NOT NULL,
  hash           TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
CREATE INDEX events_signals ON events (stream, position) WHERE type IN ${ANNOTATION_TYPES};
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the event log is immutable: % refused', TG_OP USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TABLE log_head (one BOOLEAN PRIMARY KEY CHECK (one), position BIGINT NOT NULL, hash TEXT COLLATE "C" NOT NULL,
  recorded_at TEXT COLLATE "C");
CREATE TABLE projection_checkpoints (
  name TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, position BIGINT NOT NULL
);
`;

/** One row: the log's secret key, which our exports, copies and dumps do not contain (docs/adr/0023). */
const LOG_KEY = 'CREATE TABLE log_key (one BOOLEAN PRIMARY KEY CHECK (one), key BYTEA NOT NULL);';

const projectionTable = (table: TableName): string =>
  [createInPostgres(table, table), ...TABLES[table].indexes.map((index) => createIndex(index, index.name, table))]
    .map((statement) => `${statement};\n`)
    .join('');

/**
 * The server's JSON refuses `\\u0000` and lone surrogates, which our documents may contain: the views show them as U+FFFD.
 * The engine reads the text itself.
 */
const JSON_OF_EVENTS = `
CREATE FUNCTION event_json(data TEXT) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT regexp_replace(data, '(?<!\\\\)((?:\\\\\\\\)*)\\\\u(?:0000|[dD][89a-fA-F]..)', '\\1\\\\ufffd', 'g')::json $$;
CREATE FUNCTION event_part(data TEXT, part TEXT) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT event_json(data) -> part $$;
`;

/** The tables of the specification, with its names and columns. */
export const VIEWS = `
CREATE VIEW stacks AS
SELECT s.id, s.name, s.description, s.version, s.status, s.created_at, s.updated_at, s.completed_at, s.workflow_file,
       event_part(f.data, 'taskResults') AS task_results,
       (SELECT coalesce(json_object_agg(o.name, event_part(e.data, 'value') ORDER BY o.name), '{}')
          FROM output_rows o JOIN events e ON e.position = o.position WHERE o.stream = s.stream) AS outputs,
       event_part(d.data, 'configuration') AS configuration,
       event_part(d.data, 'metadata') AS metadata,
       s.execution_count, s.last_duration, s.last_error,
       s.state_version::text AS resource_version
FROM stack_rows s
JOIN events d ON d.position = s.document
LEFT JOIN events f ON f.position = s.finished
WHERE s.deleted_at IS NULL;

CREATE VIEW resources AS
SELECT coalesce(r.id, 'res-' || r.resource) AS id, s.id AS stack_id, r.type, r.name, r.module,
       event_part(e.data, 'properties') AS properties,
       event_part(e.data, 'dependencies') AS dependencies,
       event_part(e.data, 'state') #>> '{}' AS state,
       event_part(e.data, 'checksum') #>> '{}' AS checksum,
       c.recorded_at AS created_at, e.recorded_at AS updated_at,
       event_part(e.data, 'lastApplied') #>> '{}' AS last_applied,
       event_part(e.data, 'errorMessage') #>> '{}' AS error_message,
       event_part(e.data, 'metadata') AS metadata
FROM resource_rows r
JOIN stack_rows s ON s.stream = r.stream
JOIN events e ON e.position = r.position
JOIN events c ON c.position = r.resource
WHERE s.deleted_at IS NULL;

CREATE VIEW resource_dependencies AS
SELECT coalesce(a.id, 'res-' || a.resource) AS resource_id,
       coalesce(b.id, 'res-' || b.resource) AS depends_on_id,
       d.type AS dependency_type, e.recorded_at AS created_at
FROM dependency_rows d
JOIN stack_rows s ON s.stream = d.stream AND s.deleted_at IS NULL
JOIN resource_rows a ON a.stream = d.stream AND a.address = d.address AND a.position IS NOT NULL
JOIN resource_rows b ON b.stream = d.stream AND (b.address = d.target OR b.base = d.target) AND b.position IS NOT NULL
JOIN events e ON e.position = d.position;

CREATE VIEW drift_detections AS
SELECT d.position AS id, s.id AS stack_id, d.resource_id, e.recorded_at AS detected_at,
       event_part(e.data, 'expected') AS expected_state, event_part(e.data, 'actual') AS actual_state,
       event_part(e.data, 'fields') AS drift_fields, d.is_drifted, d.resolution_status
FROM drift_rows d
JOIN stack_rows s ON s.stream = d.stream AND s.deleted_at IS NULL
JOIN events e ON e.position = d.position;

CREATE VIEW state_locks AS
SELECT s.id AS stack_id, l.lock_id, l.operation, l.who, l.created_at, l.expires_at, l.info
FROM lock_rows l JOIN stack_rows s ON s.stream = l.stream AND s.deleted_at IS NULL
WHERE l.expires_at > to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

CREATE VIEW stack_tags AS
SELECT s.id AS stack_id, t.tag, t.created_at, t.created_by
FROM tag_rows t JOIN stack_rows s ON s.stream = t.stream AND s.deleted_at IS NULL;

CREATE VIEW stack_executions AS
SELECT x.id, s.id AS stack_id, x.number AS execution_number, x.status, x.started_at, x.completed_at, x.duration,
       event_part(e.data, 'taskResults') AS task_results, x.error_message
FROM execution_rows x
JOIN stack_rows s ON s.stream = x.stream AND s.deleted_at IS NULL
LEFT JOIN events e ON e.position = x.finished;

CREATE VIEW stack_versions AS
SELECT s.id AS stack_id, c.version, c.kind, c.added, c.changed, c.removed, c.position, e.hash,
       c.actor AS created_by, c.at AS created_at, c.description
FROM commit_rows c
JOIN stack_rows s ON s.stream = c.stream
JOIN events e ON e.position = c.position
WHERE c.raised = 1;

CREATE VIEW state_versions AS
SELECT s.id || ':' || c.version AS id, s.id AS stack_id, c.version,
       json_build_object(
         'stack', (SELECT event_json(e.data) FROM document_history h JOIN events e ON e.position = h.position
                   WHERE h.stream = c.stream AND h.part = 'document' AND h.version <= c.version
                   ORDER BY h.version DESC LIMIT 1),
         'outputs', (SELECT coalesce(json_object_agg(o.name, event_part(e.data, 'value') ORDER BY o.name), '{}')
                     FROM (SELECT DISTINCT name FROM output_history WHERE stream = c.stream) o
                     JOIN output_history h ON h.stream = c.stream AND h.name = o.name AND h.present = 1
                      AND h.version = (SELECT max(version) FROM output_history
                                       WHERE stream = c.stream AND name = o.name AND version <= c.version)
                     JOIN events e ON e.position = h.position),
         'resources', (SELECT coalesce(json_agg(json_build_object(
                                'id', coalesce(event_part(e.data, 'id') #>> '{}', 'res-' || r.resource), 'module', r.module,
                                'type', r.type, 'name', r.name, 'properties', event_part(e.data, 'properties'),
                                'dependencies', event_part(e.data, 'dependencies'), 'state', event_part(e.data, 'state') #>> '{}',
                                'checksum', event_part(e.data, 'checksum') #>> '{}', 'metadata', event_part(e.data, 'metadata'))), '[]')
                       FROM resource_rows r
                       JOIN resource_history h ON h.resource = r.resource AND h.present = 1
                        AND h.version = (SELECT max(version) FROM resource_history
                                         WHERE resource = r.resource AND version <= c.version)
                       JOIN events e ON e.position = h.position
                       WHERE r.stream = c.stream)
       ) AS state_snapshot,
       coalesce(n.created_at, c.at) AS created_at, coalesce(n.created_by, c.actor) AS created_by,
       coalesce(n.description, c.description) AS description, l.hash AS checksum
FROM commit_rows c
JOIN stack_rows s ON s.stream = c.stream
JOIN events l ON l.position = c.position
LEFT JOIN snapshot_rows n ON n.position = (SELECT max(position) FROM snapshot_rows
                                           WHERE stream = c.stream AND version = c.version)
WHERE c.raised = 1;

CREATE VIEW state_activity AS
SELECT e.position AS id, s.id AS stack_id, e.type AS action, e.data AS details, e.version,
       e.recorded_at AS created_at, e.meta::json ->> 'actor' AS created_by
FROM events e LEFT JOIN stack_rows s ON s.stream = e.stream;
`;

export const VIEW_NAMES = [...VIEWS.matchAll(/CREATE VIEW (\w+)/g)].map(([, name]) => name as string);

/** Commits with the principal of their command id, which earlier releases did not record. */
const COMMITS_WITH_PRINCIPAL = `
ALTER TABLE commit_rows ADD COLUMN principal TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE commit_rows ALTER COLUMN principal DROP DEFAULT;
DROP INDEX IF EXISTS commit_rows_by_command, commit_rows_by_command_2;
CREATE UNIQUE INDEX commit_rows_by_command ON commit_rows (command_id, principal, stream);
`;

export const FUNCTION_NAMES = [...(EVENT_LOG + CREATE_GUARD + JSON_OF_EVENTS).matchAll(/CREATE FUNCTION (\w+)/g)].map(
  ([, name]) => name as string,
);

/** The SQL that upgrades from schema 1, 2 … to the next one. The step of a released schema is never changed. */
const UPGRADES: readonly string[] = [CREATE_GUARD, LOG_KEY + COMMITS_WITH_PRINCIPAL];

/** The schema that this release creates. A database with a larger one is refused. */
export const SCHEMA_VERSION = UPGRADES.length + 1;

/** Upgrades from an earlier schema to {@link SCHEMA_VERSION}. */
export const upgradeFrom = (version: number): string => UPGRADES.slice(version - 1).join('');

export const SCHEMA =
  EVENT_LOG + CREATE_GUARD + LOG_KEY + JSON_OF_EVENTS + TABLE_NAMES.map(projectionTable).join('') + VIEWS;
