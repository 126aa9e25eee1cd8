import { equalJson, type Json } from '../lib/json.js';
import { byBytes } from '../lib/order.js';
import { activityStep, driftSteps, lockedByStep, lockSteps, noted, type Stack, tagSteps } from './annotations.js';
import { cellJson, nameOf, rowJson } from './cells.js';
import { type Content, copyOf, type Outputs, type StateRead } from './content.js';
import { executionSteps } from './execution.js';
import { openNames } from './names.js';
import { type Action, actionOf } from './resources.js';
import { Ledger, type Row, type Rows } from './row.js';
import type { LegacyRecord, LegacyWorkflow } from './source/source.js';
import { stateSteps } from './state.js';
import { commandId, later, ORDER, type Step, stepOf } from './steps.js';
import { addOutput } from './versions.js';

/** The state of the target for a workflow that an earlier run migrated. */
export interface Before {
  /** The content after that migration. */
  readonly content: Content;
  /** Ids of the migration's commands that were executed. */
  readonly done: ReadonlySet<string>;
  /** The reason why it is not changed further: another client changed or deleted it. */
  readonly refusal: string | undefined;
  /** `created_at` and `name` of its workflow. */
  readonly createdAt: Json;
  readonly oldName: Json;
  /** The name that the migration gave it. */
  readonly name: string;
  /** The time of its last event. */
  readonly last: string;
}

/** Names and ids in the target that belong to others. */
export interface Avoid {
  /** Names of stacks. */
  readonly names: ReadonlySet<string>;
  /** Ids of resources. */
  readonly ids: ReadonlySet<string>;
  /** Addresses that belong to other types and names, including removed resources. */
  readonly addresses: ReadonlyMap<string, { readonly type: string; readonly name: string }>;
}

export interface PlanOptions {
  /** The start of the migration, ISO-8601 UTC. */
  readonly until: string;
  /** Undefined if the target does not have it. */
  readonly before: Before | undefined;
  /** Its name in the target, if this or an earlier migration created it. */
  readonly targetName: string | undefined;
  readonly avoid: Avoid;
}

/** The steps for one stack, and the outcome of each of its rows. */
export interface Plan {
  readonly stack: { readonly id: string; readonly name: string };
  readonly steps: readonly Step[];
  /** Its old versions and its current state, as read from the source. */
  readonly states: readonly StateRead[];
  readonly records: readonly Row[];
  readonly ledger: Ledger;
}

/** The commands that migrate a workflow. Pure: the same rows give the same commands. */
export function planWorkflow(source: LegacyWorkflow, options: PlanOptions): Plan {
  const ledger = new Ledger();
  const rows = ledger.rowsOf(source);
  const { workflow } = rows;
  const records = Object.values(rows).flat();
  const { before, until } = options;
  const id = nameOf(workflow.cell('id'), 'id', '', 128);
  const unfit = unfitness(workflow, id.value, before);
  if (unfit !== undefined) workflow.rejected(unfit);
  workflow.take(id);
  const [planned] = unfit === undefined ? workflow.attempt(() => stepsOf(rows, id.value, options)) : [];
  const stack = { id: id.value, name: stackName(workflow, id.value, options) };
  if (!planned) {
    for (const row of records) row.rejected('its workflow is not taken');
    return { stack, steps: [], states: [], records, ledger };
  }
  const creation = stepOf(
    stack.id,
    workflow,
    startOf(workflow, until),
    ORDER.create,
    { type: 'createStack', ...stack },
    { id: creationOf(stack.id) },
  );
  const renaming = before && stack.name !== before.name ? [renamed(stack, workflow)] : [];
  const steps = finish([creation, ...renaming, ...planned.steps], workflow, options);
  return { stack, steps, states: planned.states, records, ledger };
}

/** The id of the command that creates a workflow's stack. */
export const creationOf = (id: string): string => commandId(id, 'workflow_states');

function unfitness(workflow: Row, id: string, before: Before | undefined): string | undefined {
  if (id === '') return 'the workflow has no id';
  if (!before || equalJson(before.createdAt, cellJson(workflow.cell('created_at')))) return undefined;
  return `another workflow with the id ${id} was taken in before`;
}

/** The workflow was renamed in the source after its migration. */
const renamed = ({ id, name }: Plan['stack'], workflow: Row): Step => {
  const stated = ['name', 'updated_at'].map((column) => cellJson(workflow.cell(column)));
  const at = workflow.time('updated_at') ?? '';
  const command: Step['command'] = { type: 'updateStack', stack: id, name };
  return stepOf(id, workflow, at, ORDER.start, command, { id: commandId(id, 'name', ...stated), record: undefined });
};

function stackName(workflow: Row, id: string, { before, targetName, avoid }: PlanOptions): string {
  const name = workflow.name('name', id);
  const isSame = !before || equalJson(before.oldName, cellJson(workflow.cell('name')));
  const keeps = targetName !== undefined && targetName !== name && isSame;
  if (!keeps && !avoid.names.has(name)) return name;
  const other = keeps ? targetName : nameOf(`${name}-${id}`, 'name', id).value;
  workflow.repaired(`another stack is called ${name}`, `became "${other}"`);
  return other;
}

const startOf = (workflow: Row, until: string): string =>
  workflow.timeOr(workflow.time('started_at', 'updated_at') ?? until, 'created_at');

