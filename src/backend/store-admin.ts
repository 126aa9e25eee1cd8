import type { Verification } from '../audit/verification.js';
import { type VerifyOptions, verifyStore } from '../audit/verify.js';
import { type Clock, systemClock } from '../kernel/clock.js';
import type { EventStore } from '../store/event-store.js';
import type { ProjectionStatus, RebuildOptions, Rebuilt } from '../store/maintenance.js';
import { type Backup, type BackupOptions, backupTo } from './backup.js';

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
   * @throws NotFoundError for a name that is no projection
   */
  rebuild(options?: RebuildOptions): Promise<Rebuilt> {
    return this.#store.rebuild(options);
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
}
