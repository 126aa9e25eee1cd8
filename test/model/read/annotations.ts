import { byBytes } from '../../../src/lib/order.js';
import type {
  DriftRecord,
  DriftRuleRecord,
  ExecutionRecord,
  LockRecord,
  LockTaker,
  TagRecord,
} from '../../../src/store/records.js';
import {
  toDriftRecord,
  toDriftRuleRecord,
  toExecutionRecord,
  toLockRecord,
  toLockTaker,
  toTagRecord,
} from '../../../src/store/to-records.js';
import { eventAt, valueAt } from '../log.js';
import type { MemoryState } from '../state.js';
import { keyText } from '../tables.js';
import { limited, rowsOf } from './rows.js';

export function readLock({ tables }: MemoryState, stream: number): LockRecord | undefined {
  const row = tables.lock_rows.get(keyText('lock_rows', { stream }));
  return row && toLockRecord(row);
}

export function readLockTaker({ log, tables }: MemoryState, stream: number): LockTaker | undefined {
  const row = tables.lock_rows.get(keyText('lock_rows', { stream }));
  return row && toLockTaker(eventAt(log, row.token).meta);
}

export const readTags = ({ tables }: MemoryState, stream: number): TagRecord[] =>
  rowsOf(tables.tag_rows, stream)
    .sort((a, b) => byBytes(a.tag, b.tag))
    .map(toTagRecord);

export const hasTag = ({ tables }: MemoryState, stream: number, tag: string): boolean =>
  tables.tag_rows.has(keyText('tag_rows', { stream, tag }));

export const readDrift = ({ log, tables }: MemoryState, stream: number): DriftRecord[] =>
  rowsOf(tables.drift_rows, stream)
    .sort((a, b) => b.position - a.position)
    .map((row) => toDriftRecord(row, valueAt(log, row.position)));

export function readDrifted({ tables }: MemoryState, stream: number): string[] {
  const open = rowsOf(tables.drift_rows, stream).filter((row) => row.is_drifted === 1);
  return [...new Set(open.map((row) => row.resource_id))].sort(byBytes);
}

/** The last finding for a resource, in any status. */
export const lastDriftOf = (state: MemoryState, stream: number, resourceId: string): DriftRecord | undefined =>
  readDrift(state, stream).find((finding) => finding.resourceId === resourceId);

export const readDriftRules = ({ tables }: MemoryState, stream: number): DriftRuleRecord[] =>
  rowsOf(tables.drift_rule_rows, stream)
    .sort((a, b) => a.position - b.position)
    .map(toDriftRuleRecord);

export const readExecutions = ({ log, tables }: MemoryState, stream: number, limit: number): ExecutionRecord[] =>
  limited(
    rowsOf(tables.execution_rows, stream).sort((a, b) => b.number - a.number),
    limit,
  ).map((row) => toExecutionRecord(row, row.finished === null ? null : valueAt(log, row.finished)));

export const executionById = (state: MemoryState, stream: number, id: string): ExecutionRecord | undefined =>
  readExecutions(state, stream, -1).find((execution) => execution.id === id);
