import type { Command } from '../commands/index.js';
import { nameOf } from './cells.js';
import type { Row } from './row.js';
import { commandId, later, ORDER, type Step, stepOf } from './steps.js';

/** Not started yet. */
const PENDING = 'pending';
const FAILED = ['failed', 'rolled_back'];
const ENDED = ['success', ...FAILED];

/**
 * A workflow is one execution of its stack: its start, and its end if it has ended.
 * @param start the time of a workflow without a start time
 */
export function executionSteps(row: Row, stack: string, start: string): Step[] {
  const status = nameOf(row.cell('status'), 'status', 'unknown', 64).value; // recorded with the current state
  if (status === PENDING) return [];
  const started = row.time('started_at') ?? start;
  // Only the row's own value, so that the next run recognises it.
  const stated = row.time('started_at', 'created_at');
  const executionId = stated === undefined ? stack : nameOf(`${stack}@${stated}`, 'id', stack, 128).value;
  const step = (part: 'start' | 'end', at: string, command: Command): Step =>
    stepOf(stack, row, at, ORDER[part], command, { id: commandId(stack, part, executionId) });
  const begun = step('start', started, { type: 'startExecution', stack, executionId });
  const completed = row.time('completed_at');
  if (completed === undefined && !ENDED.includes(status)) return [begun];
  const at = completed ?? row.time('updated_at') ?? started;
  if (completed === undefined) row.repaired(`it is ${status}, and completed_at is no time`, `${at} was taken`);
  if (at < started) row.repaired(`it ended at ${at}, before it began`, `recorded at ${started}`);
  const durationMs = durationOf(row);
  const ending = { stack, executionId, ...(durationMs !== undefined && { durationMs }) };
  const command: Command = FAILED.includes(status)
    ? { type: 'failExecution', ...ending, error: row.prose('error_msg') }
    : { type: 'completeExecution', ...ending };
  return [begun, step('end', later(started, at), command)];
}

function durationOf(row: Row): number | undefined {
  const value = row.cell('duration_seconds');
  if (value === null) return undefined;
  const isNumber = typeof value !== 'string' ? !(value instanceof Uint8Array) : /^\d+(\.\d+)?$/.test(value);
  const milliseconds = Math.round(Number(value) * 1_000);
  if (isNumber && Number.isSafeInteger(milliseconds) && milliseconds >= 0) return milliseconds;
  row.repaired('duration_seconds is no duration', 'the times were taken');
  return undefined;
}
