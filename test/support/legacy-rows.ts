import { openEngine } from '../../src/engine.js';
import { isJsonObject, own } from '../../src/lib/json.js';
import { contentOf } from '../../src/migration/content.js';
import { type Before, type Plan, type PlanOptions, planWorkflow } from '../../src/migration/plan.js';
import type { Entry } from '../../src/migration/row.js';
import type {
  Cell,
  LegacyRecord,
  LegacySource,
  LegacyTable,
  LegacyWorkflow,
} from '../../src/migration/source/source.js';
import type { Step } from '../../src/migration/steps.js';
import { readState } from '../../src/queries/state.js';
import type { EventStore } from '../../src/store/event-store.js';
import { reads } from './reads.js';

/** The start of the migration in all tests. */
export const UNTIL = '2026-01-01T00:00:00.000Z';
/** The default time of rows, in SQLite's format and in ours. */
export const WRITTEN = '2025-01-01 10:00:00';
export const AT = '2025-01-01T10:00:00.000Z';

export type Row = Readonly<Record<string, Cell>>;

export interface Parts {
  readonly resources?: readonly Row[];
  readonly outputs?: readonly Row[];
  /** A `state` that is an object is written as JSON. */
  readonly versions?: readonly Readonly<Record<string, Cell | object>>[];
  readonly drift?: readonly Row[];
  readonly tags?: readonly Row[];
  readonly activity?: readonly Row[];
  readonly locks?: readonly LegacyRecord[];
}

/** A row as the source returns it. Its id in reports is its own, or that of the workflow and its key. */
export function aRecord(table: LegacyTable, row: Row): LegacyRecord {
  const { id, workflow_id: workflow, key, tag, name } = row;
  const own = key ?? tag;
  const text = id === undefined ? (own === undefined ? name : workflow ? `${workflow}/${own}` : own) : id;
  return { table, id: String(text ?? null), row };
}

const written = (state: Cell | object | undefined): Cell =>
  typeof state === 'object' && state !== null && !(state instanceof Uint8Array)
    ? JSON.stringify(state)
    : (state ?? null);

/** A workflow with its rows; omitted columns are those of a web server that was created without errors. */
export function aWorkflow(columns: Row = {}, parts: Parts = {}): LegacyWorkflow {
  const id = columns.id === undefined ? 'wf' : columns.id;
  const rowsOf = (table: LegacyTable, rows: readonly Row[] | undefined, defaults: (number: number) => Row) =>
    (rows ?? []).map((row, index) => aRecord(table, { ...defaults(index + 1), workflow_id: id, ...row }));
  return {
    workflow: aRecord('workflow_states', {
      id,
      name: 'web',
      version: 1n,
      status: 'success',
      started_at: WRITTEN,
      completed_at: '2025-01-01 10:05:00',
      duration_seconds: 300,
      metadata: '{"env":"prod"}',
      error_msg: '',
      locked_by: '',
      created_at: WRITTEN,
      updated_at: '2025-01-01 10:05:00',
      ...columns,
    }),
    resources: rowsOf('workflow_resources', parts.resources, (number) => ({
      id: `r-${number}`,
      type: 'file',
      name: `n${number}`,
      action: 'create',
      status: 'applied',
      attributes: '{}',
      created_at: WRITTEN,
      updated_at: WRITTEN,
    })),
    outputs: rowsOf('workflow_outputs', parts.outputs, (number) => ({ key: `k${number}`, value: `v${number}` })),
    versions: rowsOf(
      'state_versions',
      parts.versions?.map((row) => ('state' in row ? { ...row, state: written(row.state) } : row) as Row),
      (number) => ({
        id: BigInt(number),
        version: BigInt(number),
        state: '{}',
        created_at: WRITTEN,
        created_by: 'ana',
        description: '',
      }),
    ),
    drift: rowsOf('drift_detections', parts.drift, (number) => ({
      id: BigInt(number),
      resource_id: 'r-1',
      resource_type: 'file',
      detected_at: `2025-02-01 0${number % 10}:00:00`,
      expected: '{"mode":"0644"}',
      actual: '{"mode":"0777"}',
      drifted: 1n,
    })),
    tags: rowsOf('workflow_tags', parts.tags, (number) => ({ tag: `t${number}`, created_at: WRITTEN })),
    activity: rowsOf('workflow_activity', parts.activity, (number) => ({
      id: BigInt(number),
      action: 'deploy',
      details: 'by hand',
      created_at: WRITTEN,
      created_by: 'bob',
    })),
    locks: parts.locks ?? [],
  };
}

