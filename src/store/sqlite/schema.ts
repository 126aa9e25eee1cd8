export { APPLICATION_ID } from '../../lib/sqlite-file.js';

import { inBoth } from '../read/sql.js';
import { createIndex, createTable } from '../table-definitions.js';
import { TABLE_NAMES, type TableName } from '../tables.js';
import { IS_ANNOTATION } from './annotations.js';
import { LAYOUT } from './layout.js';

/** Grows with every change of the schema; a file with a larger version is refused unmodified. */
export const SCHEMA_VERSION = 6;

/**
 * The first index sorts a stack's events by version, which is also their order by revision and by position, and leads to its
 * commits too. The second finds the few annotations.
 */
const LOG_INDEXES = `
CREATE INDEX events_by_stream ON events (stream, version, revision);
CREATE INDEX events_signals ON events (stream, position) WHERE ${IS_ANNOTATION};
`;

/** A row is only accepted at the next position, at its stream's next revision, and at a version that is not smaller. */
const APPEND_ONLY = `
CREATE TRIGGER events_append_only BEFORE INSERT ON events
WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM events)
  OR NOT coalesce((SELECT revision = NEW.revision - 1 AND version <= NEW.version FROM events WHERE stream = NEW.stream
                   ORDER BY version DESC, revision DESC LIMIT 1), NEW.revision = 1)
BEGIN
  SELECT RAISE(ABORT, 'the event log is append-only: INSERT refused');
END;
`;

/**
 * The event log. Triggers refuse every change of it, including INSERT OR REPLACE, which deletes the old row without firing
 * delete triggers.
 */
const EVENT_LOG = `
CREATE TABLE events (
  position       INTEGER PRIMARY KEY,
  stream         INTEGER NOT NULL,
  revision       INTEGER NOT NULL,
  version        INTEGER NOT NULL,
  type           TEXT NOT NULL,
  schema_version INTEGER NOT NULL,
  data           TEXT NOT NULL,
  meta           TEXT NOT NULL,
  recorded_at    TEXT NOT NULL,
  command_id     TEXT NOT NULL,
  hash           TEXT NOT NULL
) STRICT;
${LOG_INDEXES}CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN
  SELECT RAISE(ABORT, 'the event log is immutable: UPDATE refused');
END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN
  SELECT RAISE(ABORT, 'the event log is immutable: DELETE refused');
END;
${APPEND_ONLY}`;

const CHECKPOINTS = `
CREATE TABLE projection_checkpoints (
  name TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** At most one row: the log's secret key, which exports, copies and scripts do not contain (docs/adr/0023). */
const LOG_KEY = `
CREATE TABLE log_key (
  one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL
) STRICT;
`;

const projectionTable = (table: TableName): string =>
  [createTable(LAYOUT[table], table), ...LAYOUT[table].indexes.map((index) => createIndex(index, index.name, table))]
    .map((statement) => `${statement};\n`)
    .join('');

/** Joins the event `e` that holds the value of a resource `r` at the version of a commit `c`. */
const RESOURCE_AT_VERSION = inBoth(({ valueAt }) => valueAt('resource_history', 'resource = r.resource', 'c.version'));

/**
 * The tables of the specification, with its names and columns, for any SQLite client from 3.38 on (the operator ->). They
 * are views because every write would pay for a copied document (docs/adr/0004).
 */
export const VIEWS = `
CREATE VIEW stacks AS
SELECT s.id, s.name, s.description, s.version, s.status, s.created_at, s.updated_at, s.completed_at, s.workflow_file,
       f.data -> '$.taskResults' AS task_results,
       (SELECT json_group_object(o.name, json(e.data -> '$.value'))
          FROM output_rows o JOIN events e ON e.position = o.position WHERE o.stream = s.stream) AS outputs,
       d.data -> '$.configuration' AS configuration,
       d.data -> '$.metadata' AS metadata,
       s.execution_count, s.last_duration, s.last_error,
       CAST(s.state_version AS TEXT) AS resource_version
