import type { StackDocument } from '../events/index.js';
import { NO_ENTRIES } from '../lib/no-entries.js';
import type { LikelyEdgeKeys } from './edge-query.js';
import type {
  DependencyRecord,
  DriftRecord,
  DriftRuleRecord,
  ExecutionRecord,
  LockRecord,
  LockTaker,
  OutputRecord,
  ResourceName,
  StackHead,
  StoredResource,
} from './records.js';

/** The keys of the facts that a decision needs. A store reads exactly these inside the appending transaction. */
export interface FactKeys {
  /** The stack the command is for, by id or by name. */
  readonly stack: string;
  /** Also find a deleted stack if no live one matches. */
  readonly deleted?: boolean;
  /** Read the principal that took the stack's lock. */
  readonly lockTaker?: boolean;
  /** A name: read the stack with this id, or the live stack with this name. */
  readonly name?: string;
  /** The same for the stack's own name, which another stack may use after a deletion. */
  readonly ownName?: boolean;
  /** An id: read whether a stack uses it. */
  readonly id?: string;
  /** Read the stack fields. */
  readonly document?: boolean;
  readonly addresses?: readonly string[];
  /** Resources by id; returned with those of `addresses`. */
  readonly resourceIds?: readonly string[];
  readonly outputs?: readonly string[];
  /** Read the names of all resources and outputs. */
  readonly present?: boolean;
  /** Edges, as [address, target]. */
  readonly edges?: readonly (readonly [string, string])[];
  readonly tags?: readonly string[];
  /** Addresses or ids of resources: read the last drift finding of each. */
  readonly driftOf?: readonly string[];
  /** Read the stack's drift rules. */
  readonly driftRules?: boolean;
  readonly execution?: string;
  /** Read all differences between the current version and this one. */
  readonly changedSince?: number;
  /** The likely keys of the edge query. An asynchronous store reads them together with the other facts. */
  readonly likely?: () => LikelyEdgeKeys;
}

/** Whether they contain keys that stacks share; otherwise all facts belong to the named stack. */
export const readsSharedKeys = ({ name, ownName, id, resourceIds = [], changedSince }: FactKeys): boolean =>
  name !== undefined || id !== undefined || changedSince !== undefined || ownName === true || resourceIds.length > 0;

/** A value now and at an earlier version; undefined if it does or did not exist. */
export interface Change<T> {
  readonly now: T | undefined;
  readonly before: T | undefined;
}

export interface Difference {
  readonly document: Change<StackDocument>;
  readonly resources: readonly (Change<StoredResource> & {
    readonly stored: StoredResource;
    /** The resource that has the earlier id now. */
    readonly idHolder: number | undefined;
  })[];
  readonly outputs: readonly (Change<OutputRecord> & { readonly name: string })[];
  readonly dependencies: readonly (Change<DependencyRecord> & { readonly address: string; readonly target: string })[];
}

export interface Present {
  readonly resources: readonly ResourceName[];
  readonly outputs: readonly string[];
}
export const NOTHING_PRESENT: Present = { resources: [], outputs: [] };

/** The facts. A key without a value is absent from its map. */
export interface Facts {
  readonly stack: StackHead | undefined;
  /** If there is no such stack: the last deleted one with that id or name. */
  readonly deletedStack: StackHead | undefined;
  readonly document: StackDocument | undefined;
  readonly lock: LockRecord | undefined;
  /** Also undefined if it was not requested. */
  readonly lockTaker: LockTaker | undefined;
  /** Id of the stack that uses the requested name. */
  readonly nameHolder: string | undefined;
  /** Whether a stack has the requested id, or a live stack has it as its name. */
  readonly idTaken: boolean;
  readonly resources: ReadonlyMap<string, StoredResource>;
  /** By the requested id. Ids are unique over all stacks, so a resource may belong to another one. */
  readonly resourcesById: ReadonlyMap<string, StoredResource & { readonly stream: number }>;
  readonly outputs: ReadonlyMap<string, OutputRecord>;
  /** Resources sorted by address, and outputs by name; empty unless requested. */
  readonly present: Present;
  readonly edges: readonly DependencyRecord[];
  readonly tags: ReadonlySet<string>;
  readonly drift: ReadonlyMap<string, DriftRecord>;
  /** Oldest first, including expired ones. Empty unless requested. */
  readonly driftRules: readonly DriftRuleRecord[];
  readonly execution: ExecutionRecord | undefined;
  readonly difference: Difference | undefined;
}

/** Reads each key. A key without a value is absent from the result. */
export function answers<T>(
  keys: readonly string[] | undefined,
  read: (key: string) => T | undefined,
): ReadonlyMap<string, T> {
  if (keys === undefined || keys.length === 0) return NO_ENTRIES;
  const found = new Map<string, T>();
  for (const key of keys) {
    const answer = read(key);
    if (answer !== undefined) found.set(key, answer);
  }
  return found;
}
