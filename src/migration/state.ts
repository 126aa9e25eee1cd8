import type { Command } from '../commands/index.js';
import { sha256 } from '../lib/digest.js';
import { assertJson, type JsonObject, stringifyJson } from '../lib/json.js';
import { counterOf, nameOf, rowJson } from './cells.js';
import { type Content, changeTo, type StateChange, type StateRead, type Target } from './content.js';
import { addressOf, type Names } from './names.js';
import { type Action, inTime, resourcesOf } from './resources.js';
import type { Row, Rows } from './row.js';
import { commandId, later, ORDER, type Step, stepOf } from './steps.js';
import { currentOutputs, type Version, versionOutputs, versionsOf } from './versions.js';

/** The context of a workflow's planning. */
export interface Known {
  /** The stack's id. */
  readonly id: string;
  /** Its creation, ISO-8601 UTC. */
  readonly start: string;
  /** The start of the migration, ISO-8601 UTC. */
  readonly until: string;
  readonly rows: Rows;
  readonly actions: readonly Action[];
  readonly before:
    | { readonly done: ReadonlySet<string>; readonly refusal: string | undefined; readonly last: string }
    | undefined;
  /** The content of the target; each planned change is applied to it. */
  readonly content: Content;
  readonly names: Names;
  /** Ids of resources of other stacks. */
  readonly taken: ReadonlySet<string>;
}

/**
 * The steps that raise the version, in order: the execution, the old versions, earlier rows, and the current state. Each is
 * a commit of the differences.
 */
export function stateSteps(execution: readonly Step[], known: Known): { steps: Step[]; states: StateRead[] } {
  const { start, before, actions } = known;
  const versions = versionSteps(known);
  const { present, earlier } = inTime(actions);
  const times = versions.steps.map(({ at }) => at);
  const history = historySteps(earlier, times.reduce(later, before?.last ?? start), known);
  const past = [...versions.steps, ...history];
  const current = currentStep(present, execution, past, versions.states.at(-1), known);
  return { steps: [...execution, ...past, ...current.steps], states: [...versions.states, current.state] };
}

function versionSteps(known: Known): { steps: Step[]; states: StateRead[] } {
  const { id, start, rows, actions, names } = known;
  const steps: Step[] = [];
  const states: StateRead[] = [];
  const named = new Map(actions.flatMap((action) => (action.id === undefined ? [] : [[action.id, action] as const])));
  for (const version of versionsOf(rows.versions, start)) {
    const { row, at, actor, reason } = version;
    row.attempt(() => {
      const resources = resourcesOf(version, named, names);
      const outputs = versionOutputs(version);
      const document = documentOf(version, id); // first, because an error must leave the content unchanged
      const stepId = commandId(id, 'state_versions', row.id);
      states.push({ step: stepId, record: row, resources, outputs, document });
      if (!isNew(stepId, row, known)) return;
      const command = commit({ resources, outputs, whole: true }, known, document);
      steps.push(stepOf(id, row, at, ORDER.version, command, { actor, ...(reason && { reason }) }));
    });
  }
  return { steps, states };
}

/** @param from the time of the last version: an earlier row is recorded with that time */
function historySteps(earlier: readonly Action[], from: string, known: Known): Step[] {
  const { id, start } = known;
  const steps: Step[] = [];
  let last = from;
  for (const action of earlier) {
    const { record: row, address, gone } = action;
    row.attempt(() => {
      const stepId = commandId(id, 'workflow_resources', row.id, rowJson(row.row));
      if (!isNew(stepId, row, known)) return;
      last = later(last, action.at ?? start);
      const step = (command: Command, more: Partial<Step> = {}) =>
        steps.push(stepOf(id, row, last, ORDER.history, command, { id: stepId, ...more }));
      const change = changed({ resources: [action], whole: false }, known);
      const isHeld = change.resources.length === 0;
      if (!isHeld) step(applied(id, change));
      else if (!gone) step(mention(id, row));
      if (!gone) return;
      const removal = commit({ resources: [], gone: [address], whole: false }, known);
      step(removal, { id: isHeld ? stepId : commandId(stepId, 'gone'), record: undefined });
    });
  }
  return steps;
}

/**
 * @param past the history steps of this run that precede it
 * @param lastVersion undefined if none could be read
 */
