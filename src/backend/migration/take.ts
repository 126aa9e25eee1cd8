import type { EnvelopeInput } from '../../commands/index.js';
import type { Engine } from '../../engine.js';
import { decodeEvent } from '../../events/index.js';
import { contentOf } from '../../interop/legacy/content.js';
import type { Before, Plan, PlanOptions } from '../../interop/legacy/plan.js';
import { COMMAND_ID_PREFIX, type Step } from '../../interop/legacy/steps.js';
import { ConflictError, InvalidInputError, LockedError, NotFoundError } from '../../kernel/errors.js';
import { isJsonObject, own } from '../../kernel/json.js';
import { readState } from '../../queries/state.js';
import type { EventStore } from '../../store/event-store.js';

/** A migration's own id, and when it began: the same however often it is broken off and resumed. */
export interface Migration {
  readonly id: string;
  /** ISO-8601 UTC. */
  readonly at: string;
  readonly resumed: boolean;
}

/** A stack that the target holds of an earlier run, or of this migration before it was broken off. */
interface Held {
  readonly before: Before;
  /** Commands this migration carried out before it was broken off. They are sent again, and do nothing. */
  readonly again: ReadonlySet<string>;
}

async function heldOf(
  store: EventStore,
  id: string,
  creation: string,
  migration: Migration,
): Promise<Held | undefined> {
  const made = await store.commitOf(creation);
  const stack = made && (await store.stack(id, { deleted: true }));
  if (!stack || stack.stream !== made.stream) return undefined;
  const commits = await store.commits(stack.stream);
  const ours = commits.filter(({ commandId }) => commandId.startsWith(COMMAND_ID_PREFIX));
  const others = commits.find(({ commandId, raised }) => raised && !commandId.startsWith(COMMAND_ID_PREFIX));
  const left = await readState(store, id, { version: ours[0]?.version ?? made.version });
  const row = left.document.origin?.header.row;
  const again = migration.resumed ? await commandsOf(store, stack.stream, migration) : new Set<string>();
  const before = {
    content: contentOf(left),
    done: new Set(ours.map(({ commandId }) => commandId).filter((command) => !again.has(command))),
    touched: others && `the stack was changed here since it was migrated (version ${others.version}, ${others.kind})`,
    deleted: stack.deletedAt !== null,
    createdAt: isJsonObject(row) ? (own(row, 'created_at') ?? null) : null,
    oldName: isJsonObject(row) ? (own(row, 'name') ?? null) : null,
    name: left.document.name,
    last: stack.updatedAt,
  };
  return { before, again };
}

async function commandsOf(store: EventStore, stream: number, { id }: Migration): Promise<Set<string>> {
  const events = await store.events({ stream, limit: -1 });
  return new Set(
    events.filter((event) => decodeEvent(event).meta.imported?.migration === id).map(({ commandId }) => commandId),
  );
}

const envelopeOf = ({ id, at, actor, reason }: Step, migration: Migration): EnvelopeInput => ({
  commandId: id,
  actor,
  source: 'migration',
  ...(reason === undefined ? {} : { reason }),
  imported: { migration: migration.id, at: migration.at, happened: at },
});

export interface Taken {
  readonly plan: Plan;
  /** Appended. */
  readonly events: number;
}

/**
 * Takes one stack in: all of what is planned, in one transaction, or nothing of it, and then its rows are rejected.
 * Names and ids that turn out to be taken are planned around.
 * @param creation the id of the command that makes the stack
 * @param onPlan hears what is about to be done; what it throws stops the migration
 */
export async function take(
  { store, executeTogether }: Engine,
  id: string,
  creation: string,
  migration: Migration,
  planOf: (options: PlanOptions) => Plan,
  onPlan: (plan: Plan) => Promise<void>,
): Promise<Taken> {
  const held = await heldOf(store, id, creation, migration);
  const isOurs = held?.again.has(creation) ?? false;
  const isTaken = !held && (await store.stack(id, { deleted: true })) !== undefined;
  const names = new Set<string>();
  const ids = new Set<string>();
  for (;;) {
    const plan = planOf({
      until: migration.at,
      before: isOurs ? undefined : held?.before,
      bears: held?.before.name,
      avoid: { names, ids },
    });
    if (isTaken) return refused(plan, `the id "${id}" is taken by another stack`);
    await onPlan(plan);
    if (plan.steps.length === 0) return { plan, events: 0 };
    try {
      const receipts = await executeTogether(plan.steps.map((step) => [step.command, envelopeOf(step, migration)]));
      return { plan, events: receipts.reduce((sum, { events }) => sum + events, 0) };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const taken = error.code === 'NAME_TAKEN' ? names : error.code === 'RESOURCE_ID_TAKEN' ? ids : undefined;
      const what = String(error.details.name ?? error.details.id);
      if (taken && !taken.has(what)) {
        taken.add(what);
        continue;
      }
      return refused(plan, error.message);
    }
  }
}

function refused(plan: Plan, problem: string): Taken {
  for (const record of plan.records) plan.ledger.rejected(record, problem);
  return { plan: { ...plan, steps: [] }, events: 0 };
}

const isRefusal = (error: unknown): error is ConflictError | InvalidInputError | LockedError | NotFoundError =>
  error instanceof ConflictError ||
  error instanceof InvalidInputError ||
  error instanceof LockedError ||
  error instanceof NotFoundError;
