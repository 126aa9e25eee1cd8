import type { Command } from '../commands/index.js';
import { resourceAddress } from '../events/index.js';
import { sha256 } from '../lib/digest.js';
import { assertJson, type Json, type JsonObject, stringifyJson } from '../lib/json.js';
import { byBytes } from '../lib/order.js';
import { cell, counterOf, instantOf, jsonOf, nameOf, proseOf, rowJson } from './cells.js';
import { type Content, changeTo, type StateChange, type StateRead, type Target } from './content.js';
import type { Names } from './names.js';
import { currentOutputs, versionOutputs } from './outputs.js';
import { type Ledger, openLedger } from './report.js';
import { type Action, byAddress, resourcesOf } from './resources.js';
import type { LegacyRecord, LegacyWorkflow } from './source/source.js';
import { commandId, later, ORDER, type Step, UNKNOWN } from './steps.js';
import { type Version, versionsOf } from './versions.js';

interface Known {
  /** The stack's. */
  readonly id: string;
  /** Its creation, ISO-8601 UTC. */
  readonly start: string;
  /** When the migration began, ISO-8601 UTC. */
  readonly until: string;
  readonly actions: readonly Action[];
  readonly execution: readonly Step[];
  readonly before:
    | { readonly done: ReadonlySet<string>; readonly refusal: string | undefined; readonly last: string }
    | undefined;
  /** What the target holds; from then on, what it is to hold. */
  readonly content: Content;
  readonly names: Names;
  /** Ids that resources of other stacks bear. */
  readonly taken: ReadonlySet<string>;
  readonly ledger: Ledger;
}

/**
 * What raises the version, in its order: the execution, the old versions, what rows say of earlier, and the state there
 * is now; each a commit of what changed.
 */
export function stateSteps(workflow: LegacyWorkflow, known: Known): { steps: Step[]; states: StateRead[] } {
  const { id, start, until, actions, execution, before, content, names, taken, ledger } = known;
  const change = (wanted: Target): StateChange => changeTo(content, wanted, taken, ledger);
  const isNew = (step: string, record: LegacyRecord): boolean => {
    if (before?.done.has(step)) ledger.known(record);
    else if (before?.refusal !== undefined) ledger.rejected(record, before.refusal);
    else return true;
    return false;
  };
  const steps: Step[] = [...execution];
  const states: StateRead[] = [];
  let last = before?.last ?? start;
  let outputs = new Map<string, Json>();

  const named = new Map(actions.flatMap((action) => (action.id === undefined ? [] : [[action.id, action] as const])));
  for (const version of versionsOf(workflow.versions, start, ledger)) {
    const { record, at, actor, reason } = version;
    ledger.attempt(record, () => {
      const resources = resourcesOf(record, version.resources, at, named, names, ledger);
      outputs = versionOutputs(record, version.outputs, ledger);
      const stepId = commandId(id, 'state_versions', record.id);
      const document = documentOf(version, id, ledger); // first: what throws must leave the content as it is
      const taken = new Map([...outputs].map(([name, value]) => [name, { value, record }]));
      states.push({ step: stepId, record, resources, outputs: taken, document });
      if (!isNew(stepId, record)) return;
      const command = commit(id, change({ resources, outputs, whole: true }), document);
      const why = reason === '' ? {} : { reason };
      steps.push({ id: stepId, at, order: ORDER.version, actor, ...why, command, record });
      last = later(last, at);
    });
  }

  const { present, earlier } = sorted(actions);
  for (const action of earlier) {
    const { record, address, gone } = action;
    ledger.attempt(record, () => {
      const stepId = commandId(id, 'workflow_resources', record.id, rowJson(record.row));
      if (!isNew(stepId, record)) return;
      last = later(last, action.at ?? start);
      const step = { at: last, order: ORDER.history, actor: UNKNOWN };
      const value = change({ resources: [action], whole: false });
      const isHeld = value.resources.length === 0;
      if (!isHeld) steps.push({ ...step, id: stepId, record, command: commit(id, value) });
      else if (!gone) steps.push({ ...step, id: stepId, record, command: mention(id, record) });
      if (!gone) return;
      const removal = commit(id, change({ resources: [], gone: [address], whole: false }));
      steps.push({ ...step, id: isHeld ? stepId : commandId(stepId, 'gone'), command: removal });
    });
  }

  const now = currentOutputs(workflow.outputs, outputs, ledger);
  const rows = [
    workflow.workflow,
    ...present.map(({ record }) => record),
    ...[...now.values()].map(({ record }) => record),
  ];
  const laid = steps.slice(execution.length);
  const contentId = commandId(id, 'current', sha256(stringifyJson(rows.map(({ row }) => rowJson(row)))));
  const isSame = before?.done.has(contentId) ?? false;
  const document = currentDocument(workflow.workflow, id, openLedger()); // its repairs are recorded below
  states.push({ step: undefined, record: workflow.workflow, resources: present, outputs: now, document });
  if (isSame && laid.length === 0) {
    for (const row of rows) ledger.known(row);
    return { steps, states };
  }
  // What is new of earlier was laid over a state that is still the current one.
  const stepId = isSame ? commandId(contentId, ...laid.map((step) => step.id)) : contentId;
  const value = change({
    resources: present,
    outputs: new Map([...now].map(([name, { value }]) => [name, value])),
    whole: true,
  });
  const owners = new Map(present.map(({ address, record }) => [address, record]));
  const changed = new Set([
    workflow.workflow,
    ...value.resources.flatMap(({ type, name }) => owners.get(resourceAddress({ module: '', type, name })) ?? []),
    ...value.outputs.flatMap(({ name }) => now.get(name)?.record ?? []),
  ]);
  if (before) for (const row of rows) if (!changed.has(row)) ledger.known(row);
  if (before?.refusal !== undefined) {
    for (const row of changed) ledger.rejected(row, before.refusal);
    return { steps, states };
  }
  for (const row of changed) {
    const at = timeOf(row);
    if (at > until) ledger.repaired(row, { problem: `its time, ${at}, is to come`, done: `recorded at ${until}` });
  }
  const at = [last, ...[...changed].map(timeOf), ...steps.map((step) => step.at)].reduce(later);
  const command = commit(id, value, currentDocument(workflow.workflow, id, ledger));
  return { steps: [...steps, { id: stepId, at, order: ORDER.current, actor: UNKNOWN, command }], states };
}

