import type { EventMeta, LogHead, NewEvent, RecordedEvent, StoredEvent, UnknownEvent } from '../events/index.js';
import type { EdgeQuery } from './edge-query.js';
import type { FactKeys, Facts } from './facts.js';
import type { Maintenance } from './maintenance.js';
import type { RowChange } from './row-change.js';
import type { Checkpoint, EventFilter, EventPage, Query } from './snapshot.js';
import type { TableName } from './tables.js';

export type { At, ChangedKeys, Checkpoint, CommitFilter, EventFilter, EventPage, Moment, Page } from './snapshot.js';

/** A command that is ready to be decided inside the appending transaction. */
export interface AppendRequest {
  readonly commandId: string;
  /** Present if the caller chose the id and so may repeat the command. */
  readonly identity?: RequestIdentity;
  readonly meta: EventMeta;
  /** The time of an imported command; if absent, the current time. */
  readonly happened?: string;
  readonly keys: FactKeys;
  /**
   * Refuses a caller without access to what the command names. Called before the command is decided or recognised as a
   * repeat.
   */
  authorize?(facts: Facts): void;
  /** Pure. `now` is the timestamp of the events. If it throws, the command is refused and nothing is appended. */
  decide(facts: Facts, now: string): readonly NewEvent[] | EdgeQuery;
}

/** Identifies a repeated command, together with its id and its stack (docs/adr/0023). */
export interface RequestIdentity {
  /** The owner of the command id: `local`, or `token:` and the token's name. */
  readonly principal: string;
  /** The content of the command: equal texts for equal commands. */
  content(): string;
}

/** The result of a command. A repeated command gets an equal receipt. */
export interface Receipt {
  readonly commandId: string;
  readonly stackId: string;
  /** The stack's state version after the command. */
  readonly version: number;
  /** The number of appended events. If it is 0, nothing changed and the positions are those of the log's head. */
  readonly events: number;
  readonly firstPosition: number;
  readonly lastPosition: number;
  /** The log's hash at `lastPosition`. */
  readonly hash: string;
  readonly recordedAt: string;
}

/**
 * Converts events (whole commits in log order) to row changes, for the named projectors or all. The store runs it inside
 * the transaction.
 */
export type ProjectionStep = (
  events: readonly (RecordedEvent | UnknownEvent)[],
  only?: ReadonlySet<string>,
) => readonly RowChange[];

/** The properties of a projector that the store needs to maintain its tables and its checkpoint. */
export interface ProjectorInfo {
  readonly name: string;
  readonly version: number;
  readonly tables: readonly TableName[];
}

export interface Projection {
  readonly project: ProjectionStep;
  readonly projectors: readonly ProjectorInfo[];
}

/** The port of every store; `test/contracts` contains the suite that all stores pass. Readers see committed state only. */
export interface EventStore extends Maintenance {
  /**
   * Decides, appends and projects in one transaction. When it resolves, the events are durable. Concurrent requests may
   * share a transaction; a refused request does not affect the others.
   */
  append(request: AppendRequest): Promise<Receipt>;
  /**
   * Appends several commands in order in one transaction: all of them, or none if one is refused.
   * @throws the error of the first refused command
   */
  appendTogether(requests: readonly AppendRequest[]): Promise<readonly Receipt[]>;
  /** The events that the command would append now; none for a repeated command. Appends nothing. */
  preview(request: AppendRequest): Promise<readonly NewEvent[]>;

  /**
   * Runs a query on one snapshot of the database. The program may wait only for the snapshot, so that no client can keep it
   * open.
   * @throws StoreError `READ_TOO_LONG` if a server takes longer than 5 seconds
   */
  read<T>(query: Query<T>): Promise<T>;
  head(): Promise<LogHead>;
  /** All at once; use it with a small limit. */
  events(filter: EventFilter): Promise<readonly StoredEvent[]>;
  /** One page of the events. */
  page(filter: EventFilter): Promise<EventPage>;
  /** Calls the listener after this process or another may have appended events. Returns a function that unsubscribes. */
  onAppend(listener: () => void): () => void;
  /**
   * Measures a read, so that a caller can distinguish a large response from a small one. It takes as long as reading `most`
   * rows without their documents. If there are more rows, it counts `most` + 1 of each kind and their bytes.
   */
  size(of: Measured, most: number): Promise<Size>;
  checkpoints(): Promise<readonly Checkpoint[]>;
  /** Reads everything from one snapshot of the database. */
  describe(): Promise<StoreDescription>;

  /** Waits for accepted work, then closes the database. Later calls are refused. */
  close(): Promise<void>;
}

/** All stacks, all events, or one stack's current content or events. */
export type Measured = 'stacks' | 'events' | { readonly stream: number; readonly part: 'state' | 'events' };

export interface Size {
  readonly rows: number;
  /** The size of the events' documents. */
  readonly bytes: number;
}

/** What `doctor` reports about a store. */
export interface StoreDescription {
  readonly kind: string;
  readonly location: string;
  /** Engine name and version: `SQLite 3.51.2`. */
  readonly engine: string;
  readonly schemaVersion: number;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly bytes: number;
  readonly head: LogHead;
  readonly projections: readonly Checkpoint[];
  readonly events: number;
  readonly stacks: number;
  readonly locks: number;
}