FROM stack_rows s
JOIN events d ON d.position = s.document
LEFT JOIN events f ON f.position = s.finished
WHERE s.deleted_at IS NULL;

CREATE VIEW resources AS
SELECT coalesce(r.id, 'res-' || r.resource) AS id, s.id AS stack_id, r.type, r.name, r.module,
       e.data -> '$.properties' AS properties,
       e.data -> '$.dependencies' AS dependencies,
       e.data ->> '$.state' AS state,
       e.data ->> '$.checksum' AS checksum,
       c.recorded_at AS created_at, e.recorded_at AS updated_at,
       e.data ->> '$.lastApplied' AS last_applied,
       e.data ->> '$.errorMessage' AS error_message,
       e.data -> '$.metadata' AS metadata
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
       e.data -> '$.expected' AS expected_state, e.data -> '$.actual' AS actual_state,
       e.data -> '$.fields' AS drift_fields, d.is_drifted, d.resolution_status
FROM drift_rows d
JOIN stack_rows s ON s.stream = d.stream AND s.deleted_at IS NULL
JOIN events e ON e.position = d.position;

CREATE VIEW state_locks AS
SELECT s.id AS stack_id, l.lock_id, l.operation, l.who, l.created_at, l.expires_at, l.info
FROM lock_rows l JOIN stack_rows s ON s.stream = l.stream AND s.deleted_at IS NULL
WHERE l.expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now');

CREATE VIEW stack_tags AS
SELECT s.id AS stack_id, t.tag, t.created_at, t.created_by
FROM tag_rows t JOIN stack_rows s ON s.stream = t.stream AND s.deleted_at IS NULL;

CREATE VIEW stack_executions AS
SELECT x.id, s.id AS stack_id, x.number AS execution_number, x.status, x.started_at, x.completed_at, x.duration,
       e.data -> '$.taskResults' AS task_results, x.error_message
FROM execution_rows x
JOIN stack_rows s ON s.stream = x.stream AND s.deleted_at IS NULL
LEFT JOIN events e ON e.position = x.finished;

CREATE VIEW stack_versions AS
SELECT s.id AS stack_id, e.version, c.kind, c.added, c.changed, c.removed, c.position, e.hash,
       c.actor AS created_by, c.at AS created_at, c.description
FROM stack_rows s
JOIN events e ON e.stream = s.stream
JOIN commit_rows c ON c.position = e.position
WHERE c.raised = 1;

CREATE VIEW state_versions AS
SELECT s.id || ':' || l.version AS id, s.id AS stack_id, l.version,
       json_object(
         'stack', (SELECT json(e.data) FROM document_history h JOIN events e ON e.position = h.position
                   WHERE h.stream = c.stream AND h.part = 'document' AND h.version <= c.version
                   ORDER BY h.version DESC LIMIT 1),
         'outputs', (SELECT json_group_object(o.name, json(e.data -> '$.value'))
                     FROM (SELECT DISTINCT name FROM output_history WHERE stream = c.stream) o
                     JOIN output_history h ON h.stream = c.stream AND h.name = o.name AND h.present = 1
                      AND h.version = (SELECT max(version) FROM output_history
                                       WHERE stream = c.stream AND name = o.name AND version <= c.version)
                     JOIN events e ON e.position = h.position),
         'resources', (SELECT json_group_array(json_object(
                                'id', coalesce(e.data ->> '$.id', 'res-' || r.resource), 'module', r.module, 'type', r.type,
                                'name', r.name, 'properties', json(e.data -> '$.properties'),
                                'dependencies', json(e.data -> '$.dependencies'), 'state', e.data ->> '$.state',
                                'checksum', e.data ->> '$.checksum', 'metadata', json(e.data -> '$.metadata')))
                       FROM resource_rows r ${RESOURCE_AT_VERSION.sqlite}
                       WHERE r.stream = c.stream)
       ) AS state_snapshot,
       coalesce(n.created_at, c.at) AS created_at, coalesce(n.created_by, c.actor) AS created_by,
       coalesce(n.description, c.description) AS description, l.hash AS checksum