const timeOf = ({ row }: LegacyRecord): string =>
  instantOf(cell(row, 'updated_at')) ?? instantOf(cell(row, 'created_at')) ?? '';

/** What rows say of now, and what of earlier: rows another one about the same resource follows, and those of what is gone. */
function sorted(actions: readonly Action[]) {
  const present: Action[] = [];
  const earlier: Action[] = [];
  for (const rows of byAddress(actions).values()) {
    const last = rows[rows.length - 1];
    for (const action of rows) (action === last && !action.gone ? present : earlier).push(action);
  }
  return { present, earlier: earlier.toSorted((a, b) => byBytes(a.written, b.written)) };
}

type Document = NonNullable<Extract<Command, { type: 'apply' }>['document']>;

const commit = (stack: string, change: StateChange, document?: Document): Command => ({
  type: 'apply',
  kind: 'import',
  stack,
  ...change,
  ...(document === undefined ? {} : { document }),
  allowMissing: true,
  dependents: 'leave',
});

/**
 * Says of a row that its value is in the history already. A commit that changes nothing would leave no trace, and the
 * next run would carry it out: over what came after.
 */
function mention(stack: string, { row }: LegacyRecord): Command {
  const details = rowJson(row);
  assertJson(details, 'the row');
  return { type: 'recordActivity', stack, action: 'resource', details };
}

/** `success` is the only status with another name here. */
const statusOf = (status: string): string => (status === 'success' ? 'completed' : status);

/** @throws InvalidInputError for a header beyond the limits of a document */
function originOf(lineage: string, serial: number, header: JsonObject): NonNullable<Document['origin']> {
  assertJson(header, 'origin.header');
  return { format: 'workflow', lineage, serial, header };
}

function documentOf(
  { record, number, status = null, metadata, header }: Version,
  id: string,
  ledger: Ledger,
): Document {
  const said = typeof status === 'string' ? status : stringifyJson(status);
  assertJson(metadata ?? null, 'state.metadata');
  return {
    version: String(number),
    ...(status === null ? {} : { status: statusOf(ledger.take(record, nameOf(said, 'state.status', 'unknown', 64))) }),
    ...(metadata === undefined ? {} : { metadata }),
    origin: originOf(id, number, header),
  };
}

function currentDocument(record: LegacyRecord, id: string, ledger: Ledger): Document {
  const { row } = record;
  const version = cell(row, 'version');
  const serial = counterOf(version);
  if (serial === undefined && version !== null) {
    ledger.repaired(record, { problem: 'version is no whole number', done: 'it is kept as the label only' });
  }
  return {
    version: ledger.take(record, proseOf(version, 'version', 255)),
    status: statusOf(ledger.take(record, nameOf(cell(row, 'status'), 'status', 'unknown', 64))),
    metadata: ledger.take(record, jsonOf(cell(row, 'metadata'), 'metadata')),
    origin: originOf(id, serial ?? 0, { row: rowJson(row) }),
  };
}
