import type { EventMeta, LogHead, NewEvent, RecordedEvent, StoredEvent, UnknownEvent } from '../events/index.js';
import type { Question } from './edge-query.js';
import type { FactKeys, Facts } from './facts.js';
import type { Maintenance } from './maintenance.js';
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
import type { RowChange } from './row-change.js';
import type { TableName } from './tables.js';

/** A command, ready to be decided inside the appending transaction. */
export interface AppendRequest {
  readonly commandId: string;
  /** Present where the caller chose the id, and so may send the command again. */
  readonly identity?: RequestIdentity;
  readonly meta: EventMeta;
  /** When it happened, where that was elsewhere and before; else it happens now. */
  readonly happened?: string;
  readonly keys: FactKeys;
  /** Refuses a caller who may not reach what the command names. Asked before anything is decided or repeated. */
  authorize?(facts: Facts): void;
  /** Pure. `now` is the instant the events will carry. What it throws refuses the command and leaves nothing behind. */
  decide(facts: Facts, now: string): readonly NewEvent[] | Question;
}

/** By what a repeated command is recognised, beside its id and its stack (docs/adr/0023). */
export interface RequestIdentity {
  /** Whose id it is: `local`, or `token:` and the token's name. */
  readonly principal: string;
  /** What the command says: equal texts for equal commands. */
  content(): string;
}

/** What a command did. The same command sent again gives an equal receipt. */
export interface Receipt {
  readonly commandId: string;
  readonly stackId: string;
  /** The stack's state version after the command. */
  readonly version: number;
  /** How many events were appended; 0 when there was nothing to change, and then the positions are the log's head. */
  readonly events: number;
  readonly firstPosition: number;
  readonly lastPosition: number;
  /** The log's hash at `lastPosition`. */
  readonly hash: string;
  readonly recordedAt: string;
}

/**
 * Turns events, whole commits in log order, into row changes; of the projectors named, or all. Handed to the store, which
 * runs it in the transaction.
 */
export type ProjectionStep = (
  events: readonly (RecordedEvent | UnknownEvent)[],
  only?: ReadonlySet<string>,
) => readonly RowChange[];

/** What the store must know of a projector to keep its tables and its checkpoint. */
export interface ProjectorInfo {
  readonly name: string;
  readonly version: number;
  readonly tables: readonly TableName[];
}

export interface Projection {
  readonly project: ProjectionStep;
  readonly projectors: readonly ProjectorInfo[];
}

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

/**
 * The port every store implements; `test/contracts` holds the suite all of them pass. Readers see committed state only.
 * Versions given to readers are state versions; the state at version V includes V.
 */
export interface EventStore extends Maintenance {
  /**
   * Decides and appends in one transaction with the projection. When it resolves, the events are durable.
   * Requests waiting at the same time may share a transaction; a refused one does not touch the others.
   */
  append(request: AppendRequest): Promise<Receipt>;
  /**
   * The same for several commands, one after the other in one transaction: all of them, or, where one is refused, none.
   * @throws what refused the first one that was
   */
  appendTogether(requests: readonly AppendRequest[]): Promise<readonly Receipt[]>;
  /** The events the command would append now; none for one that was carried out before. Appends nothing. */
  preview(request: AppendRequest): Promise<readonly NewEvent[]>;

  head(): Promise<LogHead>;
  events(filter: EventFilter): Promise<readonly StoredEvent[]>;
  /** Calls back after events may have been appended, by this process or another. Returns how to stop. */
  onAppend(listener: () => void): () => void;
  /**
   * How much there is to read, so that a caller can tell a large answer from a small one. It takes as long as `most` rows
   * take, without their documents: of more rows it counts one more than `most` of each kind, and the bytes of those.
   */
  size(of: Measured, most: number): Promise<Size>;
  checkpoints(): Promise<readonly Checkpoint[]>;
  describe(): Promise<StoreDescription>;

