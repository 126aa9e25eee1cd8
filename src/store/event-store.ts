import type { EventMeta, LogHead, NewEvent, RecordedEvent, StoredEvent, UnknownEvent } from '../events/index.js';
import type { EdgeQuery } from './edge-query.js';
import type { FactKeys, Facts } from './facts.js';
import type { Maintenance } from './maintenance.js';
import type { RowChange } from './row-change.js';
import type { Checkpoint, EventFilter, EventPage, Query } from './snapshot.js';
import type { TableName } from './tables.js';

export type { At, ChangedKeys, Checkpoint, CommitFilter, EventFilter, EventPage, Moment, Page } from './snapshot.js';

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
  decide(facts: Facts, now: string): readonly NewEvent[] | EdgeQuery;
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

/**
 * The port every store implements; `test/contracts` holds the suite all of them pass. Readers see committed state only.
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

  /**
   * Runs a query on one moment of the database, whatever others commit meanwhile. The program waits for nothing but the
   * snapshot, so that no client can hold it open.
   * @throws StoreError `READ_TOO_LONG` for one that a server has not answered after 5 seconds
   */
  read<T>(query: Query<T>): Promise<T>;
  head(): Promise<LogHead>;
  /** All at once: for a limit that is small. */
  events(filter: EventFilter): Promise<readonly StoredEvent[]>;
  /** As many of the events as one page holds. */
  page(filter: EventFilter): Promise<EventPage>;
  /** Calls back after events may have been appended, by this process or another. Returns how to stop. */
  onAppend(listener: () => void): () => void;
  /**
   * How much there is to read, so that a caller can tell a large answer from a small one. It takes as long as `most` rows
   * take, without their documents: of more rows it counts one more than `most` of each kind, and the bytes of those.
   */
  size(of: Measured, most: number): Promise<Size>;
  checkpoints(): Promise<readonly Checkpoint[]>;
  describe(): Promise<StoreDescription>;

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
