import type { Engine } from '../engine.js';
import { InvalidInputError } from '../lib/errors.js';
import { pause } from '../lib/pause.js';
import type { OnProgress } from '../store/maintenance.js';
import { nameOf } from './cells.js';
import { creationOf, type Plan, planShared, planWorkflow, SHARED_CREATION, SHARED_STACK } from './plan.js';
import { Totals } from './report.js';
import { Ledger } from './row.js';
import type { LegacySource } from './source/source.js';
import { type Migration, type Planned, planStack, type Stack, takeAll } from './take.js';

export interface RunOptions {
  /** Stop at the first row that cannot be taken unchanged. */
  readonly strict: boolean;
  /** Called before the first command is executed. */
  beforeFirst(): Promise<void>;
  readonly onProgress?: OnProgress | undefined;
}

/** Stacks are migrated together up to this number of stated resources: one disk flush serves them all. */
const BATCH = 250;

/**
 * Migrates everything in the source into the engine's store.
 * @throws InvalidInputError `MIGRATION_STRICT` if `strict` is set
 */
export async function runMigration(
  engine: Engine,
  source: LegacySource,
  migration: Migration,
  { strict, beforeFirst, onProgress }: RunOptions,
): Promise<Totals> {
  const totals = new Totals();
  const total = source.counts.workflow_states ?? 0;
  let waiting: Planned[] = [];
  let size = 0;
  let begun = false;
  let done = 0;
  const takeWaiting = async (): Promise<void> => {
    const work = waiting.some(({ plan }) => plan.steps.length > 0);
    if (work && !begun) await beforeFirst();
    begun ||= work;
    for (const { plan, events } of await takeAll(engine, waiting, migration)) {
      totals.add(plan.records, plan.ledger);
      totals.events += events;
      if (events > 0) totals.stacks++;
    }
    if (strict) refuseEntries(totals.entries);
    done += waiting.length;
    waiting = [];
    size = 0;
    onProgress?.({ step: 'migrating', done, total });
    await pause();
  };
  for (const stack of stacksOf(source)) {
    const planned = await planStack(engine.store, stack, migration);
    if (strict) refuseEntries(planned.plan.ledger.entries());
    waiting.push(planned);
    size += sizeOf(planned.plan);
    if (size >= BATCH) await takeWaiting();
  }
  await takeWaiting();
  const ledger = new Ledger();
  const orphans = Array.from(source.orphans(), (record) => ledger.rowOf(record));
  for (const row of orphans) row.rejected(`there is no workflow ${JSON.stringify(String(row.cell('workflow_id')))}`);
  totals.add(orphans, ledger);
  if (strict) refuseEntries(totals.entries);
  return totals;
}

const sizeOf = ({ steps }: Plan): number =>
  steps.reduce((sum, { command }) => sum + 1 + ('resources' in command ? (command.resources?.length ?? 0) : 0), 1);

/** The workflows, and the rows without one. */
export function* stacksOf(source: LegacySource): Generator<Stack> {
  for (const workflow of source.workflows()) {
    const id = nameOf(workflow.workflow.row.id ?? null, 'id', '', 128).value;
    yield { id, creation: creationOf(id), planOf: (how) => planWorkflow(workflow, how) };
  }
  const [state, locks] = [source.state(), source.locks()];
  if (state.length + locks.length === 0) return;
  yield { id: SHARED_STACK, creation: SHARED_CREATION, planOf: (how) => planShared(state, locks, how) };
}

function refuseEntries([first]: Totals['entries']): void {
  if (!first) return;
  const { table, id, problem, done } = first;
  throw new InvalidInputError('MIGRATION_STRICT', `${table} ${id}: ${problem}`, {
    hint: `Correct the row in the source, or leave out --strict: then it is ${first.outcome} (${done}).`,
    details: { field: 'source', table, id, problem },
  });
}
