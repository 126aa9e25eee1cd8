import type { LogHead, StoredEvent } from '../events/index.js';
import { type Eventual, type Program, wait } from './program.js';
import type {
  CommitRecord,
  DependencyRecord,
  DocumentRecord,
  DriftRecord,
  DriftRuleRecord,
  EdgeRecord,
  ExecutionRecord,
  LockRecord,
  NodeRecord,
  OutputRecord,
  ResourceRecord,
  SnapshotRecord,
  StackListItem,
  StackRecord,
  TagRecord,
} from './records.js';

export interface EventFilter {
  /** Only after this position. */
  readonly after?: number;
  readonly upTo?: number;
  readonly stream?: number;
  readonly types?: readonly string[];
  /** Recorded at or after this time. */
  readonly since?: string;
  /** Recorded at or before this time. */
  readonly until?: string;
  readonly actor?: string;
  readonly descending?: boolean;
  readonly limit: number;
}

/**
 * The first events that a filter selects: up to its limit and 4 MiB of documents; a larger first event is returned alone.
 */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Whether a bound ended the page, so that more may follow. */
  readonly isFull: boolean;
}

export interface EventSize {
  readonly position: number;
  /** The size of its documents. */
  readonly bytes: number;
}

/** A part of a list. */
export interface Page {
  /** The page begins after this key; if absent, with the first item. */
  readonly after?: string | undefined;
  /** The maximum number of items; if absent, all. */
  readonly limit?: number | undefined;
}

export interface CommitFilter {
  readonly limit?: number;
  readonly upTo?: number;
  /** Only commits that raised the version. */
  readonly raised?: boolean;
}

export interface Checkpoint {
  readonly name: string;
  readonly version: number;
  readonly position: number;
}

/** A point in a stack's history: a state version, a time (ISO-8601 UTC), or a position of the log. */
export type At = { readonly version: number } | { readonly time: string } | { readonly position: number };

export interface Moment {
  readonly version: number;
  /** The stack's last event up to that point, including events that raise no version. */
  readonly position: number;
}

export interface ChangedKeys {
  readonly addresses: readonly string[];
  readonly outputs: readonly string[];
  readonly dependencies: readonly (readonly [address: string, target: string])[];
}

/** Finds a stack by id or name: a deleted one only on request and if no live one matches, the last deleted first. */
interface FindOptions {
  readonly deleted?: boolean;
}

/**
 * The reads of a store: each is one statement or a fixed number of them. Versions are state versions; the state at version
 * V includes V. Without a version it is the current state.
 */
export interface Reads {
  head(): LogHead;
  /** All at once; for a small limit only, otherwise use `readPage`. */
  events(filter: EventFilter): readonly StoredEvent[];
  /** The sizes of these events, in order. No document is read. */
  eventSizes(filter: EventFilter): readonly EventSize[];
  checkpoints(): readonly Checkpoint[];

  stack(ref: string, options?: FindOptions): StackRecord | undefined;
  /** By name only. */
  stackOfName(name: string, options?: FindOptions): StackRecord | undefined;
  /** @param now locks that have expired by then are ignored */
  stacks(
    filter: { readonly tags?: readonly string[]; readonly status?: string; readonly deleted?: boolean },
    now: string,
  ): readonly StackListItem[];
  /** The stack fields. */
  document(stream: number, version?: number): DocumentRecord;
  /** The existing resources among the addresses, by address. */
  resourcesOf(stream: number, addresses: readonly string[], version?: number): ReadonlyMap<string, ResourceRecord>;
  /** In address order. The cost of a page grows with its items. */
  resources(stream: number, version?: number, page?: Page): readonly ResourceRecord[];
  /** The address of each resource by its id, including removed ones; an unknown id is left out. */
  addressesOf(stream: number, ids: readonly string[]): ReadonlyMap<string, string>;
  /** The events that created, changed or removed the resource at this address, oldest first. */
  resourceHistory(stream: number, address: string): readonly StoredEvent[];
  outputs(stream: number, version?: number): readonly OutputRecord[];
  /** The existing outputs among the names, by name. */
  outputsOf(stream: number, names: readonly string[], version?: number): ReadonlyMap<string, OutputRecord>;
  dependencies(stream: number, version?: number): readonly DependencyRecord[];
  /** The existing edges among these. */
  dependenciesOf(
    stream: number,
    edges: readonly (readonly [address: string, target: string])[],
    version?: number,
  ): readonly DependencyRecord[];
  /** The resources without their values, in address order. */
  nodes(stream: number, version?: number): readonly NodeRecord[];
  /** The dependencies without their events, ordered by address, then target. */
  edges(stream: number, version?: number): readonly EdgeRecord[];
  /**
   * The addresses, output names and edges that commits after `from` and up to `to` changed. The cost grows with those
   * commits.
   */
  changedKeys(stream: number, from: number, to: number): ChangedKeys;

  commit(stream: number, version: number): CommitRecord | undefined;
  /** The first commit of a local caller with this command id, or undefined. */
  commitOf(commandId: string): CommitRecord | undefined;
  /** Newest first. */
  commits(stream: number, filter?: CommitFilter): readonly CommitRecord[];
  /** The last commit at or before a version, a time or a position of the log; undefined before the stack existed. */
  moment(stream: number, at: At): Moment | undefined;
  /** Newest first. */
  snapshots(stream: number): readonly SnapshotRecord[];
  /** Newest first. */
  executions(stream: number, limit: number): readonly ExecutionRecord[];
  lock(stream: number): LockRecord | undefined;
  tags(stream: number): readonly TagRecord[];
  /** Ids of resources with a drift finding, ignored or not, in id order. */
  drifted(stream: number): readonly string[];
  /** Newest first. */
  drift(stream: number): readonly DriftRecord[];
  /** Oldest first, including expired ones. */
  driftRules(stream: number): readonly DriftRuleRecord[];
}

/** The reads as a store implements them: synchronous or asynchronous. */
export type ReadsOf = {
  readonly [K in keyof Reads]: (...args: Parameters<Reads[K]>) => Eventual<ReturnType<Reads[K]>>;
};

/** One snapshot of the database for programs: commits of others after it are invisible. */
export type Snapshot = {
  readonly [K in keyof Reads]: (...args: Parameters<Reads[K]>) => Program<ReturnType<Reads[K]>>;
};

/** A query: a program over one snapshot. */
export type Query<T> = (snapshot: Snapshot) => Program<T>;

export function snapshotOn(reads: ReadsOf): Snapshot {
  const programs = Object.entries(reads).map(([name, read]: [string, (...args: never[]) => unknown]) => [
    name,
    (...args: never[]) => wait(read(...args)),
  ]);
  return Object.fromEntries(programs) as Snapshot;
}
