import type { LogHead, StoredEvent } from '../events/index.js';
import type { TableName } from './tables.js';

/** The progress of long work. Both numbers count the same thing, events or pages. */
export interface Progress {
  /** The current step, if there are several. */
  readonly step?: string;
  /** The unit of the numbers, if this step counts something else than the others. */
  readonly unit?: string;
  readonly done: number;
  readonly total: number;
}

/** Called from time to time during long work. */
export type OnProgress = (progress: Progress) => void;

/** The state of a projection. */
export interface ProjectionStatus {
  readonly name: string;
  /** The version of the projector that wrote its tables. */
  readonly version: number;
  /** The version of the projector in this release. If it differs, the tables must be rebuilt. */
  readonly wanted: number;
  /** The checkpoint: the position of the log up to which its tables are built. */
  readonly position: number;
  /** The number of events of the log that its tables do not include yet. */
  readonly lag: number;
  readonly tables: readonly { readonly name: TableName; readonly rows: number }[];
  /** The position that a running or interrupted rebuild has reached; null without one. */
  readonly rebuilding: number | null;
}

export interface RebuildOptions {
  /** The projections; all if absent. */
  readonly names?: readonly string[];
  readonly onProgress?: OnProgress;
}

export interface Rebuilt {
  readonly projections: readonly string[];
  /** The number of events read, without those of an interrupted rebuild before it. */
  readonly events: number;
  /** The head of the log when the new tables replaced the old ones. */
  readonly position: number;
}

/** A row of a table that differs from the log. */
export interface RowProblem {
  readonly table: TableName;
  readonly key: Readonly<Record<string, string | number>>;
  /** `missing`: only the log has the row. `unexpected`: only the table has it. `different`: a column differs. */
  readonly kind: 'missing' | 'unexpected' | 'different';
  /** The first column that differs, for `different`. */
  readonly column?: string;
  /** The value according to the log. */
  readonly expected?: string | number | null;
  /** The value in the table. */
  readonly actual?: string | number | null;
}

/** The result of comparing the tables with the log. */
export interface TableComparison {
  /** The head of the log at which the tables were compared. */
  readonly position: number;
  readonly tables: readonly { readonly name: TableName; readonly rows: number; readonly problems: number }[];
  /** The first problems of each table. */
  readonly problems: readonly RowProblem[];
}

/** A problem of the storage below the level of rows: a damaged page, a missing trigger. */
export interface StorageProblem {
  /** The damaged part: `page`, or the name of a table, view, index or trigger. */
  readonly where: string;
  readonly problem: string;
}

/** Operations on a store's log and tables as a whole. Commands do not need them. */
export interface Maintenance {
  projections(): Promise<readonly ProjectionStatus[]>;
  /**
   * Rebuilds tables from the log beside the live ones and swaps them in one transaction. Commands continue meanwhile, in
   * this process and others, and lose nothing. An interrupted rebuild resumes when it is called again.
   * @throws IntegrityError `FOREIGN_PARTS` if foreign objects affect which rows the tables contain
   */
  rebuild(options?: RebuildOptions): Promise<Rebuilt>;
  /** Builds all tables, or one stream's rows, separately from the log and compares them with the live ones. */
  compareTables(options: { readonly stream?: number; readonly onProgress?: OnProgress }): Promise<TableComparison>;
  /**
   * Whether pages, tables, indexes, views and triggers are as this release creates them.
   * @param options `quick` skips checks that take as long as reading the log
   */
  checkStorage(options?: { readonly quick?: boolean }): Promise<readonly StorageProblem[]>;
  /**
   * Imports a whole log into an empty store in one transaction, and builds the tables from it. The log is checked against
   * its chain.
   * @param head the required end of the log
   * @throws ConflictError if the store contains events; IntegrityError if the log is invalid
   */
  importLog(
    events: Iterable<StoredEvent>,
    head: Pick<LogHead, 'position' | 'hash'>,
    onProgress?: OnProgress,
  ): Promise<LogHead>;
  /**
   * Appends events that follow the end of the log unchanged, with positions and hashes, and projects them: whole commits,
   * in one transaction. Used to copy a log piece by piece.
   * @throws IntegrityError `LOG_BROKEN` if they do not follow; then nothing has changed
   */
  extendLog(events: readonly StoredEvent[]): Promise<LogHead>;
  /**
   * Writes a copy of one snapshot of the whole database to a new file: mode 0600, self-contained, flushed. Commands
   * continue meanwhile, in this process and others. A failed copy leaves no file.
   * @throws StoreError `NO_BACKUP` for a store without content that a file could hold
   */
  backup(to: string, onProgress?: OnProgress): Promise<void>;
}
