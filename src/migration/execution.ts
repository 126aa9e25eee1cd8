import type { Command } from '../commands/index.js';
import { cell, instantOf, nameOf, proseOf } from './cells.js';
import type { Ledger } from './report.js';
import type { LegacyRecord } from './source/source.js';
import { commandId, later, ORDER, type Step, UNKNOWN } from './steps.js';

/** Not begun yet. */
const PENDING = 'pending';
const FAILED = ['failed', 'rolled_back'];
const ENDED = ['success', ...FAILED];

/**
 * A workflow is one execution of its stack: its start, and its end where it has come to one.
 * @param start the time of one that does not say when it began
 */
export function executionSteps(record: LegacyRecord, stack: string, start: string, ledger: Ledger): Step[] {
  const { row } = record;
  const status = nameOf(cell(row, 'status'), 'status', 'unknown', 64).value; // noted with the current state
  if (status === PENDING) return [];
  const started = instantOf(cell(row, 'started_at')) ?? start;
  // Only what the row says, so that the next run knows it again.
  const said = instantOf(cell(row, 'started_at')) ?? instantOf(cell(row, 'created_at'));
  const executionId = said === undefined ? stack : nameOf(`${stack}@${said}`, 'id', stack, 128).value;
  const step = (part: 'start' | 'end', at: string, command: Command): Step => ({
    id: commandId(stack, part, executionId),
    at,
    order: ORDER[part],
    actor: UNKNOWN,
    command,
    record,
  });
  const begun = step('start', started, { type: 'startExecution', stack, executionId });
  const completed = instantOf(cell(row, 'completed_at'));
  if (completed === undefined && !ENDED.includes(status)) return [begun];
  const at = completed ?? instantOf(cell(row, 'updated_at')) ?? started;
  if (completed === undefined) {
    ledger.repaired(record, { problem: `it is ${status}, and completed_at is no time`, done: `${at} was taken` });
  }
  if (at < started) {
    ledger.repaired(record, { problem: `it ended at ${at}, before it began`, done: `recorded at ${started}` });
  }
  const durationMs = durationOf(record, ledger);
  const ending = { stack, executionId, ...(durationMs === undefined ? {} : { durationMs }) };
  const command: Command = FAILED.includes(status)
    ? { type: 'failExecution', ...ending, error: ledger.take(record, proseOf(cell(row, 'error_msg'), 'error_msg')) }
    : { type: 'completeExecution', ...ending };
  return [begun, step('end', later(started, at), command)];
}

function durationOf(record: LegacyRecord, ledger: Ledger): number | undefined {
  const value = cell(record.row, 'duration_seconds');
  if (value === null) return undefined;
  const isNumber = typeof value !== 'string' ? !(value instanceof Uint8Array) : /^\d+(\.\d+)?$/.test(value);
  const milliseconds = Math.round(Number(value) * 1_000);
  if (isNumber && Number.isSafeInteger(milliseconds) && milliseconds >= 0) return milliseconds;
  ledger.repaired(record, { problem: 'duration_seconds is no duration', done: 'the times were taken' });
  return undefined;
}
