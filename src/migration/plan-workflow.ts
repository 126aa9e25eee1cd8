import { equalJson, type Json } from '../lib/json.js';
import { activityStep, driftSteps, lockedByStep, lockSteps, type Stack, tagSteps } from './annotations.js';
import { cell, cellJson, instantOf, nameOf } from './cells.js';
import { type Content, copyOf, emptyContent, type StateRead } from './content.js';
import { executionSteps } from './execution.js';
import { openNames } from './names.js';
import { type Ledger, openLedger } from './report.js';
import { type Action, actionOf } from './resources.js';
import type { LegacyRecord, LegacyWorkflow } from './source/source.js';
import { stateSteps } from './state.js';
import { commandId, inOrder, ORDER, type Step, UNKNOWN } from './steps.js';

/** What the target holds of a workflow that an earlier run took. */
export interface Before {
  /** As the migration left it. */
  readonly content: Content;
  /** Ids of the migration's commands that were carried out. */
  readonly done: ReadonlySet<string>;
  /** Why nothing more is taken into it, in words: somebody else changed or deleted it. */
  readonly refusal: string | undefined;
  /** `created_at` and `name` of the workflow it was made of. */
  readonly createdAt: Json;
  readonly oldName: Json;
  /** What the migration called it. */
  readonly name: string;
  /** The time of its last event. */
  readonly last: string;
}

/** What others in the target bear. */
export interface Avoid {
  /** Names of stacks. */
  readonly names: ReadonlySet<string>;
  /** Ids of resources. */
  readonly ids: ReadonlySet<string>;
  /** Addresses that belong to other types and names, also of resources that are gone. */
  readonly addresses: ReadonlyMap<string, { readonly type: string; readonly name: string }>;
}

export interface PlanOptions {
  /** When the migration began, ISO-8601 UTC. */
  readonly until: string;
  /** Undefined for what the target does not hold. */
  readonly before: Before | undefined;
  /** The name it got, where an earlier try of this migration or an earlier one made it. */
  readonly bears: string | undefined;
  readonly avoid: Avoid;
}

/** What is to be done for one stack, and what becomes of each of its rows. */
export interface Plan {
  readonly stack: { readonly id: string; readonly name: string };
  readonly steps: readonly Step[];
  /** Its old versions and its current state, as read. */
  readonly states: readonly StateRead[];
  readonly records: readonly LegacyRecord[];
  readonly ledger: Ledger;
}

/** The commands that take a workflow in, with its locks. Pure: the same rows give the same commands. */
export function planWorkflow(workflow: LegacyWorkflow, options: PlanOptions): Plan {
  const ledger = openLedger();
  const record = workflow.workflow;
  const { resources, outputs, versions, drift, tags, activity, locks } = workflow;
  const records = [record, ...resources, ...outputs, ...versions, ...drift, ...tags, ...activity, ...locks];
  const { before, until } = options;
  const raw = cell(record.row, 'id');
  const id = nameOf(raw, 'id', '', 128);
  const unfit =
    id.value === ''
      ? 'the workflow has no id'
      : before && !equalJson(before.createdAt, cellJson(cell(record.row, 'created_at')))
        ? `another workflow with the id ${id.value} was taken in before`
        : undefined;
  if (unfit !== undefined) ledger.rejected(record, unfit);
  ledger.take(record, id);
  const [planned] =
    unfit === undefined ? ledger.attempt(record, () => stepsOf(workflow, id.value, options, ledger)) : [];
  const name = stackName(record, id.value, options, ledger);
  if (!planned) {
    for (const one of records) ledger.rejected(one, 'its workflow is not taken');
    return { stack: { id: id.value, name }, steps: [], states: [], records, ledger };
  }
  const creation: Step = {
    id: commandId(id.value, 'workflow_states'),
    at: startOf(record, until, ledger),
    order: ORDER.create,
    actor: UNKNOWN,
    command: { type: 'createStack', id: id.value, name },
    record,
  };
  const renaming = before && name !== before.name ? [renamed(id.value, name, record)] : [];
  const all = [creation, ...renaming, ...planned.steps];
  const steps = finish(all, record, options, ledger);
  return { stack: { id: id.value, name }, steps, states: planned.states, records, ledger };
}

