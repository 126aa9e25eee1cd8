import type { EventData } from '../../../events/index.js';
import { type Json, parseStoredJson } from '../../../kernel/json.js';
import type { DriftRecord, ExecutionRecord, LockRecord, TagRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import type { Statements } from '../statements.js';

const LOCK = 'SELECT * FROM lock_rows WHERE stream = ?';

export function readLock(sql: Statements, stream: number): LockRecord | undefined {
  const row = sql(LOCK).get(stream) as Tables['lock_rows'] | undefined;
  return (
    row && {
      lockId: row.lock_id,
      token: row.token,
      operation: row.operation,
      who: row.who,
      info: row.info,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }
  );
}

const TAGS = 'SELECT * FROM tag_rows WHERE stream = ? ORDER BY tag';
const HAS_TAG = 'SELECT 1 FROM tag_rows WHERE stream = ? AND tag = ?';

export function readTags(sql: Statements, stream: number): TagRecord[] {
  return (sql(TAGS).all(stream) as Tables['tag_rows'][]).map((row) => ({
    tag: row.tag,
    createdAt: row.created_at,
    createdBy: row.created_by,
  }));
}

export const hasTag = (sql: Statements, stream: number, tag: string): boolean =>
  sql(HAS_TAG).get(stream, tag) !== undefined;

type DriftRow = Tables['drift_rows'] & { data: string; recorded_at: string };

const DRIFT = 'SELECT d.*, e.data, e.recorded_at FROM drift_rows d JOIN events e ON e.position = d.position';
const DRIFT_OF_STACK = `${DRIFT} WHERE d.stream = ? ORDER BY d.position DESC`;
const LAST_DRIFT_OF_RESOURCE = `${DRIFT} WHERE d.stream = ? AND d.resource_id = ? ORDER BY d.position DESC LIMIT 1`;

function toDrift(row: DriftRow): DriftRecord {
  const { expected, actual, fields, changes } = parseStoredJson(row.data) as unknown as EventData['DriftDetected'];
  return {
    id: row.position,
    resource: row.resource,
    resourceId: row.resource_id,
    detectedAt: row.recorded_at,
    expected,
    actual,
    fields,
    changes: changes as DriftRecord['changes'],
    isDrifted: row.is_drifted === 1,
    resolutionStatus: row.resolution_status,
    resolvedAt: row.resolved_at,
    reason: row.reason,
    ignoredUntil: row.ignored_until,
  };
}

export const readDrift = (sql: Statements, stream: number): DriftRecord[] =>
  (sql(DRIFT_OF_STACK).all(stream) as DriftRow[]).map(toDrift);

/** The last finding for a resource, whatever became of it. */
export function lastDriftOf(sql: Statements, stream: number, resourceId: string): DriftRecord | undefined {
  const row = sql(LAST_DRIFT_OF_RESOURCE).get(stream, resourceId) as DriftRow | undefined;
  return row && toDrift(row);
}

type ExecutionRow = Tables['execution_rows'] & { data: string | null };

const EXECUTION = 'SELECT x.*, e.data FROM execution_rows x LEFT JOIN events e ON e.position = x.finished';
const EXECUTIONS = `${EXECUTION} WHERE x.stream = ? ORDER BY x.number DESC LIMIT ?`;
const EXECUTION_BY_ID = `${EXECUTION} WHERE x.stream = ? AND x.id = ?`;

const toExecution = (row: ExecutionRow): ExecutionRecord => ({
  number: row.number,
  id: row.id,
  status: row.status,
  startedAt: row.started_at,
  completedAt: row.completed_at,
  duration: row.duration,
  error: row.error_message,
  taskResults:
    row.data === null ? null : ((parseStoredJson(row.data) as { readonly taskResults: Json }).taskResults ?? null),
});

export const readExecutions = (sql: Statements, stream: number, limit: number): ExecutionRecord[] =>
  (sql(EXECUTIONS).all(stream, limit) as ExecutionRow[]).map(toExecution);

export function executionById(sql: Statements, stream: number, id: string): ExecutionRecord | undefined {
  const row = sql(EXECUTION_BY_ID).get(stream, id) as ExecutionRow | undefined;
  return row && toExecution(row);
}
