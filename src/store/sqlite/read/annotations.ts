import type { DriftRecord, DriftRuleRecord, ExecutionRecord, LockRecord, LockTaker, TagRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import {
  toDriftRecord,
  toDriftRuleRecord,
  toExecutionRecord,
  toLockRecord,
  toLockTaker,
  toTagRecord,
} from '../../to-records.js';
import type { Statements } from '../statements.js';

const LOCK = 'SELECT * FROM lock_rows WHERE stream = ?';

export function readLock(sql: Statements, stream: number): LockRecord | undefined {
  const row = sql(LOCK).get(stream) as Tables['lock_rows'] | undefined;
  return row && toLockRecord(row);
}

/** Its token is the position of the event that took it. */
const LOCK_TAKER = 'SELECT e.meta FROM lock_rows l JOIN events e ON e.position = l.token WHERE l.stream = ?';

export function readLockTaker(sql: Statements, stream: number): LockTaker | undefined {
  const row = sql(LOCK_TAKER).get(stream) as { meta: string } | undefined;
  return row && toLockTaker(row.meta);
}

const TAGS = 'SELECT * FROM tag_rows WHERE stream = ? ORDER BY tag';
const HAS_TAG = 'SELECT 1 FROM tag_rows WHERE stream = ? AND tag = ?';

export function readTags(sql: Statements, stream: number): TagRecord[] {
  return (sql(TAGS).all(stream) as Tables['tag_rows'][]).map(toTagRecord);
}

export const hasTag = (sql: Statements, stream: number, tag: string): boolean =>
  sql(HAS_TAG).get(stream, tag) !== undefined;

type DriftRow = Tables['drift_rows'] & { data: string; recorded_at: string };

const DRIFT = 'SELECT d.*, e.data, e.recorded_at FROM drift_rows d JOIN events e ON e.position = d.position';
const DRIFT_OF_STACK = `${DRIFT} WHERE d.stream = ? ORDER BY d.position DESC`;
const LAST_DRIFT_OF_RESOURCE = `${DRIFT} WHERE d.stream = ? AND d.resource_id = ? ORDER BY d.position DESC LIMIT 1`;

const toDrift = (row: DriftRow): DriftRecord => toDriftRecord(row, { data: row.data, recordedAt: row.recorded_at });

export const readDrift = (sql: Statements, stream: number): DriftRecord[] =>
  (sql(DRIFT_OF_STACK).all(stream) as DriftRow[]).map(toDrift);

const DRIFTED = 'SELECT DISTINCT resource_id FROM drift_rows WHERE stream = ? AND is_drifted = 1 ORDER BY resource_id';

export const readDrifted = (sql: Statements, stream: number): string[] => sql(DRIFTED).pluck().all(stream) as string[];

/** The last finding for a resource, whatever became of it. */
export function lastDriftOf(sql: Statements, stream: number, resourceId: string): DriftRecord | undefined {
  const row = sql(LAST_DRIFT_OF_RESOURCE).get(stream, resourceId) as DriftRow | undefined;
  return row && toDrift(row);
}

const DRIFT_RULES = 'SELECT * FROM drift_rule_rows WHERE stream = ? ORDER BY position';

export const readDriftRules = (sql: Statements, stream: number): DriftRuleRecord[] =>
  (sql(DRIFT_RULES).all(stream) as Tables['drift_rule_rows'][]).map(toDriftRuleRecord);

type ExecutionRow = Tables['execution_rows'] & { data: string | null };

const EXECUTION = 'SELECT x.*, e.data FROM execution_rows x LEFT JOIN events e ON e.position = x.finished';
const EXECUTIONS = `${EXECUTION} WHERE x.stream = ? ORDER BY x.number DESC LIMIT ?`;
const EXECUTION_BY_ID = `${EXECUTION} WHERE x.stream = ? AND x.id = ?`;

const toExecution = (row: ExecutionRow): ExecutionRecord => toExecutionRecord(row, row.data);

export const readExecutions = (sql: Statements, stream: number, limit: number): ExecutionRecord[] =>
  (sql(EXECUTIONS).all(stream, limit) as ExecutionRow[]).map(toExecution);

export function executionById(sql: Statements, stream: number, id: string): ExecutionRecord | undefined {
  const row = sql(EXECUTION_BY_ID).get(stream, id) as ExecutionRow | undefined;
  return row && toExecution(row);
}
