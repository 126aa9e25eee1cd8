import type { Command, EnvelopeInput } from '../commands/index.js';
import { LOCK_MS } from '../commands/lock.js';
import type { Engine } from '../engine.js';
import { decodeEvent } from '../events/index.js';
import { ConflictError, InvalidInputError, LockedError, NotFoundError, type SlothError } from '../lib/errors.js';
import { isJsonObject, own } from '../lib/json.js';
import { readContent } from '../queries/state.js';
import type { EventStore, Receipt } from '../store/event-store.js';
import type { Program } from '../store/program.js';
import type { CommitRecord, StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { contentOf } from './content.js';
import type { Avoid, Before, Plan, PlanOptions } from './plan-workflow.js';
import { COMMAND_ID_PREFIX, type Step } from './steps.js';

/** A migration's own id, and when it began: the same however often it is broken off and resumed. */
export interface Migration {
  readonly id: string;
  /** Who began it. */
  readonly by: string;
  /** ISO-8601 UTC. */
  readonly at: string;
  readonly resumed: boolean;
}

/** A stack that the target holds of an earlier run, or of this migration before it was broken off. */
export interface Held {
  readonly stream: number;
  readonly before: Before;
  /** The version that the last run left; undefined where it is the current one. */
  readonly left: number | undefined;
  /** The versions of the migration's commits, by command id. */
  readonly versions: ReadonlyMap<string, number>;
  /** Commands this migration carried out before it was broken off. They are sent again, and do nothing. */
  readonly again: ReadonlySet<string>;
  /** The lock on it that was taken over from the old system. */
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
  const again = migration.resumed ? yield* carriedOut(s, stack.stream, migration) : new Set<string>();
  const before = {
    content: contentOf(left),
    done: new Set(ours.map(({ commandId }) => commandId).filter((command) => !again.has(command))),
    refusal: refusalOf(stack, others),
    createdAt: isJsonObject(row) ? (own(row, 'created_at') ?? null) : null,
    oldName: isJsonObject(row) ? (own(row, 'name') ?? null) : null,
    name: left.document.name,
    last: stack.updatedAt,
  };
  const versions = new Map(ours.map((commit) => [commit.commandId, commit.version]));
  return { stream: stack.stream, before, left: version, versions, again, lockId: yield* takenOver(s, stack.stream) };
}

/** A stack that others changed or deleted since it was migrated gets nothing more. */
function refusalOf({ name, deletedAt }: StackRecord, others: CommitRecord | undefined): string | undefined {
  if (deletedAt !== null) return `the stack ${name} was deleted here`;
  return (
    others && `the stack ${name} was changed here since it was migrated (version ${others.version}, ${others.kind})`
  );
}

/** The id of a stack's lock where a migration took it over. One that somebody took here is none of ours. */
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
  content: id, // it is made of what is migrated (docs/adr/0017)
  actor,
  source: 'migration',
  ...(lockId === undefined ? {} : { lockId }),
  ...(reason === undefined ? {} : { reason }),
  imported: { migration: migration.id, by: migration.by, at: migration.at, happened: at },
});

/** A stack of the source. */
export interface Stack {
  readonly id: string;
  /** The id of the command that makes it. */
  readonly creation: string;
  planOf(options: PlanOptions): Plan;
}

/** What is to be done for a stack, before it is known which names and ids others have. */
export interface Planned {
  readonly plan: Plan;
  /** Why nothing of it can be taken. */
  readonly refusal: string | undefined;
  /** The lock that an earlier run took over: it is the old system's, and so is what comes now. */
  readonly lockId: string | undefined;
  again(avoid: Avoid): Plan;
  readonly held: Held | undefined;
}

export interface Taken {
  readonly plan: Plan;
  /** Appended. */
  readonly events: number;
}

const NOTHING: Avoid = { names: new Set(), ids: new Set(), addresses: new Map() };

export async function planStack(
  store: EventStore,
  { id, creation, planOf }: Stack,
  migration: Migration,
): Promise<Planned> {
  const { held, isTaken } = await store.read(function* (s) {
    const found = yield* heldOf(s, id, creation, migration);
    return { held: found, isTaken: !found && (yield* s.stack(id, { deleted: true })) !== undefined };
  });
  const isOurs = held?.again.has(creation) ?? false;
  const before = isOurs ? undefined : held?.before;
  const again = (avoid: Avoid): Plan => planOf({ until: migration.at, before, bears: held?.before.name, avoid });
  return {
    plan: again(NOTHING),
    held,
    refusal: isTaken ? `the id "${id}" is taken by another stack` : undefined,
    lockId: isOurs ? undefined : held?.lockId,
    again,
  };
}

/** Takes stacks in, in their order: all of them in one transaction, or, where one is refused, each in its own. */
export async function takeAll(engine: Engine, all: readonly Planned[], migration: Migration): Promise<Taken[]> {
  try {
    const commands = all.map((one) => commandsOf(one, migration));
    const receipts = await engine.executeTogether(commands.flat());
    let from = 0;
    return all.map((one, index) => {
      if (one.refusal !== undefined) return refused(one.plan, one.refusal);
      const own = receipts.slice(from, (from += commands[index]?.length ?? 0));
      return { plan: one.plan, events: sumOf(own) };
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const taken: Taken[] = [];
    for (const one of all) taken.push(await take(engine, one, migration));
    return taken;
  }
}

const commandsOf = ({ plan, refusal, lockId }: Planned, migration: Migration) =>
  refusal === undefined
    ? plan.steps.map((step) => [under(step.command, lockId), envelopeOf(step, migration, lockId)] as const)
    : [];

/** The old system took its lock anew, or for longer: the one that was taken over runs on. */
const under = (command: Command, lockId: string | undefined): Command =>
  command.type === 'acquireLock' && lockId !== undefined
    ? { type: 'renewLock', stack: command.stack, id: lockId, ttlMs: command.ttlMs ?? LOCK_MS }
    : command;

const sumOf = (receipts: readonly Receipt[]): number => receipts.reduce((sum, { events }) => sum + events, 0);

/**
 * Takes one stack in: all of what is planned, in one transaction, or nothing of it, and then its rows are rejected.
 * Names and ids that turn out to be taken are planned around.
 */
async function take(engine: Engine, planned: Planned, migration: Migration): Promise<Taken> {
  let avoid = NOTHING;
  let { plan } = planned;
  if (planned.refusal !== undefined) return refused(plan, planned.refusal);
  for (;;) {
    try {
      return { plan, events: sumOf(await engine.executeTogether(commandsOf({ ...planned, plan }, migration))) };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const wider = avoiding(avoid, error);
      if (!wider) return refused(plan, error.message);
      avoid = wider;
      plan = planned.again(avoid);
    }
  }
}

/** With what an error says that others bear; undefined where it says nothing new of the kind. */
function avoiding({ names, ids, addresses }: Avoid, { code, details }: SlothError): Avoid | undefined {
  const text = (field: string): string => String(details[field]);
  if (code === 'NAME_TAKEN' && !names.has(text('name'))) {
    return { names: new Set([...names, text('name')]), ids, addresses };
  }
  if (code === 'RESOURCE_ID_TAKEN' && !ids.has(text('id'))) {
    return { names, ids: new Set([...ids, text('id')]), addresses };
  }
  if (code === 'ADDRESS_TAKEN' && !addresses.has(text('address'))) {
    const owner = { type: text('type'), name: text('name') };
    return { names, ids, addresses: new Map([...addresses, [text('address'), owner]]) };
  }
  return undefined;
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
