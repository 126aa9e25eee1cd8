import type { Command, EnvelopeInput } from '../commands/index.js';
import { LOCK_MS } from '../commands/lock.js';
import type { Engine } from '../engine.js';
import { decodeEvent } from '../events/index.js';
import { ConflictError, InvalidInputError, LockedError, NotFoundError, type SlothError } from '../lib/errors.js';
import { isJsonObject, own } from '../lib/json.js';
import { readContent } from '../queries/state.js';
import type { EventStore } from '../store/event-store.js';
import type { Program } from '../store/program.js';
import type { CommitRecord, StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { contentOf } from './content.js';
import type { Avoid, Before, Plan, PlanOptions } from './plan.js';
import { COMMAND_ID_PREFIX, type Step } from './steps.js';

/** A migration's id and start, which stay the same when it is interrupted and resumed. */
export interface Migration {
  readonly id: string;
  /** The actor who started it. */
  readonly by: string;
  /** ISO-8601 UTC. */
  readonly at: string;
  readonly resumed: boolean;
}

/** A stack that an earlier run, or the interrupted run of this migration, created in the target. */
export interface Held {
  readonly stream: number;
  readonly before: Before;
  /** The version after the last run; undefined if it is the current one. */
  readonly left: number | undefined;
  /** The versions of the migration's commits, by command id. */
  readonly versions: ReadonlyMap<string, number>;
  /**
   * Whether this migration created it before it was interrupted: then everything is planned again, and repeated commands
   * have no effect.
   */
  readonly isOurs: boolean;
  /** The legacy lock on it that was taken over. */
  readonly lockId: string | undefined;
}

function* heldOf(s: Snapshot, id: string, creation: string, migration: Migration): Program<Held | undefined> {
  const made = yield* s.commitOf(creation);
  const stack = made && (yield* s.stack(id, { deleted: true }));
  if (!stack || stack.stream !== made.stream) return undefined;
  const commits = yield* s.commits(stack.stream);
  const ours = commits.filter(({ commandId }) => commandId.startsWith(COMMAND_ID_PREFIX));
  const others = commits.find(({ commandId, raised }) => raised && !commandId.startsWith(COMMAND_ID_PREFIX));
  const last = ours.find(({ raised }) => raised)?.version ?? made.version;
  const version = last === stack.stateVersion ? undefined : last;
  const left = yield* readContent(s, stack.stream, version);
  const row = left.document.origin?.header.row;
  const field = (column: string) => (isJsonObject(row) ? (own(row, column) ?? null) : null);
  const again = migration.resumed ? yield* carriedOut(s, stack.stream, migration) : new Set<string>();
  const before = {
    content: contentOf(left),
    done: new Set(ours.map(({ commandId }) => commandId).filter((command) => !again.has(command))),
    refusal: refusalOf(stack, others),
    createdAt: field('created_at'),
    oldName: field('name'),
    name: left.document.name,
    last: stack.updatedAt,
  };
  const versions = new Map(ours.map((commit) => [commit.commandId, commit.version]));
  const lockId = yield* takenOver(s, stack.stream);
  return { stream: stack.stream, before, left: version, versions, isOurs: again.has(creation), lockId };
}

/** A stack that others changed or deleted after its migration is not changed further. */
function refusalOf({ name, deletedAt }: StackRecord, others: CommitRecord | undefined): string | undefined {
  if (deletedAt !== null) return `the stack ${name} was deleted here`;
  return (
    others && `the stack ${name} was changed here since it was migrated (version ${others.version}, ${others.kind})`
  );
}

/** The id of a stack's lock that a migration took over; undefined for a lock that was taken here. */
function* takenOver(s: Snapshot, stream: number): Program<string | undefined> {
  const lock = yield* s.lock(stream);
  const [taken] = lock ? yield* s.events({ after: lock.token - 1, limit: 1 }) : [];
  return taken && decodeEvent(taken).meta.imported ? lock?.lockId : undefined;
}

function* carriedOut(s: Snapshot, stream: number, { id }: Migration): Program<Set<string>> {
  const events = yield* s.events({ stream, limit: -1 });
  return new Set(
    events.filter((event) => decodeEvent(event).meta.imported?.migration === id).map(({ commandId }) => commandId),
  );
}

const envelopeOf = ({ id, at, actor, reason }: Step, migration: Migration, lockId?: string): EnvelopeInput => ({
  commandId: id,
  content: id, // derived from the migrated content (docs/adr/0017)
  actor,
  source: 'migration',
  ...(lockId !== undefined && { lockId }),
  ...(reason !== undefined && { reason }),
  imported: { migration: migration.id, by: migration.by, at: migration.at, happened: at },
});

/** A stack of the source. */
export interface Stack {
  readonly id: string;
  /** The id of the command that creates it. */
  readonly creation: string;
  planOf(options: PlanOptions): Plan;
}

/** The planned work for a stack. */
export interface Planned {
  readonly held: Held | undefined;
  /** Has no steps if nothing can be migrated. */
  readonly plan: Plan;
  /** The lock that an earlier run took over; the legacy state owns it, and so do the rows migrated now. */
  readonly lockId: string | undefined;
  /** Found when a plan is refused. */
  readonly others: { readonly names: Set<string>; readonly ids: Set<string>; readonly addresses: Map<string, Owner> };
  /** Plans again, avoiding what belongs to others. */
  again(): Plan;
}

type Owner = Avoid['addresses'] extends ReadonlyMap<string, infer Value> ? Value : never;

export interface Taken {
  readonly plan: Plan;
  /** The number of appended events. */
  readonly events: number;
}

export async function planStack(
  store: EventStore,
  { id, creation, planOf }: Stack,
  migration: Migration,
): Promise<Planned> {
  const { held, isTaken } = await store.read(function* (s) {
    const found = yield* heldOf(s, id, creation, migration);
    return { held: found, isTaken: !found && (yield* s.stack(id, { deleted: true })) !== undefined };
  });
  const earlier = held?.isOurs ? undefined : held;
  const others = { names: new Set<string>(), ids: new Set<string>(), addresses: new Map<string, Owner>() };
  const again = (): Plan =>
    planOf({ until: migration.at, before: earlier?.before, targetName: held?.before.name, avoid: others });
  const plan = isTaken ? refused(again(), `the id "${id}" is taken by another stack`) : again();
  return { held, plan, lockId: earlier?.lockId, others, again };
}

/**
 * Migrates stacks in order: all in one transaction or, if one is refused, each in its own, completely or not at all. If
 * names or ids turn out to be taken, the stack is planned again; if that fails, its rows are rejected.
 */
export async function takeAll(engine: Engine, all: readonly Planned[], migration: Migration): Promise<Taken[]> {
  try {
    const commands = all.map((one) => commandsOf(one, migration));
    const receipts = await engine.executeTogether(commands.flat());
    let from = 0;
    return all.map(({ plan }, index) => {
      const own = receipts.slice(from, (from += commands[index]?.length ?? 0));
      return { plan, events: own.reduce((sum, { events }) => sum + events, 0) };
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const [first, ...more] = all;
    if (!first) return [];
    if (more.length === 0) {
      if (!isLearnt(first.others, error)) return [{ plan: refused(first.plan, error.message), events: 0 }];
      return takeAll(engine, [{ ...first, plan: first.again() }], migration);
    }
    const taken: Taken[] = [];
    for (const one of all) taken.push(...(await takeAll(engine, [one], migration)));
    return taken;
  }
}

const commandsOf = ({ plan, lockId }: Planned, migration: Migration) =>
  plan.steps.map((step) => [under(step.command, lockId), envelopeOf(step, migration, lockId)] as const);

/** A legacy lock that was taken again or extended: the lock that was taken over is renewed. */
const under = (command: Command, lockId: string | undefined): Command =>
  command.type === 'acquireLock' && lockId !== undefined
    ? { type: 'renewLock', stack: command.stack, id: lockId, ttlMs: command.ttlMs ?? LOCK_MS }
    : command;

/** Adds what an error reports as taken; returns false if nothing is new. */
function isLearnt({ names, ids, addresses }: Planned['others'], { code, details }: SlothError): boolean {
  const known = names.size + ids.size + addresses.size;
  const text = (field: string): string => String(details[field]);
  if (code === 'NAME_TAKEN') names.add(text('name'));
  if (code === 'RESOURCE_ID_TAKEN') ids.add(text('id'));
  if (code === 'ADDRESS_TAKEN') addresses.set(text('address'), { type: text('type'), name: text('name') });
  return names.size + ids.size + addresses.size > known;
}

function refused(plan: Plan, problem: string): Plan {
  for (const row of plan.records) row.rejected(problem);
  return { ...plan, steps: [] };
}

const isRefusal = (error: unknown): error is ConflictError | InvalidInputError | LockedError | NotFoundError =>
  [ConflictError, InvalidInputError, LockedError, NotFoundError].some((kind) => error instanceof kind);
