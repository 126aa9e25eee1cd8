import type { StackDocument } from '../events/index.js';
import { NO_ENTRIES } from '../lib/no-entries.js';
import type { LikelyLinks } from './edge-query.js';
import type {
  DependencyRecord,
  DriftRecord,
  DriftRuleRecord,
  ExecutionRecord,
  LockRecord,
  LockTaker,
  OutputRecord,
  ResourceName,
  ResourceSlot,
  StackHead,
} from './records.js';

/** What a decision needs to know, by key. A store reads exactly this inside the appending transaction, nothing more. */
export interface FactKeys {
  /** The stack the command is for, by id or by name. */
  readonly stack: string;
  /** Look among deleted stacks too, when no live one answers to it. */
  readonly deleted?: boolean;
  /** Who took the stack's lock is wanted. */
  readonly lockTaker?: boolean;
  /** A name whose holder is wanted: the stack that has it as its id, or the live one that bears it. */
  readonly name?: string;
  /** The same for the stack's own name, which a deleted stack may have lost to another. */
  readonly ownName?: boolean;
  /** An id whose holder is wanted. */
  readonly id?: string;
  /** The stack's own document is wanted. */
  readonly document?: boolean;
  readonly addresses?: readonly string[];
  /** Resources by id; they come with those of `addresses`. */
  readonly resourceIds?: readonly string[];
  readonly outputs?: readonly string[];
  /** The names of all resources and outputs are wanted. */
  readonly present?: boolean;
  /** Edges, as [address, target]. */
  readonly edges?: readonly (readonly [string, string])[];
  readonly tags?: readonly string[];
  /** Addresses or ids of resources whose last drift finding is wanted. */
  readonly driftOf?: readonly string[];
  /** The stack's drift rules are wanted. */
  readonly driftRules?: boolean;
  readonly execution?: string;
  /** Everything that differs between the current version and this one. */
  readonly changedSince?: number;
  /** What the decision will most likely ask of dependencies. A store that has to wait for answers asks it with the rest. */
  readonly likely?: () => LikelyLinks;
}

/** Whether they ask for what stacks share; else all that is asked for is of the stack that is named. */
export const looksAround = ({ name, ownName, id, resourceIds = [], changedSince }: FactKeys): boolean =>
  name !== undefined || id !== undefined || changedSince !== undefined || ownName === true || resourceIds.length > 0;

/** A value now and at an earlier version; undefined where it has or had none. */
export interface Change<T> {
  readonly now: T | undefined;
  readonly before: T | undefined;
}

export interface Difference {
  readonly document: Change<StackDocument>;
  readonly resources: readonly (Change<ResourceSlot> & {
    readonly slot: ResourceSlot;
    /** The resource that bears the earlier id now. */
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

/** The answers. A key without an answer is absent from its map. */
export interface Facts {
  readonly stack: StackHead | undefined;
  /** Where there is no such stack: the deleted one that last answered to it. */
  readonly deletedStack: StackHead | undefined;
  readonly document: StackDocument | undefined;
  readonly lock: LockRecord | undefined;
  /** Undefined too where it was not asked for. */
  readonly lockTaker: LockTaker | undefined;
  /** Id of the stack that holds the name asked for. */
  readonly nameHolder: string | undefined;
  /** Whether a stack has the id asked for, or a live one bears it as its name. */
  readonly idTaken: boolean;
  readonly resources: ReadonlyMap<string, ResourceSlot>;
  /** By the id asked for. Ids are unique over all stacks, so an answer may belong to another one. */
  readonly resourcesById: ReadonlyMap<string, ResourceSlot & { readonly stream: number }>;
  readonly outputs: ReadonlyMap<string, OutputRecord>;
  /** Resources in the order of their addresses, and outputs by name; none unless they were asked for. */
  readonly present: Present;
  readonly edges: readonly DependencyRecord[];
  readonly tags: ReadonlySet<string>;
  readonly drift: ReadonlyMap<string, DriftRecord>;
  /** Oldest first, also those that have run out. None unless they were asked for. */
  readonly driftRules: readonly DriftRuleRecord[];
  readonly execution: ExecutionRecord | undefined;
  readonly difference: Difference | undefined;
}

/** Asks for each key; a key without an answer is left out. */
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
