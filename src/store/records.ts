import type { ResourceValue, StackDocument } from '../events/index.js';
import type { Json } from '../lib/json.js';

/** The records that readers get: rows joined with their documents. `position` is that of the event that holds the value. */

/** The current state of a stack, without its documents. */
export interface StackRecord {
  readonly stream: number;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** The user's label; the state version is `stateVersion`. */
  readonly version: string;
  readonly status: string;
  readonly workflowFile: string;
  readonly stateVersion: number;
  readonly revision: number;
  readonly resourceCount: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly completedAt: string | null;
  readonly executionCount: number;
  /** Milliseconds. */
  readonly lastDuration: number | null;
  readonly lastError: string | null;
  readonly deletedAt: string | null;
}

/** The columns of a stack that a decision may need. */
export type StackHead = Pick<
  StackRecord,
  'stream' | 'id' | 'name' | 'stateVersion' | 'revision' | 'executionCount' | 'deletedAt'
>;

export interface StackListItem extends StackRecord {
  readonly tags: readonly string[];
  readonly locked: boolean;
}

/** A stack's own values at a version: its fields and the results of its executions. */
export interface DocumentRecord {
  /** `status` is the one at that version, whether the document or an execution set it. */
  readonly document: StackDocument;
  readonly executionCount: number;
  readonly completedAt: string | null;
  /** Milliseconds. */
  readonly lastDuration: number | null;
  readonly lastError: string | null;
  readonly taskResults: Json;
}

export interface ResourceRecord {
  readonly resource: number;
  /** The caller's id, else `res-<resource>`. */
  readonly id: string;
  readonly address: string;
  readonly module: string;
  readonly type: string;
  readonly name: string;
  readonly position: number;
  /** The state version that set this value. */
  readonly version: number;
  readonly value: ResourceValue;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The identity of a resource, and its current value if it exists. */
export interface StoredResource {
  readonly resource: number;
  /** The id it was given, if any. */
  readonly id: string | null;
  readonly address: string;
  readonly module: string;
  readonly type: string;
  readonly name: string;
  readonly value: ResourceValue | null;
}

/** The identity of an existing resource, without its value. */
export type ResourceName = Omit<StoredResource, 'value'>;

export interface OutputRecord {
  readonly name: string;
  readonly value: Json;
  readonly sensitive: boolean;
  readonly metadata: Json;
  readonly position: number;
  readonly version: number;
}

export interface DependencyRecord {
  readonly address: string;
  readonly target: string;
  readonly type: 'explicit' | 'implicit';
  readonly path: string | null;
  readonly position: number;
  readonly createdAt: string;
}

/** A resource as the graph needs it, without its value. */
export interface NodeRecord {
  readonly address: string;
  /** The address without instance keys; null where it has none. */
  readonly base: string | null;
  readonly type: string;
  /** The caller's id, else `res-<resource>`. */
  readonly id: string;
}

/** `target` is the address of a resource, the base address of several, or a name without a resource. */
export type EdgeRecord = Pick<DependencyRecord, 'address' | 'target' | 'type' | 'path'>;

/** The principal that took a lock. */
export interface LockTaker {
  readonly actor: string;
  /** `local`, or `token:` and a name; undefined if an earlier release recorded the lock. */
  readonly principal: string | undefined;
}

export interface CommitRecord {
  readonly firstPosition: number;
  readonly position: number;
  readonly stream: number;
  readonly version: number;
  readonly raised: boolean;
  readonly kind: string;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly commandId: string;
  readonly actor: string;
  readonly at: string;
  readonly description: string | null;
  readonly hash: string;
}

export interface SnapshotRecord {
  readonly position: number;
  readonly version: number;
  readonly description: string;
  readonly createdBy: string;
  readonly createdAt: string;
}

export interface ExecutionRecord {
  readonly number: number;
  readonly id: string;
  readonly status: string;
  readonly startedAt: string;
  readonly completedAt: string | null;
  /** Milliseconds. */
  readonly duration: number | null;
  readonly error: string | null;
  readonly taskResults: Json;
}

export interface DriftRecord {
  /** The position of the finding's event. */
  readonly id: number;
  readonly resource: number | null;
  readonly resourceId: string;
  readonly detectedAt: string;
  readonly expected: Json;
  readonly actual: Json;
  readonly fields: readonly string[];
  readonly changes: readonly { readonly path: string; readonly expected?: Json; readonly actual?: Json }[];
  readonly isDrifted: boolean;
  readonly resolutionStatus: string;
  readonly resolvedAt: string | null;
  readonly reason: string | null;
  readonly ignoredUntil: string | null;
}

/** Excludes differences at some paths of some resources from drift. */
export interface DriftRuleRecord {
  /** The position of the event that added it. */
  readonly id: number;
  /** A pattern of resource types. */
  readonly resourceType: string;
  /** A pattern of paths in the properties. */
  readonly path: string;
  readonly reason: string;
  /** The rule expires at this time. */
  readonly expiresAt: string | null;
  readonly createdBy: string;
  readonly createdAt: string;
}

export interface LockRecord {
  readonly lockId: string;
  /**
   * Fencing token: grows with every lock taken. Pass it to other systems, so that they can refuse a holder whose lock has
   * expired.
   */
  readonly token: number;
  readonly operation: string;
  readonly who: string;
  readonly info: string;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface TagRecord {
  readonly tag: string;
  readonly createdAt: string;
  readonly createdBy: string;
}