FROM stack_rows s
JOIN events l ON l.stream = s.stream
JOIN commit_rows c ON c.position = l.position
LEFT JOIN snapshot_rows n ON n.position = (SELECT max(position) FROM snapshot_rows
                                           WHERE stream = c.stream AND version = c.version)
WHERE c.raised = 1;

CREATE VIEW state_activity AS
SELECT e.position AS id, s.id AS stack_id, e.type AS action, e.data AS details, e.version,
       e.recorded_at AS created_at, e.meta ->> '$.actor' AS created_by
FROM events e LEFT JOIN stack_rows s ON s.stream = e.stream;
`;

export const SCHEMA = EVENT_LOG + CHECKPOINTS + LOG_KEY + TABLE_NAMES.map(projectionTable).join('') + VIEWS;

/** The history by resource and version. Schemas 4 and 5 kept it in the order of the log. */
const HISTORY_BY_RESOURCE = `
PRAGMA legacy_alter_table = ON;
ALTER TABLE resource_history RENAME TO earlier_history;
PRAGMA legacy_alter_table = OFF;
${projectionTable('resource_history')}INSERT INTO resource_history
SELECT resource, version, position, present
FROM (SELECT resource, version, position, present, previous FROM earlier_history) ORDER BY resource, version;
DROP TABLE earlier_history;`;

/** Commits with the principal of their command id, which earlier releases did not record. */
const COMMITS_WITH_PRINCIPAL = `
PRAGMA legacy_alter_table = ON;
ALTER TABLE commit_rows RENAME TO earlier_commits;
PRAGMA legacy_alter_table = OFF;
DROP INDEX IF EXISTS commit_rows_by_command; DROP INDEX IF EXISTS commit_rows_by_command_2;
${projectionTable('commit_rows')}INSERT INTO commit_rows
SELECT position, first_position, stream, version, raised, kind, added, changed, removed, command_id, actor, at,
       description, ''
FROM earlier_commits ORDER BY position;
DROP TABLE earlier_commits;`;

/** From schemas 1 to 3: the log has another guard and other indexes, and some tables are missing. */
const toSchema4 = (present: ReadonlySet<string>): string[] => [
  'DROP INDEX events_by_stream; DROP INDEX events_signals; DROP TRIGGER events_append_only;',
  LOG_INDEXES,
  APPEND_ONLY,
  ...TABLE_NAMES.filter((table) => !present.has(table)).map(projectionTable),
  'DROP INDEX IF EXISTS commit_rows_by_version; DROP INDEX IF EXISTS commit_rows_by_version_2;',
];

const DROP_VIEWS = [...VIEWS.matchAll(/CREATE VIEW (\w+)/g)]
  .map(([, view]) => `DROP VIEW IF EXISTS ${view};`)
  .join('\n');

/**
 * Upgrades a database of an earlier schema to this one. The log's table and its rows stay as they are. An interrupted rebuild
 * starts again. A step here must recreate a table that has new columns; the new version of its projector makes the opening
 * fill it.
 * @param from the earlier schema
 * @param present the names of the tables in it
 * @returns SQL in parts, to run in order
 */
export const upgrade = (from: number, present: ReadonlySet<string>): string[] => [
  ...[...present].filter((name) => name.startsWith('rebuild_')).map((name) => `DROP TABLE ${name};`),
  DROP_VIEWS,
  ...(from < 4 ? toSchema4(present) : from < 6 ? [HISTORY_BY_RESOURCE] : []),
  ...(from < 5 ? [LOG_KEY, COMMITS_WITH_PRINCIPAL] : []),
  VIEWS,
];