  /** By id or name; a deleted stack only when asked for and no live one answers, the last deleted of that name first. */
  stack(ref: string, options?: { readonly deleted?: boolean }): Promise<StackRecord | undefined>;
  /** By name alone, with the same rule for deleted ones. */
  stackOfName(name: string, options?: { readonly deleted?: boolean }): Promise<StackRecord | undefined>;
  stacks(filter: {
    readonly tags?: readonly string[];
    readonly status?: string;
    readonly deleted?: boolean;
  }): Promise<readonly StackListItem[]>;
  /** The stack's own values, now or at a version. */
  document(stream: number, version?: number): Promise<DocumentRecord>;
  resource(stream: number, address: string, version?: number): Promise<ResourceRecord | undefined>;
  /** The address of a resource by its id, present or not. */
  resourceAddress(stream: number, id: string): Promise<string | undefined>;
  /** In address order. A page costs what it holds. */
  resources(stream: number, version?: number, page?: Page): Promise<readonly ResourceRecord[]>;
  /** The events that created, changed or removed the resource of this address, oldest first. */
  resourceHistory(stream: number, address: string): Promise<readonly StoredEvent[]>;
  outputs(stream: number, version?: number): Promise<readonly OutputRecord[]>;
  output(stream: number, name: string, version?: number): Promise<OutputRecord | undefined>;
  dependencies(stream: number, version?: number): Promise<readonly DependencyRecord[]>;
  dependency(
    stream: number,
    edge: readonly [address: string, target: string],
    version?: number,
  ): Promise<DependencyRecord | undefined>;
  /** The resources without their values, in address order. */
  nodes(stream: number, version?: number): Promise<readonly NodeRecord[]>;
  /** The dependencies without their events, in the order of address, then target. */
  edges(stream: number, version?: number): Promise<readonly EdgeRecord[]>;
  /** What a commit after `from` and up to `to` touched: addresses, output names, edges. Costs what changed. */
  touched(stream: number, from: number, to: number): Promise<Touched>;

  commit(stream: number, version: number): Promise<CommitRecord | undefined>;
  /** The first commit that a local caller made under this command id; undefined where there is none. */
  commitOf(commandId: string): Promise<CommitRecord | undefined>;
  /** Newest first. */
  commits(stream: number, filter?: CommitFilter): Promise<readonly CommitRecord[]>;
  /** The last commit at or before a version, an instant or a position of the log; undefined before the stack was. */
  moment(stream: number, at: At): Promise<Moment | undefined>;
  /** Newest first. */
  snapshots(stream: number): Promise<readonly SnapshotRecord[]>;
  /** Newest first. */
  executions(stream: number, limit: number): Promise<readonly ExecutionRecord[]>;
  lock(stream: number): Promise<LockRecord | undefined>;
  tags(stream: number): Promise<readonly TagRecord[]>;
  /** Ids of resources that a finding says have drifted, ignored or not, in the order of those ids. */
  drifted(stream: number): Promise<readonly string[]>;
  /** Newest first. */
  drift(stream: number): Promise<readonly DriftRecord[]>;
  /** Oldest first, also those that have run out. */
  driftRules(stream: number): Promise<readonly DriftRuleRecord[]>;

  /** Waits for what was accepted, then lets go of the database. Later calls are refused. */
  close(): Promise<void>;
}

/** All stacks, all events, or of one stack what it holds now or all of its events. */
export type Measured = 'stacks' | 'events' | { readonly stream: number; readonly part: 'state' | 'events' };

export interface Size {
  readonly rows: number;
  /** Of the documents of events. */
  readonly bytes: number;
}

/** A place in a stack's history: a state version, an instant (ISO-8601 UTC), or a position of the log. */
export type At = { readonly version: number } | { readonly time: string } | { readonly position: number };

export interface Moment {
  readonly version: number;
  /** The stack's last event up to then, those that raise no version included. */
  readonly position: number;
}

export interface Touched {
  readonly addresses: readonly string[];
  readonly outputs: readonly string[];
  readonly dependencies: readonly (readonly [address: string, target: string])[];
}

/** What `doctor` shows of a store. */
export interface StoreDescription {
  readonly kind: string;
  readonly location: string;
  /** Engine name and version: `SQLite 3.51.2`. */
  readonly engine: string;
  readonly schemaVersion: number;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly bytes: number;
  readonly events: number;
  readonly stacks: number;
  readonly locks: number;
}
