import type { Command } from '../commands/index.js';
import type { Clock } from '../lib/clock.js';
import { stackMoment } from '../queries/at.js';
import { type ListMoment, listStacks, type StackFilter } from '../queries/list.js';
import { readResource, readResources } from '../queries/resource.js';
import type { At, EventStore, Receipt } from '../store/event-store.js';
import type { ExecutionRecord, ResourceRecord, StackListItem, StackRecord } from '../store/records.js';
import type { CallOptions } from './options.js';

/** A command's fields except its type. */
type Fields<T extends Command['type']> = Omit<Extract<Command, { type: T }>, 'type'>;

type Execute = (command: Command, call?: CallOptions) => Promise<Receipt>;

/** Stacks, their resources and their executions. Returned by {@link StateBackend.getStackManager}. */
export class StackManager {
  readonly #store: EventStore;
  readonly #clock: Clock;
  readonly #execute: Execute;

  constructor(store: EventStore, clock: Clock, execute: Execute) {
    this.#store = store;
    this.#clock = clock;
    this.#execute = execute;
  }

  /** @throws ConflictError if the name or id is already used */
  createStack(fields: Fields<'createStack'>, call?: CallOptions): Promise<Receipt> {
    return this.#execute({ type: 'createStack', ...fields }, call);
  }

  /** Omitted fields stay unchanged. */
  updateStack(stack: string, fields: Omit<Fields<'updateStack'>, 'stack'>, call?: CallOptions): Promise<Receipt> {
    return this.#execute({ type: 'updateStack', stack, ...fields }, call);
  }

  deleteStack(stack: string, call?: CallOptions): Promise<Receipt> {
    return this.#execute({ type: 'deleteStack', stack }, call);
  }

  restoreStack(stack: string, call?: CallOptions): Promise<Receipt> {
    return this.#execute({ type: 'restoreStack', stack }, call);
  }

  /** @throws NotFoundError */
  async getStack(stack: string): Promise<StackRecord> {
    return (await this.#store.read((s) => stackMoment(s, stack))).stack;
  }

  /** Sorted by name; the current stacks, or those of a past position. */
  listStacks(filter: StackFilter = {}, at?: ListMoment): Promise<readonly StackListItem[]> {
    return this.#store.read((s) => listStacks(s, filter, this.#clock.now(), at));
  }

  /** Many changes of one stack, as one commit and one version. */
  apply(fields: Fields<'apply'>, call?: CallOptions): Promise<Receipt> {
    return this.#execute({ type: 'apply', ...fields }, call);
  }

  /** Creates or changes one resource. */
  setResource(
    stack: string,
    resource: NonNullable<Fields<'apply'>['resources']>[number],
    call?: CallOptions,
  ): Promise<Receipt> {
    return this.apply({ stack, kind: 'set', resources: [resource] }, call);
  }

  /** By address or id. Refused if other resources depend on it; `apply` has options for that. */
  removeResource(stack: string, resource: string, call?: CallOptions): Promise<Receipt> {
    return this.apply({ stack, kind: 'remove', remove: [resource] }, call);
  }

  /** By address or id. */
  async getResource(stack: string, resource: string, at?: At): Promise<ResourceRecord> {
    return (await this.#store.read((s) => readResource(s, stack, resource, at))).resource;
  }

  /** Sorted by address. */
  async listResources(stack: string, at?: At): Promise<readonly ResourceRecord[]> {
    return (await this.#store.read((s) => readResources(s, stack, at))).resources;
  }

  startExecution(stack: string, executionId?: string, call?: CallOptions): Promise<Receipt> {
    return this.#execute(
      { type: 'startExecution', stack, ...(executionId === undefined ? {} : { executionId }) },
      call,
    );
  }

  completeExecution(
    stack: string,
    fields: Omit<Fields<'completeExecution'>, 'stack'>,
    call?: CallOptions,
  ): Promise<Receipt> {
    return this.#execute({ type: 'completeExecution', stack, ...fields }, call);
  }

  failExecution(stack: string, fields: Omit<Fields<'failExecution'>, 'stack'>, call?: CallOptions): Promise<Receipt> {
    return this.#execute({ type: 'failExecution', stack, ...fields }, call);
  }

  /** Newest first. */
  async listExecutions(stack: string, limit = 50): Promise<readonly ExecutionRecord[]> {
    return (await this.getExecutions(stack, limit)).executions;
  }

  /** The same, with the stack. */
  getExecutions(
    stack: string,
    limit: number,
  ): Promise<{ readonly stack: StackRecord; readonly executions: readonly ExecutionRecord[] }> {
    return this.#store.read(function* (s) {
      const { stack: record } = yield* stackMoment(s, stack);
      return { stack: record, executions: yield* s.executions(record.stream, limit) };
    });
  }
}
