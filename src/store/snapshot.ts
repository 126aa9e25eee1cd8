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
  /** Recorded at or after this instant. */
  readonly since?: string;
  /** Recorded at or before this instant. */
  readonly until?: string;
  readonly actor?: string;
  readonly descending?: boolean;
  readonly limit: number;
}

/** The first events that a filter selects: as many as its limit, and 4 MiB of documents, unless the first alone is larger. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Whether a bound ended the page, so that more may follow. */
  readonly isFull: boolean;
}

export interface EventSize {
  readonly position: number;
  /** Of its documents. */
  readonly bytes: number;
}

/** A part of a list. */
export interface Page {
  /** The key after which it begins; left out, it begins with the first. */
  readonly after?: string | undefined;
  /** Items at most; left out, all of them. */
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

/** A place in a stack's history: a state version, an instant (ISO-8601 UTC), or a position of the log. */
export type At = { readonly version: number } | { readonly time: string } | { readonly position: number };

export interface Moment {
  readonly version: number;
  /** The stack's last event up to then, those that raise no version included. */
  readonly position: number;
}

export interface ChangedKeys {
  readonly addresses: readonly string[];
  readonly outputs: readonly string[];
  readonly dependencies: readonly (readonly [address: string, target: string])[];
}

/** Of a stack by its id or name: a deleted one only when asked for and no live one has it, the last deleted first. */
interface FindOptions {
  readonly deleted?: boolean;
}

/**
 * What a store reads: each one statement, or a fixed number of them. Versions are state versions; the state at version V
 * includes V. Without a version it is the current state.
 */
export interface Reads {
  head(): LogHead;
  /** All at once: for a limit that is small, else see `readPage`. */
  events(filter: EventFilter): readonly StoredEvent[];
  /** Of these events, in their order. No document is read. */
  eventSizes(filter: EventFilter): readonly EventSize[];
  checkpoints(): readonly Checkpoint[];

  stack(ref: string, options?: FindOptions): StackRecord | undefined;
  /** By name alone. */
  stackOfName(name: string, options?: FindOptions): StackRecord | undefined;
  /** @param now a lock that has run out by then locks nothing */
  stacks(
    filter: { readonly tags?: readonly string[]; readonly status?: string; readonly deleted?: boolean },
    now: string,
  ): readonly StackListItem[];
  /** The stack's own values. */
  document(stream: number, version?: number): DocumentRecord;
  /** Those of the addresses that are present, by address. */
  resourcesOf(stream: number, addresses: readonly string[], version?: number): ReadonlyMap<string, ResourceRecord>;
  /** In address order. A page costs what it holds. */
  resources(stream: number, version?: number, page?: Page): readonly ResourceRecord[];
  /** The address of each resource by its id, present or not; an unknown id is left out. */
  addressesOf(stream: number, ids: readonly string[]): ReadonlyMap<string, string>;
  /** The events that created, changed or removed the resource of this address, oldest first. */
  resourceHistory(stream: number, address: string): readonly StoredEvent[];
  outputs(stream: number, version?: number): readonly OutputRecord[];
  /** Those of the names that are present, by name. */
  outputsOf(stream: number, names: readonly string[], version?: number): ReadonlyMap<string, OutputRecord>;
  dependencies(stream: number, version?: number): readonly DependencyRecord[];
  /** Those of the edges that are present. */
  dependenciesOf(
    stream: number,
    edges: readonly (readonly [address: string, target: string])[],
    version?: number,
  ): readonly DependencyRecord[];
  /** The resources without their values, in address order. */
  nodes(stream: number, version?: number): readonly NodeRecord[];
  /** The dependencies without their events, in the order of address, then target. */
  edges(stream: number, version?: number): readonly EdgeRecord[];
  /** What commits after `from` and up to `to` changed: addresses, output names, edges. Costs what changed. */
  changedKeys(stream: number, from: number, to: number): ChangedKeys;

  commit(stream: number, version: number): CommitRecord | undefined;
  /** The first commit that a local caller made under this command id; undefined where there is none. */
  commitOf(commandId: string): CommitRecord | undefined;
  /** Newest first. */
  commits(stream: number, filter?: CommitFilter): readonly CommitRecord[];
  /** The last commit at or before a version, a time or a position of the log; undefined before the stack was. */
  moment(stream: number, at: At): Moment | undefined;
  /** Newest first. */
  snapshots(stream: number): readonly SnapshotRecord[];
  /** Newest first. */
  executions(stream: number, limit: number): readonly ExecutionRecord[];
  lock(stream: number): LockRecord | undefined;
  tags(stream: number): readonly TagRecord[];
  /** Ids of resources that a finding says have drifted, ignored or not, in the order of those ids. */
  drifted(stream: number): readonly string[];
  /** Newest first. */
  drift(stream: number): readonly DriftRecord[];
  /** Oldest first, also those that have run out. */
  driftRules(stream: number): readonly DriftRuleRecord[];
}

/** How a store carries them out: at once, or later. */
export type ReadsOf = {
  readonly [K in keyof Reads]: (...args: Parameters<Reads[K]>) => Eventual<ReturnType<Reads[K]>>;
};

/** One moment of the database, as programs see it: nothing that others commit meanwhile is in it. */
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
