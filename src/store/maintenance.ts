import type { LogHead, StoredEvent } from '../events/index.js';
import type { TableName } from './tables.js';

/** How far something long has come. What is counted (events, pages) is the same in both. */
export interface Progress {
  /** What is being done now, where it is done in several steps. */
  readonly step?: string;
  /** What is counted, where this step counts something else than the others. */
  readonly unit?: string;
  readonly done: number;
  readonly total: number;
}

/** Called now and then while something long runs. */
export type OnProgress = (progress: Progress) => void;

/** A projection as it stands. */
export interface ProjectionStatus {
  readonly name: string;
  /** Of the projector that wrote its tables. */
  readonly version: number;
  /** Of the projector in this release; another one means that the tables have to be rebuilt. */
  readonly wanted: number;
  /** The checkpoint: up to which position of the log its tables are built. */
  readonly position: number;
  /** How many events of the log its tables do not show yet. */
  readonly lag: number;
  readonly tables: readonly { readonly name: TableName; readonly rows: number }[];
  /** The position a rebuild has come to that is under way or was broken off; null without one. */
  readonly rebuilding: number | null;
}

export interface RebuildOptions {
  /** Which projections; left out, all. */
  readonly names?: readonly string[];
  readonly onProgress?: OnProgress;
}

export interface Rebuilt {
  readonly projections: readonly string[];
  /** Events read, without those that a rebuild broken off had read before. */
  readonly events: number;
  /** The head of the log when the new tables took the place of the old ones. */
  readonly position: number;
}

/** A row of a table that is not what the log says. */
export interface RowProblem {
  readonly table: TableName;
  readonly key: Readonly<Record<string, string | number>>;
  /** `missing`: the log says it is there. `unexpected`: the log does not know it. `different`: a column differs. */
  readonly kind: 'missing' | 'unexpected' | 'different';
  /** The first column that differs, for `different`. */
  readonly column?: string;
  /** What the log says. */
  readonly expected?: string | number | null;
  /** What the table holds. */
  readonly actual?: string | number | null;
}

/** What comparing the tables with the log came to. */
export interface TableComparison {
  /** The head of the log the tables were compared at. */
  readonly position: number;
  readonly tables: readonly { readonly name: TableName; readonly rows: number; readonly problems: number }[];
  /** The first few of each table. */
  readonly problems: readonly RowProblem[];
}

/** Something wrong with how the log and the tables are kept, below the level of rows: a damaged page, a missing trigger. */
export interface StorageProblem {
  /** The part that is wrong: `page`, or the name of a table, view, index or trigger. */
  readonly where: string;
  readonly problem: string;
}

/** What can be done with a store's log and tables as a whole. Nothing here is needed to carry out a command. */
export interface Maintenance {
  projections(): Promise<readonly ProjectionStatus[]>;
  /**
   * Builds tables anew from the log beside the live ones and puts them in their place in one transaction. Commands go
   * on meanwhile, in this process and others, and lose nothing. Broken off, it goes on where it was when called again.
   * @throws IntegrityError `FOREIGN_PARTS` where something of others decides which rows the tables hold
   */
  rebuild(options?: RebuildOptions): Promise<Rebuilt>;
  /** Builds all tables, or one stream's rows of them, from the log somewhere apart and compares them with the live ones. */
  compareTables(options: { readonly stream?: number; readonly onProgress?: OnProgress }): Promise<TableComparison>;
  /**
   * Whether pages, tables, indexes, views and triggers are as this release makes them.
   * @param options `quick` leaves out what takes as long as reading the log
   */
  checkStorage(options?: { readonly quick?: boolean }): Promise<readonly StorageProblem[]>;
  /**
   * Takes over a whole log into an empty store, in one transaction, and builds the tables from it. The log is checked
   * against its chain on the way.
   * @param head where the log must end
   * @throws ConflictError where the store holds events; IntegrityError where the log does not hold
   */
  importLog(
    events: Iterable<StoredEvent>,
    head: Pick<LogHead, 'position' | 'hash'>,
    onProgress?: OnProgress,
  ): Promise<LogHead>;
  /**
   * Takes over events that follow the end of the log as they are, positions and hashes included, and shows them in the
   * tables: whole commits, in one transaction. With it a log is copied piece by piece.
   * @throws IntegrityError `LOG_BROKEN` where they do not follow, and then nothing has changed
   */
  extendLog(events: readonly StoredEvent[]): Promise<LogHead>;
  /**
   * Writes a copy of the whole database, as it is at one moment, to a fresh file: mode 0600, complete in itself, flushed.
   * Commands go on meanwhile, in this process and others. Nothing is left of a copy that failed.
   * @throws StoreError `NO_BACKUP` for a store that keeps nothing a file could hold
   */
  backup(to: string, onProgress?: OnProgress): Promise<void>;
}
