import type { Command, EnvelopeInput } from '../../commands/index.js';
import type { Engine } from '../../engine.js';
import type { Apply } from '../../formats/incoming.js';
import type { RunTask } from '../../formats/tasks.js';
import {
  asTerraform,
  following,
  type StateText,
  stateText,
  toTerraformState,
  writeAsTerraform,
} from '../../formats/terraform/index.js';
import { type Clock, later } from '../../lib/clock.js';
import { ConflictError } from '../../lib/errors.js';
import { decodeUtf8 } from '../../lib/json.js';
import { readState, type StateView } from '../../queries/state.js';
import type { Receipt } from '../../store/event-store.js';
import type { Program } from '../../store/program.js';
import { receiptOf } from '../../store/receipts.js';
import type { CommitRecord, StackRecord } from '../../store/records.js';
import type { Snapshot } from '../../store/snapshot.js';
import { stackNotFound } from '../../store/stack-errors.js';
import { KnownStates } from './known-states.js';
import { by, type Sender, stackNamed, TerraformLocks } from './locks.js';

export interface TerraformOptions {
  /** The duration of Terraform's locks, milliseconds; storing a state under a lock extends it. Default: 1 day. */
  readonly lockMs?: number;
  /**
   * The maximum number of characters of cached documents: with the previous document in the cache, storing the next one
   * costs only its changes. Default: 256 million.
   */
  readonly cacheChars?: number;
}

/** The sender of a state, and options. */
export interface PutOptions extends Sender {
  /** The lock that the caller holds. */
  readonly lockId?: string;
  /** Accept a lower serial or another lineage. */
  readonly force?: boolean;
  /** Parses the document. Default: in this thread. */
  readonly run?: RunTask | undefined;
}

export interface TerraformState {
  readonly stack: StackRecord;
  readonly version: number;
  /** The document, JSON as Terraform writes it. */
  readonly text: string;
}

/** The maximum number of times that a document is compared again because another client changed the stack meanwhile. */
const ATTEMPTS = 10;

/**
 * Stacks as Terraform states: documents that are stored and read as a whole, under locks without expiry. Each changed
 * resource is stored as a separate event. See docs/adr/0018.
 */
export class TerraformStates {
  readonly locks: TerraformLocks;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #lockMs: number;
  readonly #known: KnownStates;

  constructor(engine: Engine, clock: Clock, { lockMs = 86_400_000, cacheChars = 256_000_000 }: TerraformOptions = {}) {
    this.#engine = engine;
    this.#clock = clock;
    this.#lockMs = lockMs;
    this.#known = new KnownStates(cacheChars);
    this.locks = new TerraformLocks(engine, lockMs);
  }

  /** The state of a stack; undefined if the stack does not exist or never had a state. */
  async get(ref: string): Promise<TerraformState | undefined> {
    const current = await this.#current(ref);
    return current?.state && { stack: current.stack, version: current.commit.version, text: current.state.text };
  }

  /** The same if it is cached; undefined if the stack must be read for it. */
  async recall(ref: string): Promise<TerraformState | undefined> {
    const latest = await this.#engine.store.read((s) => latestCommit(s, ref));
    const known = latest && this.#known.get(latest.stack.stream, latest.commit.hash);
    return known && { stack: latest.stack, version: latest.commit.version, text: known.text };
  }

