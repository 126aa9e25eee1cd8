import type { LogHead } from '../events/index.js';
import { type Clock, systemClock } from '../lib/clock.js';
import {
  exportLog,
  exportLogFile,
  importLogFile,
  type LogImportOptions,
  type LogSink,
} from '../operations/audit/log-file.js';
import type { Verification } from '../operations/audit/verification.js';
import { type VerifyOptions, verifyStore } from '../operations/audit/verify.js';
import { type Backup, type BackupOptions, backupTo } from '../operations/backup.js';
import type { EventStore } from '../store/event-store.js';
import type { OnProgress, ProjectionStatus, RebuildOptions, Rebuilt, StorageProblem } from '../store/maintenance.js';

/** Operations on a whole database: verify it, rebuild its tables, copy it. Returned by {@link StateBackend.getAdmin}. */
export class StoreAdmin {
  readonly #store: EventStore;
  readonly #clock: Clock;

  constructor(store: EventStore, clock: Clock = systemClock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Each projection with its checkpoint, lag and rows. */
  projections(): Promise<readonly ProjectionStatus[]> {
    return this.#store.projections();
  }

  /**
   * Rebuilds tables from the log while commands continue, and swaps them in atomically.
   * @throws NotFoundError for an unknown projection; IntegrityError `FOREIGN_PARTS` if a foreign trigger or the like is on
   * the tables
   */
  rebuild(options?: RebuildOptions): Promise<Rebuilt> {
    return this.#store.rebuild(options);
  }

  /**
   * Problems of pages, tables, indexes, views and triggers. All pages of a file are read.
   * @param options `quick` skips checks that take as long as reading the log; {@link verify} checks the content of the log
   */
  checkStorage(options?: { readonly quick?: boolean }): Promise<readonly StorageProblem[]> {
    return this.#store.checkStorage(options);
  }

  /** Verifies that the log is complete and that the tables contain nothing but the log. */
  verify(options?: VerifyOptions): Promise<Verification> {
    return verifyStore(this.#store, options);
  }

  /**
   * Copies the database while commands continue, here and in other processes, verifies the whole copy, and only then gives
   * it its name. It is one self-contained file, mode 0600.
   * @param target a file, or an existing folder: then the name is the database's with the timestamp, in UTC
   * @throws ConflictError `TARGET_EXISTS`; InvalidInputError for an invalid target; IntegrityError `BACKUP_DAMAGED`;
   * StoreError. No file is left behind then.
   */
  backup(target: string, options?: BackupOptions): Promise<Backup> {
    return backupTo(this.#store, target, this.#clock.now(), options);
  }

  /**
   * Writes the log, up to its head at the time of the call, as JSON Lines (docs/log-format.md): to a new file, mode 0600,
   * completely or not at all, or to a function that receives it in pieces.
   * @throws ConflictError `TARGET_EXISTS`; InvalidInputError for an invalid target; StoreError `CANNOT_WRITE`;
   * IntegrityError `LOG_BROKEN` if the log is invalid
   */
  exportLog(
    to: string | LogSink,
    { onProgress, ...file }: { readonly overwrite?: boolean; readonly onProgress?: OnProgress } = {},
  ): Promise<LogHead> {
    const now = this.#clock.now();
    return typeof to === 'string'
      ? exportLogFile(this.#store, to, now, file, onProgress)
      : exportLog(this.#store, to, now, onProgress);
  }

  /**
   * Imports an exported log into this database, which must be empty: the whole log with the same hashes, or nothing.
   * @param file a path, or the descriptor of an open file, which stays open
   * @throws InvalidInputError `INVALID_LOG_FILE` with line and field, `CANNOT_READ`; ConflictError `LOG_NOT_EMPTY`;
   * IntegrityError if the events are not a valid log
   */
  importLog(file: string | number, options?: LogImportOptions): Promise<LogHead> {
    return importLogFile(this.#store, file, options);
  }
}
