import { bringUpToDate, type Engine, openEngineAt } from '../engine.js';
import type { LogHead } from '../events/index.js';
import { type Clock, systemClock } from '../lib/clock.js';
import type { StoreError } from '../lib/errors.js';
import type { PreparedMigration } from '../migration/migrate.js';
import type { LogImportOptions } from '../operations/audit/log-file.js';
import type { Copied, CopyOptions } from '../operations/copy.js';
import type { PreparedRestore, Restored, RestoreOptions } from '../operations/restore.js';
import { LogAccess } from './log-access.js';
import type { OpenOptions } from './options.js';
import { StackManager } from './stack-manager.js';
import { StoreAdmin } from './store-admin.js';
import type { TerraformOptions, TerraformStates } from './terraform/states.js';

/**
 * The state of many stacks in one database. Every method that changes something is one command: it is refused as a whole
 * with a typed error, or durable when the promise resolves. Stacks are identified by id or by name.
 */
export class StateBackend extends LogAccess implements AsyncDisposable {
  readonly #location: string;
  readonly #manager: StackManager;
  readonly #admin: StoreAdmin;
  readonly #events: Readonly<StoreEvents>;

  private constructor(location: string, engine: Engine, clock: Clock, options: OpenOptions, events: StoreEvents) {
    super(engine, clock, options);
    this.#location = location;
    this.#events = events;
    this.#manager = new StackManager(engine.store, clock, (command, call) => this.execute(command, call));
    this.#admin = new StoreAdmin(engine.store, clock);
  }

  /**
   * Opens a database. Creates a missing one unless `create` is false.
   * @param pathOrUrl a file path, `postgres://USER@HOST:PORT/DATABASE`, or `:memory:` (`memory:` is the same) for
   * SQLite without a file, which ends with this backend
   * @throws StoreError for a file that cannot be used, is not a database of ours, or is of a newer release; NotFoundError
   * `DATABASE_NOT_FOUND` with `create: false`
   */
  static async open(pathOrUrl: string, options: OpenOptions = {}): Promise<StateBackend> {
    const clock = options.clock ?? systemClock;
    const events: StoreEvents = { created: false, stopped: undefined };
    const engine = await openEngineAt(pathOrUrl, clock, {
      ...options,
      onCreate: () => {
        events.created = true;
      },
      onWritesStopped: (error) => {
        events.stopped = error;
      },
    });
    try {
      if (!options.skipRebuild) await bringUpToDate(engine, options.onProgress);
      else if (options.create === false) await engine.store.head(); // checks that a database exists on the server
    } catch (error) {
      await engine.store.close();
      throw error;
    }
    return new StateBackend(pathOrUrl, engine, clock, options, events);
  }

  /** The path or URL that this backend was opened with; it may contain a password. */
  get location(): string {
    return this.#location;
  }

  /** Whether this backend created its database. */
  get created(): boolean {
    return this.#events.created;
  }

  /**
   * The error `WRITES_STOPPED` after a write or a flush failed on the disk, else undefined. No more changes are accepted,
   * because an acknowledged commit could be missing. Reads still work. Verify the database, then open it again.
   */
  get writesStopped(): StoreError | undefined {
    return this.#events.stopped;
  }

  /** Waits for accepted commands, ends live subscriptions, and closes the database. May be called twice. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.engine.store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Stacks and their resources. */
  getStackManager(): StackManager {
    return this.#manager;
  }

  /** Stacks as Terraform states; each call returns an instance with an empty cache. */
  async getTerraformStates(options?: TerraformOptions): Promise<TerraformStates> {
    const { TerraformStates } = await import('./terraform/states.js');
    return new TerraformStates(this.engine, this.clock, options);
  }

  /** Verification, rebuild and copies of the whole database. */
  getAdmin(): StoreAdmin {
    return this.#admin;
  }

  /**
   * Replaces the content of a database with a backup, after verifying the whole backup. The previous content is kept in a
   * file beside it. Other processes may have the database open: they see the old content or the new, writers wait, and each
   * of their acknowledged commits is in one of the two. Other backends of this process must not write meanwhile.
   * @param path the database; created if it does not exist
   * @param file the backup; never written
   * @throws IntegrityError `BACKUP_DAMAGED`; InvalidInputError for a file that is not a backup; ConflictError if others hold
   * the database for too long. Nothing has changed then.
   */
  static async restore(path: string, file: string, options?: RestoreOptions): Promise<Restored> {
    using restore = await StateBackend.prepareRestore(path, file, options);
    return await restore.carryOut(options);
  }

  /** The same in two steps, so that the caller can show what will be replaced. Nothing changes before the second step. */
  static async prepareRestore(path: string, file: string, options?: RestoreOptions): Promise<PreparedRestore> {
    const { prepareRestore } = await import('../operations/restore.js');
    return prepareRestore(path, file, systemClock.now(), options);
  }

  /**
   * Prepares to migrate a database of the legacy workflow state into this one (docs/adr/0017). Nothing changes before
   * `carryOut`, and the source is never written.
   * @param target a file, created if it does not exist
   * @throws NotFoundError `SOURCE_NOT_FOUND`; InvalidInputError for a file that is not a legacy state; ConflictError
   * `MIGRATION_UNDER_WAY` if the migration of another source was interrupted
   */
  static async prepareMigration(
    target: string,
    source: string,
    { actor = 'api', clock = systemClock, onProgress }: Pick<OpenOptions, 'actor' | 'clock' | 'onProgress'> = {},
  ): Promise<PreparedMigration> {
    const { prepareMigration } = await import('../migration/migrate.js');
    return prepareMigration(target, source, { actor, clock, ...(onProgress && { onProgress }) });
  }

  /**
   * Copies the whole log of a database to another one of any kind, with the same hashes, for example from a file to a
   * server. An interrupted copy is resumed.
   * @throws ConflictError `LOGS_DIFFER` if the target contains anything else
   */
  static async copy(from: string, to: string, options?: CopyOptions): Promise<Copied> {
    const { copyDatabase } = await import('../operations/copy.js');
    return copyDatabase(from, to, options);
  }

  /**
   * Imports an exported log into a database that is empty or does not exist: the whole log with the same hashes, or nothing.
   * A database that does not exist is created once the whole log is known to be valid.
   * @param file a path, or the descriptor of an open file, which stays open
   * @throws as {@link StoreAdmin.importLog}
   */
  static async importLog(
    pathOrUrl: string,
    file: string | number,
    options?: LogImportOptions & { readonly onCreate?: () => void },
  ): Promise<LogHead> {
    const { importDatabase } = await import('../operations/audit/import-database.js');
    return importDatabase(pathOrUrl, file, options);
  }
}
/** Information that a store reports besides its results. */
interface StoreEvents {
  created: boolean;
  stopped: StoreError | undefined;
}
