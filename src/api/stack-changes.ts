import type { Json } from '../lib/json.js';
import { lockAfter } from '../queries/annotations.js';
import type { Receipt } from '../store/event-store.js';
import type { LockRecord } from '../store/records.js';
import type { CallOptions } from './options.js';
import { StackReads } from './stack-reads.js';

export interface LockOptions extends CallOptions {
  /** The purpose of the lock. */
  readonly operation: string;
  /** The holder. Default: the actor. */
  readonly who?: string;
  readonly info?: string;
  /** Milliseconds, 1 second to 7 days. Default: 30 minutes. */
  readonly durationMs?: number;
  /** The lock's id. Taking a lock again under its id returns the same lock. Default: a new one. */
  readonly id?: string;
}

/** A lock as its holder took or renewed it. */
export interface HeldLock extends LockRecord {
  readonly stackId: string;
}

/** Shortcuts for common commands. */
export class StackChanges extends StackReads {
  /** Marks the current version with a description and returns it. */
  async createSnapshot(stack: string, by?: string, description = '', call: CallOptions = {}): Promise<number> {
    const receipt = await this.execute({ type: 'takeSnapshot', stack, description }, as(by, call));
    return receipt.version;
  }

  /** Restores the stack's state at `version`, as a new version. See the ADR on rollback for what it covers. */
  rollbackToSnapshot(stack: string, version: number, by?: string, call: CallOptions = {}): Promise<Receipt> {
    return this.execute({ type: 'rollback', stack, toVersion: version }, as(by, call));
  }

  /**
   * Takes the lock of a stack.
   * @returns the lock of this command, even if it was broken since
   * @throws LockedError if somebody else holds it
   */
  async lockState(stack: string, options: LockOptions): Promise<HeldLock> {
    const { operation, who, info, durationMs, id, ...call } = options;
    const receipt = await this.execute(
      {
        type: 'acquireLock',
        stack,
        operation,
        ...(who === undefined ? {} : { who }),
        ...(info === undefined ? {} : { info }),
        ...(durationMs === undefined ? {} : { ttlMs: durationMs }),
        ...(id === undefined ? {} : { id }),
      },
      call,
    );
    return this.#lockAfter(receipt);
  }

  /** The lock then expires `durationMs` from now, 1 second to 7 days. */
  async renewLock(stack: string, id: string, durationMs: number, call?: CallOptions): Promise<HeldLock> {
    return this.#lockAfter(await this.execute({ type: 'renewLock', stack, id, ttlMs: durationMs }, call));
  }

  unlockState(stack: string, id: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'releaseLock', stack, id }, call);
  }

  /** Ends the lock of another holder; the reason is recorded. */
  breakLock(stack: string, reason: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'breakLock', stack, reason }, call);
  }

  /** Read from the log up to the command: later commands may have broken the lock, or renamed or deleted the stack. */
  async #lockAfter(receipt: Receipt): Promise<HeldLock> {
    const lock = await this.read((s) => lockAfter(s, receipt));
    return { stackId: receipt.stackId, ...(lock as LockRecord) };
  }

  addTag(stack: string, tag: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'addTags', stack, tags: [tag] }, call);
  }

  removeTag(stack: string, tag: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'removeTags', stack, tags: [tag] }, call);
  }

  addDependency(
    stack: string,
    resource: string,
    dependsOn: string,
    dependencyType: 'explicit' | 'implicit' = 'explicit',
    call?: CallOptions,
  ): Promise<Receipt> {
    return this.execute({ type: 'addDependency', stack, resource, dependsOn, dependencyType }, call);
  }

  removeDependency(stack: string, resource: string, dependsOn: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'removeDependency', stack, resource, dependsOn }, call);
  }

  /** Compares two states of a resource and records the differences; equal states clear an open finding. */
  detectDrift(stack: string, resource: string, expected: Json, actual: Json, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'detectDrift', stack, findings: [{ resource, expected, actual }] }, call);
  }
}

const as = (by: string | undefined, call: CallOptions): CallOptions =>
  by === undefined ? call : { ...call, actor: by };
