import { assertJson, type Json } from '../lib/json.js';
import { byBytes } from '../lib/order.js';
import { asWritten, cell, instantOf, rowJson } from './cells.js';
import { freeName } from './names.js';
import { LONGEST_KEY } from './outputs.js';
import { finish, type Plan, type PlanOptions } from './plan-workflow.js';
import { openLedger } from './report.js';
import type { LegacyRecord } from './source/source.js';
import { commandId, ORDER, type Step, UNKNOWN } from './steps.js';

/** The stack that holds what belonged to no workflow. */
export const SHARED_STACK = 'workflow-state';

/** The id of the command that makes it. */
export const SHARED_CREATION = commandId(SHARED_STACK, 'state');

/** The old system's key-value store, and locks that name no workflow, at least one of them. */
export function planShared(state: readonly LegacyRecord[], locks: readonly LegacyRecord[], options: PlanOptions): Plan {
  const records = [...state, ...locks];
  const ledger = openLedger();
  const { until } = options;
  const stack = {
    id: SHARED_STACK,
    name: options.avoid.names.has(SHARED_STACK) ? `old-${SHARED_STACK}` : SHARED_STACK,
  };
  const timeOf = (record: LegacyRecord, ...columns: readonly string[]): string => {
    const known = columns.map((column) => instantOf(cell(record.row, column))).find((at) => at !== undefined);
    if (known === undefined) {
      ledger.repaired(record, { problem: `${columns[0]} is no time`, done: `${until} was taken` });
    }
    return known ?? until;
  };
  const step = (record: LegacyRecord, at: string, command: Step['command']): Step => ({
    id: commandId(SHARED_STACK, record.table, record.id, rowJson(record.row)),
    at,
    order: ORDER.signal,
    actor: UNKNOWN,
    command,
    record,
  });
  const outputs = new Map<string, Json>();
  const values = state.flatMap((record) =>
    ledger.attempt(record, () => {
      const value = ledger.take(record, asWritten(cell(record.row, 'value'), 'value'));
      assertJson(value, 'value');
      const name = freeName(outputs, record, cell(record.row, 'key'), 'key', LONGEST_KEY, ledger);
      outputs.set(name, value);
      const command: Step['command'] = {
        type: 'apply',
        kind: 'import',
        stack: SHARED_STACK,
        outputs: [{ name, value }],
      };
      return step(record, timeOf(record, 'updated_at', 'created_at'), command);
    }),
  );
  const notes = locks.map((record) => {
    ledger.repaired(record, { problem: 'it names no workflow', done: `it is in the history of ${SHARED_STACK}` });
    const details = rowJson(record.row);
    const command: Step['command'] = { type: 'recordActivity', stack: SHARED_STACK, action: 'lock', details };
    return step(record, timeOf(record, 'acquired_at'), command);
  });
  const all = [...values, ...notes];
  const creation: Step = {
    id: SHARED_CREATION,
    at: all.map(({ at }) => at).sort(byBytes)[0] ?? until,
    order: ORDER.create,
    actor: UNKNOWN,
    command: { type: 'createStack', ...stack },
  };
  const steps = finish([creation, ...all], undefined, options, ledger);
  // A version of the output that a later row replaced is in the history.
  const current = new Map(
    values.flatMap(({ record, command }) =>
      command.type === 'apply' && record
        ? (command.outputs ?? []).map(({ name, value }) => [name, { value: value as Json, record }] as const)
        : [],
    ),
  );
  const states =
    values.length === 0
      ? []
      : [{ step: undefined, record: values[0]?.record as LegacyRecord, resources: [], outputs: current }];
  return { stack, steps, states, records, ledger };
}