/** Leaves out what was carried out before, and puts the rest in its order. */
export function finish(
  all: readonly Step[],
  whole: LegacyRecord | undefined,
  { before, until }: PlanOptions,
  ledger: Ledger,
): Step[] {
  const steps = told(all);
  const isDone = ({ id }: Step): boolean => before?.done.has(id) ?? false;
  for (const step of steps) if (step.record && step.record !== whole && isDone(step)) ledger.known(step.record);
  const todo = steps.filter((step) => !isDone(step));
  if (before?.refusal !== undefined) {
    for (const { record } of todo) if (record) ledger.rejected(record, before.refusal);
    return [];
  }
  const from = before?.last ?? steps[0]?.at ?? until;
  return inOrder(todo, from < until ? from : until, until, ledger);
}

/** Rows of one id would give one command id, and only the first of them would be carried out. */
function told(steps: readonly Step[]): Step[] {
  const seen = new Map<string, number>();
  return steps.map((step) => {
    const times = seen.get(step.id) ?? 0;
    seen.set(step.id, times + 1);
    return times === 0 ? step : { ...step, id: commandId(step.id, times) };
  });
}

/** The source calls the workflow otherwise than when it was taken in. */
const renamed = (id: string, name: string, record: LegacyRecord): Step => ({
  id: commandId(id, 'name', cellJson(cell(record.row, 'name')), cellJson(cell(record.row, 'updated_at'))),
  at: instantOf(cell(record.row, 'updated_at')) ?? '',
  order: ORDER.start,
  actor: UNKNOWN,
  command: { type: 'updateStack', stack: id, name },
});

function stackName(record: LegacyRecord, id: string, { before, bears, avoid }: PlanOptions, ledger: Ledger): string {
  const name = ledger.take(record, nameOf(cell(record.row, 'name'), 'name', id));
  const isSame = !before || equalJson(before.oldName, cellJson(cell(record.row, 'name')));
  const keeps = bears !== undefined && bears !== name && isSame;
  if (!keeps && !avoid.names.has(name)) return name;
  const other = keeps ? bears : nameOf(`${name}-${id}`, 'name', id).value;
  ledger.repaired(record, { problem: `another stack is called ${name}`, done: `became "${other}"` });
  return other;
}

function startOf(record: LegacyRecord, until: string, ledger: Ledger): string {
  const { row } = record;
  const created = instantOf(cell(row, 'created_at'));
  if (created !== undefined) return created;
  const at = instantOf(cell(row, 'started_at')) ?? instantOf(cell(row, 'updated_at')) ?? until;
  ledger.repaired(record, { problem: 'created_at is no time', done: `${at} was taken` });
  return at;
}

/** All but the creation. */
function stepsOf(
  workflow: LegacyWorkflow,
  id: string,
  { until, before, avoid }: PlanOptions,
  ledger: Ledger,
): { steps: Step[]; states: StateRead[] } {
  const record = workflow.workflow;
  const created = startOf(record, until, openLedger()); // noted where the stack is made
  const start = created < until ? created : until;
  const content = before ? copyOf(before.content) : emptyContent();
  const names = openNames([...content.resources, ...avoid.addresses]);
  const actions = workflow.resources.flatMap((row) => ledger.attempt(row, () => actionOf(row, names, ledger)));
  const execution = executionSteps(record, id, start, ledger);
  const known = { id, start, until, actions, execution, before, content, names, taken: avoid.ids, ledger };
  const state = stateSteps(workflow, known);
  const stack: Stack = { id, start, ledger, resource: namesOf(actions, content.ids) };
  const signals = [
    ...tagSteps(workflow.tags, stack),
    ...driftSteps(workflow.drift, stack),
    ...workflow.activity.flatMap((row) => ledger.attempt(row, () => activityStep(row, stack))),
    ...lockedByStep(record, stack, instantOf(cell(record.row, 'updated_at')) ?? start),
    ...lockSteps(workflow.locks, until, stack),
  ];
  return { steps: [...state.steps, ...signals], states: state.states };
}

/** What is called here what the old system calls by an id or address: by the id of its own that it has here, if any. */
function namesOf(actions: readonly Action[], ids: ReadonlyMap<string, string>): Stack['resource'] {
  const named = new Map(actions.flatMap((action) => (action.id === undefined ? [] : [[action.id, action] as const])));
  return (id) => {
    const action = named.get(id);
    const address = action?.address ?? id;
    return { ref: ids.get(address) ?? address, type: action?.type };
  };
}