/** A source as plain rows. */
export const sourceOf = (
  workflows: readonly LegacyWorkflow[],
  more: Partial<Record<'orphans' | 'locks' | 'state', readonly LegacyRecord[]>> = {},
): LegacySource => ({
  counts: { workflow_states: workflows.length },
  path: '',
  workflows: () => workflows,
  orphans: () => more.orphans ?? [],
  locks: () => more.locks ?? [],
  state: () => more.state ?? [],
  close: () => {},
});

export const aLock = (columns: Row = {}): LegacyRecord =>
  aRecord('locks', {
    name: 'wf',
    holder: 'ci',
    acquired_at: '2025-12-31 23:00:00',
    expires_at: '2026-01-01 01:00:00',
    ...columns,
  });

export const planned = (
  workflow: LegacyWorkflow,
  locks: readonly LegacyRecord[] = workflow.locks,
  options: Partial<PlanOptions> = {},
): Plan =>
  planWorkflow(
    { ...workflow, locks },
    {
      until: UNTIL,
      before: undefined,
      targetName: undefined,
      avoid: NOTHING_TAKEN,
      ...options,
    },
  );

export const NOTHING_TAKEN: PlanOptions['avoid'] = { names: new Set(), ids: new Set(), addresses: new Map() };

/** The commits other than the creation and the execution, the current state last. */
export const commitsOf = ({ steps }: Pick<Plan, 'steps'>) =>
  steps.flatMap(({ command, ...step }) => (command.type === 'apply' ? [{ ...step, ...command }] : []));

/** The steps of one type of command. */
export const stepsOf = <Type extends Step['command']['type']>({ steps }: Pick<Plan, 'steps'>, type: Type) =>
  steps.flatMap((step) =>
    step.command.type === type ? [step as Step & { command: Extract<Step['command'], { type: Type }> }] : [],
  );

/** The report's entries for the rows, in short: `table id: outcome: problem; repair`. */
export const said = ({ ledger }: Pick<Plan, 'ledger'>): string[] =>
  ledger
    .entries()
    .map(({ table, id, outcome, problem, done }: Entry) => `${table} ${id}: ${outcome}: ${problem}; ${done}`);

/** Executes a plan completely or not at all, in a new store in memory or the given one. */
export async function carriedOut(plan: Plan, engine = openEngine(':memory:')): Promise<EventStore> {
  await engine.executeTogether(
    plan.steps.map(({ command, id, at, actor, reason }) => [
      command,
      {
        commandId: id,
        actor,
        source: 'migration',
        ...(reason === undefined ? {} : { reason }),
        imported: { migration: 'm-1', by: 'op', at: UNTIL, happened: at },
      },
    ]),
  );
  return engine.store;
}

/** What a later migration finds of an executed plan: see src/migration/take.ts. */
export async function beforeOf(store: EventStore, { stack }: Pick<Plan, 'stack'>): Promise<Before> {
  const state = await store.read((s) => readState(s, stack.id));
  const record = await reads(store).stack(stack.id);
  if (!record) throw new Error(`no stack ${stack.id}`);
  const row = state.document.origin?.header.row;
  return {
    content: contentOf(state),
    done: new Set((await reads(store).commits(record.stream)).map(({ commandId }) => commandId)),
    refusal: undefined,
    createdAt: isJsonObject(row) ? (own(row, 'created_at') ?? null) : null,
    oldName: isJsonObject(row) ? (own(row, 'name') ?? null) : null,
    name: state.document.name,
    last: record.updatedAt,
  };
}
