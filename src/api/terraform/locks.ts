import type { Caller, EnvelopeInput } from '../../commands/index.js';
import type { Engine } from '../../engine.js';
import { readData } from '../../events/index.js';
import { ConflictError, InvalidInputError, LockedError, NotFoundError } from '../../lib/errors.js';
import type { JsonObject } from '../../lib/json.js';
import type { Program } from '../../store/program.js';
import type { StackRecord } from '../../store/records.js';
import type { Snapshot } from '../../store/snapshot.js';
import { stackNotFound } from '../../store/stack-errors.js';
import { type LockInfo, lockInfoOf, readLockInfo } from './lock-info.js';

/** The sender of a request. */
export interface Sender {
  readonly actor: string;
  /** Without it, the request comes from this process, which may reach everything. */
  readonly caller?: Caller;
}

/** The source of all commands from here. */
export const by = ({ actor, caller }: Sender): EnvelopeInput => ({
  actor,
  source: 'terraform',
  ...(caller && { caller }),
});

/**
 * The stack with a name; ids are not addresses of states.
 * @throws ConflictError if the name is another stack's id, so that no stack can be created with it
 */
export function* stackNamed(
  s: Snapshot,
  name: string,
  options: { readonly deleted?: boolean } = {},
): Program<StackRecord | undefined> {
  const stack = yield* s.stackOfName(name, options);
  if (stack || (yield* s.stack(name, { deleted: true }))?.id !== name) return stack;
  throw new ConflictError('NAME_TAKEN', `"${name}" is the id of a stack, and states are stored by name`, {
    hint: 'Use the name of the stack in the address, or choose another name.',
    details: { field: 'stack', stack: name },
  });
}

export interface UnlockOptions extends Sender {
  /** Where the request came from; recorded when a lock is broken. */
  readonly from: string;
}

/**
 * The number of a stack's events that are searched for a lock that was already released: a client retries within seconds.
 */
const LOOK_BACK = 1_000;

/** The locks of stacks, as Terraform uses them. They are the engine's own: the command line and the library see them too. */
export class TerraformLocks {
  readonly #engine: Engine;
  readonly #lockMs: number;

  constructor(engine: Engine, lockMs: number) {
    this.#engine = engine;
    this.#lockMs = lockMs;
  }

  /**
   * Locks a stack, and creates it if it does not exist: Terraform locks before it stores its first state. Taking a lock
   * again under its own id returns the same lock.
   * @returns the lock as its holder described it
   * @throws LockedError `STACK_LOCKED` if another holds it; InvalidInputError for a body that does not describe a lock
   */
  async lock(ref: string, body: Uint8Array, sender: Sender): Promise<JsonObject> {
    const described = readLockInfo(body);
    if (!described) {
      throw new InvalidInputError('INVALID_LOCK', 'lock: the body is empty: a lock needs an ID', {
        hint: 'Send {"ID": …} as Terraform does.',
        details: { field: 'ID' },
      });
    }
    const stack = (await this.#find(ref)) ?? (await this.#make(ref, sender));
    const { ID, Operation, Info, Who } = described.info;
    await this.#engine.execute(
      {
        type: 'acquireLock',
        stack: stack.id,
        id: ID,
        operation: Operation || 'lock',
        who: Who || sender.actor,
        info: Info,
        ttlMs: this.#lockMs,
        document: described.document,
      },
      by(sender),
    );
    return described.document;
  }

  /**
   * Releases the lock that a body describes. A body that is empty or contains only an id comes from `terraform force-unlock`
   * or `tofu force-unlock`, and breaks the lock, if the sender may. A sender that may not releases only a lock that its
   * principal took.
   * @throws LockedError `STACK_LOCKED` if another holds it, `LOCK_NOT_HELD` if it expired or was broken; ForbiddenError
   * `PERMISSION_MISSING` and ConflictError `FORCE_UNLOCK_REFUSED` if the sender may not break it; NotFoundError for an
   * unknown stack, or one that is not locked
   */
  async unlock(ref: string, body: Uint8Array, options: UnlockOptions): Promise<void> {
    const described = readLockInfo(body);
    const stack = await this.#find(ref);
    if (!stack) throw stackNotFound(ref);
    if (described && isHolders(described.info)) await this.#release(stack, described.info.ID, options);
    else await this.#break(stack, described?.info.ID, options);
  }

  /** The lock of a stack, as its holder described it; undefined if it is not locked. */
  async holder(ref: string): Promise<JsonObject | undefined> {
    return this.#engine.store.read(function* (s) {
      const stack = yield* s.stackOfName(ref);
      const lock = stack && (yield* s.lock(stack.stream));
      return lock && (yield* lockInfoOf(s, lock, stack.name));
    });
  }

  #find(name: string): Promise<StackRecord | undefined> {
    return this.#engine.store.read((s) => stackNamed(s, name));
  }

  async #make(name: string, sender: Sender): Promise<StackRecord> {
    try {
      await this.#engine.execute({ type: 'createStack', name }, by(sender));
    } catch (error) {
      if (!(error instanceof ConflictError) || error.code !== 'NAME_TAKEN') throw error; // otherwise another request has just created it
    }
    const stack = await this.#find(name);
    if (!stack) throw stackNotFound(name);
    return stack;
  }

  async #release(stack: StackRecord, id: string, options: UnlockOptions): Promise<void> {
    try {
      await this.#engine.execute({ type: 'releaseLock', stack: stack.id, id }, by(options));
    } catch (error) {
      const isSentAgain = error instanceof LockedError && (await this.#lastEnd(stack, id)) === 'LockReleased';
      if (!isSentAgain) throw error;
    }
  }

  async #break(stack: StackRecord, id: string | undefined, options: UnlockOptions): Promise<void> {
    const { actor, from } = options;
    const lock = await this.#engine.store.read((s) => s.lock(stack.stream));
    if (!lock || (id !== undefined && lock.lockId !== id)) {
      if ((await this.#lastEnd(stack, id)) === 'LockBroken') return; // a retry
      if (lock) throw otherLock(stack, lock.lockId, id as string);
      throw new NotFoundError('NOT_LOCKED', `stack "${stack.name}" is not locked`, { details: { stack: stack.name } });
    }
    const reason = `force-unlock by ${actor} from ${from}`;
    await this.#engine.execute({ type: 'breakLock', stack: stack.id, id: lock.lockId, reason }, by(options));
  }

  /** How the stack's last lock ended, or the last one with an id; undefined if none ended recently. */
  async #lastEnd(stack: StackRecord, id: string | undefined): Promise<string | undefined> {
    const page = await this.#engine.store.events({ stream: stack.stream, descending: true, limit: LOOK_BACK });
    const ends = page.filter(({ type }) => (LOCK_ENDS as readonly string[]).includes(type));
    if (id === undefined) return ends[0]?.type;
    return ends.find((event) => readData({ ...event, eventType: event.type }, LOCK_ENDS).lockId === id)?.type;
  }
}

const LOCK_ENDS = ['LockReleased', 'LockBroken', 'LockExpired'] as const;

/** A holder sends the description that it locked with; a sender that only knows the id is somebody else. */
const isHolders = ({ Who, Operation }: LockInfo): boolean => Who !== '' || Operation !== '';

const otherLock = (stack: StackRecord, held: string, id: string): LockedError =>
  new LockedError('STACK_LOCKED', `stack "${stack.name}" is locked under ${held}, not ${id}`, {
    hint: 'Look at who holds it with: sloth-runner stack state lock-info',
    details: { stack: stack.name, lockId: held },
  });