  /**
   * Stores the next state of a stack, and creates the stack if it does not exist. A state that equals the current one is a
   * retry: it changes nothing, no matter who holds the lock now. An older state is refused.
   * @throws InvalidInputError for bytes that are not a Terraform state; LockedError; ConflictError `LINEAGE_MISMATCH`,
   * `SERIAL_TOO_LOW`, `SERIAL_NOT_ADVANCED`
   */
  async put(ref: string, body: Uint8Array, options: PutOptions): Promise<Receipt> {
    const text = await this.#read(ref, body, options.run);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#put(ref, text, options);
      } catch (error) {
        const raced =
          error instanceof ConflictError && (error.code === 'VERSION_CONFLICT' || error.code === 'NAME_TAKEN');
        if (!raced || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Deletes a stack; it can be restored. Deleting it again has no effect. */
  async delete(ref: string, options: PutOptions): Promise<void> {
    const { lockId } = options;
    const stack = await this.#engine.store.read((s) => stackNamed(s, ref, { deleted: true }));
    if (!stack) throw stackNotFound(ref);
    if (stack.deletedAt !== null) return;
    const call = { ...by(options), ...(lockId === undefined ? {} : { lockId }) };
    await this.#engine.execute({ type: 'deleteStack', stack: stack.id }, call);
  }

  /** The text of a body. Only states are checked in another thread. */
  async #read(ref: string, body: Uint8Array, run: RunTask | undefined): Promise<string> {
    if (run) await run('state', body, { known: await this.#knownText(ref) });
    return decodeUtf8(body, 'state');
  }

  /** The previous document, if it is available without reading the stack. */
  async #knownText(ref: string): Promise<string | undefined> {
    const latest = await this.#engine.store.read((s) => latestCommit(s, ref));
    const known = latest && this.#known.get(latest.stack.stream, latest.commit.hash);
    return known?.blocks && known.text;
  }

  async #put(ref: string, text: string, options: PutOptions): Promise<Receipt> {
    const { lockId, force = false } = options;
    const current = await this.#current(ref);
    const stack = current?.stack;
    const call = { ...by(options), ...(lockId === undefined ? {} : { lockId }) };
    const { command, state } = following({ id: stack?.id ?? ref, name: ref }, current?.state, text, force);
    const renewal = stack && lockId !== undefined ? await this.#renewal(stack, lockId, call) : [];
    if (stack && current?.state && !changesSomething(command)) {
      if (renewal.length > 0) await this.#engine.executeTogether(renewal);
      return receiptOf(current.commit, stack.id);
    }
    const put: Command = {
      ...command,
      // Terraform's state is accepted even if a resource depends on one that it does not contain.
      allowMissing: true,
      dependents: 'leave',
      ...(stack ? {} : { create: {} }),
    };
    const [receipt] = (await this.#engine.executeTogether([
      [put, { ...call, expectedVersion: current?.commit.version ?? 0 }],
      ...renewal,
    ])) as [Receipt];
    const stream = stack?.stream ?? receipt.firstPosition; // the commit created the stack
    if (receipt.events > 0) this.#known.set(stream, receipt.hash, state);
    return receipt;
  }

  /** The content of a stack after the last commit that raised its version, from the cache or from the tables. */
  async #current(ref: string): Promise<(Latest & { readonly state: StateText | undefined }) | undefined> {
    const known = (stack: StackRecord, commit: CommitRecord) => this.#known.get(stack.stream, commit.hash);
    const found = await this.#engine.store.read(function* (s) {
      const latest = yield* latestCommit(s, ref);
      if (!latest) return undefined;
      const state = known(latest.stack, latest.commit);
      return { ...latest, state, view: state ? undefined : yield* readState(s, latest.stack.id) };
    });
    if (!found) return undefined;
    const { stack, commit, view } = found;
    if (!view) return { stack, commit, state: found.state };
    if (isEmpty(view)) return { stack, commit, state: undefined };
    const document = toTerraformState(view);
    const state = stateText(writeAsTerraform(document), asTerraform(document, stack.name));
    this.#known.set(stack.stream, commit.hash, state);
    return { stack, commit, state };
  }

  /** Extends a lock when at least half of its time has passed. */
  async #renewal(stack: StackRecord, lockId: string, call: EnvelopeInput) {
    const lock = await this.#engine.store.read((s) => s.lock(stack.stream));
    if (lock?.lockId !== lockId || lock.expiresAt > later(this.#clock.now(), this.#lockMs / 2)) return [];
    return [[{ type: 'renewLock', stack: stack.id, id: lockId, ttlMs: this.#lockMs }, call]] as const;
  }
}

interface Latest {
  readonly stack: StackRecord;
  /** The last commit that raised the version. */
  readonly commit: CommitRecord;
}

function* latestCommit(s: Snapshot, name: string): Program<Latest | undefined> {
  const stack = yield* stackNamed(s, name);
  const [commit] = stack ? yield* s.commits(stack.stream, { raised: true, limit: 1 }) : [];
  return stack && commit && { stack, commit };
}

const isEmpty = ({ document, resources, outputs }: StateView): boolean =>
  document.origin === null && resources.length + outputs.length === 0;

const changesSomething = ({ document = {}, resources, remove, outputs, removeOutputs }: Apply): boolean =>
  Object.keys(document).length > 0 ||
  [resources, remove, outputs, removeOutputs].some((list) => list !== undefined && list.length > 0);
