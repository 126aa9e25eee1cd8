import type { Engine } from '../../engine.js';
import { nameOf } from '../../interop/legacy/cells.js';
import { openLedger } from '../../interop/legacy/ledger.js';
import { type Plan, planWorkflow } from '../../interop/legacy/plan.js';
import { planShared, SHARED_CREATION, SHARED_STACK } from '../../interop/legacy/shared.js';
import type { LegacyRecord, LegacySource } from '../../interop/legacy/source.js';
import { commandId } from '../../interop/legacy/steps.js';
import { InvalidInputError } from '../../kernel/errors.js';
import { pause } from '../../kernel/pause.js';
import type { OnProgress } from '../../store/maintenance.js';
import { type Migration, type Taken, take } from './take.js';
import { openTally, type Tally } from './tally.js';

export interface RunOptions {
  /** Stop at the first row that cannot be taken as it is. */
  readonly strict: boolean;
  /** Called before the first command is carried out. */
  beforeFirst(): Promise<void>;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Takes everything in the source into the engine's store, a stack at a time.
 * @throws InvalidInputError `MIGRATION_STRICT` where it is strict
 */
export async function runMigration(
  engine: Engine,
  source: LegacySource,
  migration: Migration,
  { strict, beforeFirst, onProgress }: RunOptions,
): Promise<Tally> {
  const tally = openTally();
  const locks = locksOf(source);
  const total = source.counts.workflow_states ?? 0;
  let begun = false;
  let done = 0;
  const onPlan = async ({ steps, ledger }: Plan): Promise<void> => {
    if (strict) refuseEntries(ledger.entries());
    if (begun || steps.length === 0) return;
    begun = true;
    await beforeFirst();
  };
  const note = ({ plan, events }: Taken): void => {
    tally.plan(plan);
    tally.events += events;
    if (events > 0) tally.stacks++;
    if (strict) refuseEntries(tally.entries);
  };

  for (const workflow of source.workflows()) {
    const id = nameOf(workflow.workflow.row.id ?? null, 'id', '', 128).value;
    const named = locks.owned.get(workflow.workflow.id) ?? [];
    locks.owned.delete(workflow.workflow.id);
    note(
      await take(
        engine,
        id,
        commandId(id, 'workflow_states'),
        migration,
        (how) => planWorkflow(workflow, named, how),
        onPlan,
      ),
    );
    onProgress?.({ step: 'migrating', done: ++done, total });
    await pause();
  }
  const state = source.state();
  if (state.length + locks.rest.length > 0) {
    const planOf = (how: Parameters<typeof planShared>[2]) => planShared(state, locks.rest, how);
    note(await take(engine, SHARED_STACK, SHARED_CREATION, migration, planOf, onPlan));
  }
  const ledger = openLedger();
  for (const record of source.orphans()) {
    ledger.rejected(record, `there is no workflow ${JSON.stringify(String(record.row.workflow_id ?? null))}`);
    tally.add(record, 'rejected');
  }
  tally.book(ledger);
  if (strict) refuseEntries(tally.entries);
  return tally;
}

function refuseEntries([first]: Tally['entries']): void {
  if (!first) return;
  const { table, id, problem, done } = first;
  throw new InvalidInputError('MIGRATION_STRICT', `${table} ${id}: ${problem}`, {
    hint: `Correct the row in the source, or leave out --strict: then it is ${first.outcome} (${done}).`,
    details: { field: 'source', table, id, problem },
  });
}

function locksOf(source: LegacySource) {
  const locks = source.locks();
  const owned = new Map<string, LegacyRecord[]>();
  const byId = new Set<string>();
  const byName = new Map<string, string>();
  for (const { workflow } of locks.length > 0 ? source.workflows() : []) {
    byId.add(workflow.id);
    const name = String(workflow.row.name ?? '');
    if (!byName.has(name)) byName.set(name, workflow.id);
  }
  const rest = locks.filter((lock) => {
    const name = String(lock.row.name ?? '');
    const owner = byId.has(name) ? name : byName.get(name);
    if (owner !== undefined) owned.set(owner, [...(owned.get(owner) ?? []), lock]);
    return owner === undefined;
  });
  return { owned, rest };
}