/** All steps except the creation. */
function stepsOf(
  rows: Rows,
  id: string,
  { until, before, avoid }: PlanOptions,
): { steps: Step[]; states: StateRead[] } {
  const { workflow } = rows;
  const created = startOf(workflow.unrecorded(), until); // recorded when the stack is created
  const start = created < until ? created : until;
  const content = copyOf(before?.content);
  const names = openNames([...content.resources, ...avoid.addresses]);
  const actions = rows.resources.flatMap((row) => row.attempt(() => actionOf(row, names)));
  const execution = executionSteps(workflow, id, start);
  const known = { id, start, until, rows, actions, before, content, names, taken: avoid.ids };
  const { steps, states } = stateSteps(execution, known);
  const stack: Stack = { id, start, resource: resourceNames(actions, content.ids) };
  const annotations = [
    ...tagSteps(rows.tags, stack),
    ...driftSteps(rows.drift, stack),
    ...rows.activity.flatMap((row) => row.attempt(() => activityStep(row, stack))),
    ...lockedByStep(workflow, stack, workflow.time('updated_at') ?? start),
    ...lockSteps(rows.locks, until, stack),
  ];
  return { steps: [...steps, ...annotations], states };
}

/** The reference here for a legacy id or address: by the resource's own id, if it has one. */
function resourceNames(actions: readonly Action[], ids: ReadonlyMap<string, string>): Stack['resource'] {
  const named = new Map(actions.flatMap((action) => (action.id === undefined ? [] : [[action.id, action] as const])));
  return (id) => {
    const action = named.get(id);
    const address = action?.address ?? id;
    return { ref: ids.get(address) ?? address, type: action?.type };
  };
}

/** The stack for rows without a workflow. */
export const SHARED_STACK = 'workflow-state';

/** The id of the command that creates it. */
export const SHARED_CREATION = commandId(SHARED_STACK, 'state');

/** The legacy key-value store, and locks that name no workflow; at least one of them. */
export function planShared(state: readonly LegacyRecord[], locks: readonly LegacyRecord[], options: PlanOptions): Plan {
  const ledger = new Ledger();
  const [stateRows, lockRows] = [state, locks].map((all) => all.map((one) => ledger.rowOf(one))) as [Row[], Row[]];
  const { until, avoid } = options;
  const id = SHARED_STACK;
  const stack = { id, name: avoid.names.has(id) ? `old-${id}` : id };
  const idOf = (row: Row) => ({ id: commandId(id, row.table, row.id, rowJson(row.row)) });
  const outputs: Outputs = new Map();
  const values = stateRows.flatMap((row) =>
    row.attempt(() => {
      const output = addOutput(outputs, row);
      const at = row.timeOr(until, 'updated_at', 'created_at');
      return stepOf(
        id,
        row,
        at,
        ORDER.annotation,
        { type: 'apply', kind: 'import', stack: id, outputs: [output] },
        idOf(row),
      );
    }),
  );
  const notes = lockRows.map((row) => {
    row.repaired('it names no workflow', `it is in the history of ${id}`);
    return noted(id, row, row.timeOr(until, 'acquired_at'), 'lock', rowJson(row.row), idOf(row));
  });
  const all = [...values, ...notes];
  const [first] = all.map(({ at }) => at).sort(byBytes);
  const command: Step['command'] = { type: 'createStack', ...stack };
  const [row] = [...stateRows, ...lockRows] as [Row];
  const creation = stepOf(id, row, first ?? until, ORDER.create, command, { id: SHARED_CREATION, record: undefined });
  const steps = finish([creation, ...all], undefined, options);
  const [value] = values;
  const states = value?.record ? [{ step: undefined, record: value.record, resources: [], outputs }] : [];
  return { stack, steps, states, records: [...stateRows, ...lockRows], ledger };
}

/**
 * Leaves out the steps that were executed before, and sorts the rest by time, then by kind, then as given.
 * @param whole the row, if several steps are made from it; then no single step determines its outcome
 */
function finish(all: readonly Step[], whole: Row | undefined, { before, until }: PlanOptions): Step[] {
  const steps = withOwnIds(all);
  const isDone = ({ id }: Step): boolean => before?.done.has(id) ?? false;
  for (const step of steps) if (step.record !== whole && isDone(step)) step.record?.known();
  const todo = steps.filter((step) => !isDone(step));
  if (before?.refusal !== undefined) {
    for (const { record } of todo) record?.rejected(before.refusal);
    return [];
  }
  const last = before?.last ?? steps[0]?.at ?? until;
  const from = last < until ? last : until;
  const placed = todo.map((step) => {
    const at = step.at > until ? until : later(from, step.at);
    if (at !== step.at) {
      const problem = `its time, ${step.at}, is ${at < step.at ? 'to come' : 'before that of the stack'}`;
      step.record?.repaired(problem, `recorded at ${at}`);
    }
    return { ...step, at };
  });
  return placed.sort((a, b) => byBytes(a.at, b.at) || a.order - b.order);
}

/** Rows with the same id would give the same command id, and only the first would be executed. */
function withOwnIds(steps: readonly Step[]): Step[] {
  const seen = new Map<string, number>();
  return steps.map((step) => {
    const times = seen.get(step.id) ?? 0;
    seen.set(step.id, times + 1);
    return times === 0 ? step : { ...step, id: commandId(step.id, times) };
  });
}
