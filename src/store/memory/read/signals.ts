import type { EventData } from '../../../events/index.js';
import { type Json, parseStoredJson } from '../../../kernel/json.js';
import { byBytes } from '../../../kernel/order.js';
import type { DriftRecord, ExecutionRecord, LockRecord, TagRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { eventAt, type MemoryLog } from '../log.js';
import type { MemoryState } from '../state.js';
import { keyText } from '../tables.js';
import { limited, rowsOf } from './rows.js';

export function readLock({ tables }: MemoryState, stream: number): LockRecord | undefined {
  const row = tables.lock_rows.get(keyText('lock_rows', { stream }));
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

export const readTags = ({ tables }: MemoryState, stream: number): TagRecord[] =>
  rowsOf(tables.tag_rows, stream)
    .sort((a, b) => byBytes(a.tag, b.tag))
    .map((row) => ({ tag: row.tag, createdAt: row.created_at, createdBy: row.created_by }));

export const hasTag = ({ tables }: MemoryState, stream: number, tag: string): boolean =>
  tables.tag_rows.has(keyText('tag_rows', { stream, tag }));

function toDrift(log: MemoryLog, row: Tables['drift_rows']): DriftRecord {
  const event = eventAt(log, row.position);
  const { expected, actual, fields, changes } = parseStoredJson(event.data) as unknown as EventData['DriftDetected'];
  return {
    id: row.position,
    resource: row.resource,
    resourceId: row.resource_id,
    detectedAt: event.recordedAt,
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

export const readDrift = ({ log, tables }: MemoryState, stream: number): DriftRecord[] =>
  rowsOf(tables.drift_rows, stream)
    .sort((a, b) => b.position - a.position)
    .map((row) => toDrift(log, row));

/** The last finding for a resource, whatever became of it. */
export const lastDriftOf = (state: MemoryState, stream: number, resourceId: string): DriftRecord | undefined =>
  readDrift(state, stream).find((finding) => finding.resourceId === resourceId);

function toExecution(log: MemoryLog, row: Tables['execution_rows']): ExecutionRecord {
  const end = row.finished === null ? undefined : parseStoredJson(eventAt(log, row.finished).data);
  return {
    number: row.number,
    id: row.id,
    status: row.status,
    startedAt: row.started_at,
    completedAt: row.completed_at,
    duration: row.duration,
    error: row.error_message,
    taskResults: (end as { readonly taskResults?: Json } | undefined)?.taskResults ?? null,
  };
}

export const readExecutions = ({ log, tables }: MemoryState, stream: number, limit: number): ExecutionRecord[] =>
  limited(
    rowsOf(tables.execution_rows, stream).sort((a, b) => b.number - a.number),
    limit,
  ).map((row) => toExecution(log, row));

export const executionById = (state: MemoryState, stream: number, id: string): ExecutionRecord | undefined =>
  readExecutions(state, stream, -1).find((execution) => execution.id === id);
