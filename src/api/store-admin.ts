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

/**
 * What an operator does with a database as a whole: prove it, rebuild its tables, copy it. Got from
 * {@link StateBackend.getAdmin}.
 */
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
   * Builds tables anew from the log while commands go on, and swaps them in whole.
   * @throws NotFoundError for a name that is no projection; IntegrityError `FOREIGN_PARTS` where a trigger or the like that
   *   is not ours is on the tables
   */
  rebuild(options?: RebuildOptions): Promise<Rebuilt> {
    return this.#store.rebuild(options);
  }

  /**
   * What is wrong with pages, tables, indexes, views and triggers. Of a file all pages are read.
   * @param options `quick` leaves out what takes as long as reading the log; {@link verify} checks what the log holds
   */
  checkStorage(options?: { readonly quick?: boolean }): Promise<readonly StorageProblem[]> {
    return this.#store.checkStorage(options);
  }

  /** Proves that the log is whole and the tables are nothing but the log. */
  verify(options?: VerifyOptions): Promise<Verification> {
    return verifyStore(this.#store, options);
  }

  /**
   * Copies the database while commands go on, here and in other processes, verifies the copy whole, and only then gives
   * it its name. It is one file, mode 0600, complete in itself.
   * @param target a file, or a folder that exists: then the name is the database's with the instant, in UTC
   * @throws ConflictError `TARGET_EXISTS`; InvalidInputError for a target that cannot be one; IntegrityError
   *   `BACKUP_DAMAGED`; StoreError. No file is left behind then.
   */
  backup(target: string, options?: BackupOptions): Promise<Backup> {
    return backupTo(this.#store, target, this.#clock.now(), options);
  }

  /**
   * Writes the log, up to its head at the beginning, as JSON Lines (docs/log-format.md): to a file, fresh and mode 0600,
   * that is there whole or not at all, or to a function that takes it piece by piece.
   * @throws ConflictError `TARGET_EXISTS`; InvalidInputError for a target that cannot be one; StoreError `CANNOT_WRITE`;
   *   IntegrityError `LOG_BROKEN` where the log does not hold
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
   * Takes over an exported log into this database, which must be empty: all of it, the same to the last hash, or nothing.
   * @param file a path, or the descriptor of an open file, which stays open
   * @throws InvalidInputError `INVALID_LOG_FILE` with line and field, `CANNOT_READ`; ConflictError `LOG_NOT_EMPTY`;
   *   IntegrityError where the events do not hold together
   */
  importLog(file: string | number, options?: LogImportOptions): Promise<LogHead> {
    return importLogFile(this.#store, file, options);
  }
}