function currentStep(
  present: readonly Action[],
  execution: readonly Step[],
  past: readonly Step[],
  lastVersion: StateRead | undefined,
  known: Known,
): { steps: Step[]; state: StateRead } {
  const { id, start, until, rows, before } = known;
  const { workflow } = rows;
  const outputs = currentOutputs(rows.outputs, lastVersion?.outputs);
  const all = [workflow, ...present.map(({ record }) => record), ...Array.from(outputs.values(), ({ row }) => row)];
  const contentId = commandId(id, 'current', sha256(stringifyJson(all.map(({ row }) => rowJson(row)))));
  const isSame = before?.done.has(contentId) ?? false;
  const document = currentDocument(workflow.unrecorded(), id); // its repairs are recorded below
  const state = { step: undefined, record: workflow, resources: present, outputs, document };
  if (isSame && past.length === 0) {
    for (const row of all) row.known();
    return { steps: [], state };
  }
  const change = changed({ resources: present, outputs, whole: true }, known);
  const owners = new Map(present.map(({ address, record }) => [address, record]));
  const differing = new Set([
    workflow,
    ...change.resources.flatMap(({ type, name }) => owners.get(addressOf(type, name)) ?? []),
    ...change.outputs.flatMap(({ name }) => outputs.get(name)?.row ?? []),
  ]);
  if (before) for (const row of all) if (!differing.has(row)) row.known();
  if (before?.refusal !== undefined) {
    for (const row of differing) row.rejected(before.refusal);
    return { steps: [], state };
  }
  const times = Array.from(differing, (row) => {
    const at = row.time('updated_at', 'created_at') ?? '';
    if (at > until) row.repaired(`its time, ${at}, is to come`, `recorded at ${until}`);
    return at;
  });
  const at = [...times, ...execution.map((step) => step.at), ...past.map((step) => step.at)].reduce(
    later,
    before?.last ?? start,
  );
  const command = applied(id, change, currentDocument(workflow, id));
  // New history steps were recorded before an unchanged current state, which must then be stated again.
  const stepId = isSame ? commandId(contentId, ...past.map((step) => step.id)) : contentId;
  return { steps: [stepOf(id, workflow, at, ORDER.current, command, { id: stepId, record: undefined })], state };
}

/** Whether a step must be planned; otherwise its row is known or rejected. */
function isNew(step: string, row: Row, { before }: Known): boolean {
  if (before?.done.has(step)) row.known();
  else if (before?.refusal !== undefined) row.rejected(before.refusal);
  else return true;
  return false;
}

const changed = (wanted: Target, { content, taken }: Known): StateChange => changeTo(content, wanted, taken);

type Document = NonNullable<Extract<Command, { type: 'apply' }>['document']>;

const applied = (stack: string, change: StateChange, document?: Document): Command => ({
  type: 'apply',
  kind: 'import',
  stack,
  ...change,
  ...(document && { document }),
  allowMissing: true,
  dependents: 'leave',
});

const commit = (wanted: Target, known: Known, document?: Document): Command =>
  applied(known.id, changed(wanted, known), document);

/**
 * Records that a row's value is already in the history. A commit without changes would leave no trace, and the next run
 * would execute it again, over later changes.
 */
function mention(stack: string, { row }: Row): Command {
  const details = rowJson(row);
  assertJson(details, 'the row');
  return { type: 'recordActivity', stack, action: 'resource', details };
}

/** Only `success` has another name here. */
const statusOf = (status: string): string => (status === 'success' ? 'completed' : status);

/** @throws InvalidInputError for a header that exceeds the limits of a document */
function originOf(lineage: string, serial: number, header: JsonObject): NonNullable<Document['origin']> {
  assertJson(header, 'origin.header');
  return { format: 'workflow', lineage, serial, header };
}

function documentOf({ row, number, status, metadata, header }: Version, id: string): Document {
  const stated = typeof status === 'string' ? status : stringifyJson(status);
  assertJson(metadata ?? null, 'state.metadata');
  return {
    version: String(number),
    ...(status !== null && { status: statusOf(row.take(nameOf(stated, 'state.status', 'unknown', 64))) }),
    ...(metadata !== undefined && { metadata }),
    origin: originOf(id, number, header),
  };
}

function currentDocument(workflow: Row, id: string): Document {
  const version = workflow.cell('version');
  const serial = counterOf(version);
  if (serial === undefined && version !== null) {
    workflow.repaired('version is no whole number', 'it is kept as the label only');
  }
  return {
    version: workflow.prose('version', 255),
    status: statusOf(workflow.name('status', 'unknown', 64)),
    metadata: workflow.json('metadata'),
    origin: originOf(id, serial ?? 0, { row: rowJson(workflow.row) }),
  };
}
