import { readFile } from 'node:fs/promises';
import { fromEvent, type Observable, share, takeUntil } from 'rxjs';
import type { Command } from '../commands/index.js';
import {
  type ActualStateSource,
  type Comparison,
  compareActual,
  namesSource,
  type ObserveContext,
  type ProbeAllowance,
  sourceFrom,
} from '../drift/index.js';
import { bringUpToDate, type Engine, type Execution, openEngineAt, type Plan } from '../engine.js';
import type { LogHead, RecordedEvent, UnknownEvent } from '../events/index.js';
import { LogFeed } from '../feed/follow-log.js';
import { entryFeed, liveEvents } from '../feed/live.js';
import { type Replayed, type ReplayOptions, type ReplayStep, replay } from '../feed/replay.js';
import { type DocumentFormat, formatOf } from '../formats/document-format.js';
import type { InteropFormat } from '../formats/formats.js';
import type { RunTask } from '../formats/tasks.js';
import { type Clock, systemClock } from '../lib/clock.js';
import type { StoreError } from '../lib/errors.js';
import type { Json, JsonObject } from '../lib/json.js';
import { unpackJson } from '../lib/packed-json.js';
import type { PreparedMigration } from '../migration/migrate.js';
import type { LogImportOptions } from '../operations/audit/log-file.js';
import type { Copied, CopyOptions } from '../operations/copy.js';
import type { PreparedRestore, Restored, RestoreOptions } from '../operations/restore.js';
import { readDriftRules, readLock, readTags } from '../queries/annotations.js';
import { stackMoment } from '../queries/at.js';
import { readDetails, type StackDetails } from '../queries/details.js';
import { diffVersions, type StateDiff } from '../queries/diff.js';
import { type FindingView, readFindings } from '../queries/drift.js';
import type { GraphOptions, GraphView, Impact } from '../queries/graph.js';
import { blame, resourceHistory } from '../queries/history.js';
import { type LogEntry, type LogFilter, readLog } from '../queries/log.js';
import { readResource, readResources } from '../queries/resource.js';
import { readState, type StateView } from '../queries/state.js';
import { readActivity, readVersions, type VersionView } from '../queries/versions.js';
import type { At, Checkpoint, Measured, Page, Receipt, Size, StoreDescription } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import type { DependencyRecord, DriftRuleRecord, LockRecord, StackRecord } from '../store/records.js';
import type { Query } from '../store/snapshot.js';
import type { CallOptions, LinkOptions, OpenOptions } from './options.js';
import { StackManager } from './stack-manager.js';
import { StoreAdmin } from './store-admin.js';
import type { TerraformOptions, TerraformStates } from './terraform/states.js';

/** A command about a stack, which is named by name or id. */
export type StackCommand = Exclude<Command, { type: 'createStack' }>;

/** A drift finding, with the field names of the original API. */
export interface DriftInfo extends FindingView {
  /** Names of the top-level fields that differ. */
  readonly driftedFields: readonly string[];
}

export interface DriftCheckOptions extends CallOptions, ObserveContext {
  readonly onProgress?: OnProgress;
}

/** The result of a drift check; the findings themselves are recorded. */
export interface DriftCheck extends Omit<Comparison, 'findings'> {
  /** Undefined if there was nothing to record. */
  readonly receipt: Receipt | undefined;
}

export interface LockOptions extends CallOptions {
  /** The purpose of the lock. */
  readonly operation: string;
  /** The holder. Default: the actor. */
  readonly who?: string;
  readonly info?: string;
  /** Milliseconds, 1 second to 7 days. Default: 30 minutes. */
  readonly durationMs?: number;
  /** The lock's id. Taking a lock again under its id returns the same lock. Default: a new one. */
  readonly id?: string;
}

/**
 * The state of many stacks in one database. Every method that changes something is one command: it is refused as a whole
 * with a typed error, or durable when the promise resolves. Stacks are identified by id or by name.
 */
export class StateBackend implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #location: string;
  readonly #defaults: { readonly actor: string; readonly source: string };
  readonly #closing = new AbortController();
  readonly #closed = fromEvent(this.#closing.signal, 'abort').pipe(share());
  readonly #manager: StackManager;
  readonly #admin: StoreAdmin;
  /** Shared by all subscribers of the log. */
  readonly #feed: LogFeed;
  readonly #entries: ReturnType<typeof entryFeed>;

  readonly #events: Readonly<StoreEvents>;

  private constructor(location: string, engine: Engine, clock: Clock, options: OpenOptions, events: StoreEvents) {
    this.#location = location;
    this.#engine = engine;
    this.#events = events;
    this.#clock = clock;
    this.#defaults = { actor: options.actor ?? 'api', source: options.source ?? 'api' };
    this.#manager = new StackManager(engine.store, clock, (command, call) => this.execute(command, call));
    this.#feed = new LogFeed(engine.store);
    this.#entries = entryFeed(engine.store, this.#feed);
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

  /** Waits for accepted commands, ends live subscriptions, and closes the database. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#engine.store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Carries out any command. The methods below are shortcuts for the common ones. With `dryRun` the same decision is made
   * and nothing is appended.
   * @returns the receipt, and in `changes` the decided changes with the previous values
   */
  execute(command: Command, call: CallOptions & { readonly dryRun: true }): Promise<Plan>;
  execute(command: Command, call?: CallOptions & { readonly dryRun?: false }): Promise<Execution>;
  execute(
    command: Command,
    { dryRun = false, ...call }: CallOptions & { readonly dryRun?: boolean } = {},
  ): Promise<Plan | Execution> {
    const envelope = { ...this.#defaults, ...call };
    return dryRun ? this.#engine.plan(command, envelope) : this.#engine.execute(command, envelope);
  }

  /**
   * The command that changes a stack to the desired state of a YAML or JSON document. Pass it to `execute`, with `dryRun` to
   * see the plan.
   * @throws InvalidInputError for a document that is not a desired state
   */
  async desiredStateCommand(
    stack: string,
    document: Uint8Array,
    options: {
      readonly name?: string;
      /** Default: JSON if the name ends in `.json`, else YAML. */
      readonly format?: DocumentFormat;
      readonly prune?: boolean;
      /** Parses the document. Default: in this thread. */
      readonly run?: RunTask | undefined;
    } & LinkOptions = {},
  ): Promise<StackCommand> {
    const { name = 'desired state', format = formatOf(name), prune = false, run, ...links } = options;
    const { applyCommand, readDesiredState, toDesiredState } = await import('../formats/desired/index.js');
    const desired = run
      ? toDesiredState(await unpackJson((await run('desired', document, { what: name, format })).output), name)
      : readDesiredState(document, name, format);
    return { ...applyCommand(stack, desired, prune), ...links };
  }

  /**
   * The command that imports the state of another tool; it creates the stack if it does not exist. With `allowMissing`,
   * dependencies on resources that the state does not contain are accepted. The command is refused if the state does not
   * follow the one that the stack then holds: a lower serial, another lineage.
   * @throws InvalidInputError for a document that is not such a state
   */
  async importCommand(
    stack: string,
    document: Uint8Array,
    options: {
      readonly from: InteropFormat;
      readonly name?: string;
      readonly force?: boolean;
      readonly allowMissing?: boolean;
      /** Parses the document. Default: in this thread. */
      readonly run?: RunTask | undefined;
    },
  ): Promise<StackCommand> {
    const { from, name = 'state', force = false, run } = options;
    const [{ FORMATS }, { importCommand }] = await Promise.all([
      import('../formats/formats.js'),
      import('../formats/document-command.js'),
    ]);
    const read = run
      ? ((await unpackJson((await run('import', document, { what: name, from })).output)) as JsonObject)
      : FORMATS[from].read(document, name);
    const command = importCommand(stack, FORMATS[from].take(read, name), force);
    return options.allowMissing ? { ...command, allowMissing: true, dependents: 'leave' } : command;
  }

  /**
   * Exports a stack in the format of another tool, now or at a past position. Imported and unchanged parts are exported
   * exactly as imported.
   */
  async exportState(stack: string, to: InteropFormat, at?: At): Promise<JsonObject> {
    const { FORMATS } = await import('../formats/formats.js');
    return FORMATS[to].give(await this.#read((s) => readState(s, stack, at)));
  }

  /** Stacks and their resources. */
  getStackManager(): StackManager {
    return this.#manager;
  }

  /** Stacks as Terraform states; each call returns an instance with an empty cache. */
  async getTerraformStates(options?: TerraformOptions): Promise<TerraformStates> {
    const { TerraformStates } = await import('./terraform/states.js');
    return new TerraformStates(this.#engine, this.#clock, options);
  }

  /** Verification, rebuild and copies of the whole database. */
  getAdmin(): StoreAdmin {
    return this.#admin;
  }

  // Versions ---------------------------------------------------------------------------------------------------------

  /** Marks the current version with a description and returns it. */
  async createSnapshot(stack: string, by?: string, description = '', call: CallOptions = {}): Promise<number> {
    const receipt = await this.execute({ type: 'takeSnapshot', stack, description }, as(by, call));
    return receipt.version;
  }

  /** Restores the stack's state at `version`, as a new version. See the ADR on rollback for what it covers. */
  rollbackToSnapshot(stack: string, version: number, by?: string, call: CallOptions = {}): Promise<Receipt> {
    return this.execute({ type: 'rollback', stack, toVersion: version }, as(by, call));
  }

  /** Newest first. */
  listVersions(
    stack: string,
    options: { readonly limit?: number; readonly onlySnapshots?: boolean; readonly at?: At } = {},
  ): Promise<{ readonly stack: StackRecord; readonly versions: readonly VersionView[] }> {
    return this.#read((s) => readVersions(s, stack, options));
  }

  /** The whole stack, now or at a version, a time or a position of the log. */
  getState(stack: string, at?: At): Promise<StateView> {
    return this.#read((s) => readState(s, stack, at));
  }

  /** The same with tags and the lock in force, from one snapshot. */
  getDetails(stack: string, at?: At): Promise<StackDetails> {
    return this.#read((s) => readDetails(s, stack, this.#clock.now(), at));
  }

  diff(stack: string, from: number, to: number): Promise<StateDiff> {
    return this.#read((s) => diffVersions(s, stack, from, to));
  }

  /** One resource, by address or id. */
  getResource(stack: string, resource: string, at?: At) {
    return this.#read((s) => readResource(s, stack, resource, at));
  }

  /** All resources sorted by address, or a page of them: at most `limit` whose addresses come after `after`. */
  getResources(stack: string, at?: At, page?: Page) {
    return this.#read((s) => readResources(s, stack, at, page));
  }

  /** Each change of a resource, newest first. */
  getResourceHistory(stack: string, resource: string, at?: At) {
    return this.#read((s) => resourceHistory(s, stack, resource, at));
  }

  /** For each field of a resource, the version that set it. */
  getBlame(stack: string, resource: string, at?: At) {
    return this.#read((s) => blame(s, stack, resource, at));
  }

  // Drift ------------------------------------------------------------------------------------------------------------

  /** Compares two states of a resource and records the differences; equal states clear an open finding. */
  detectDrift(stack: string, resource: string, expected: Json, actual: Json, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'detectDrift', stack, findings: [{ resource, expected, actual }] }, call);
  }

  /**
   * Compares a stack's resources with their actual state and records the differences as one commit: new findings, changed
   * ones, and those that no longer hold. Nothing is recorded if nothing changed.
   * @throws errors of the source; InvalidInputError `NOTHING_EXPECTED` if a resource was removed during the comparison
   */
  async checkDrift(
    stack: string,
    source: ActualStateSource,
    { onProgress, signal, note, ...call }: DriftCheckOptions = {},
  ): Promise<DriftCheck> {
    const { stack: record } = await this.#read((s) => stackMoment(s, stack));
    const context = { ...(onProgress && { onProgress }), ...(signal && { signal }), ...(note && { note }) };
    const { findings, ...comparison } = await compareActual(this.#engine.store, record, source, context);
    const [first, ...rest] = findings;
    const receipt =
      first && (await this.execute({ type: 'detectDrift', stack: record.id, findings: [first, ...rest] }, call));
    return { ...comparison, receipt };
  }

  /**
   * The source of actual state that a stack's configuration names, under `drift`; undefined if it names none. It decides
   * which file is read and which program runs: use it only if everybody who may write the stack may decide that. A probe
   * reads only what `allowance` allows.
   * @throws InvalidInputError `DRIFT_CONFIGURATION_INVALID`, and for a file that cannot be read or used
   */
  async driftSource(stack: string, allowance: ProbeAllowance = {}): Promise<ActualStateSource | undefined> {
    return sourceFrom(await this.#configuration(stack), 'configuration', (path) => readFile(path), allowance);
  }

  /** Whether a stack's configuration names a source of actual state. Reads and runs nothing. */
  async hasDriftSource(stack: string): Promise<boolean> {
    return namesSource(await this.#configuration(stack));
  }

  async #configuration(stack: string): Promise<Json> {
    return this.#read(function* (s) {
      const { stack: record } = yield* stackMoment(s, stack);
      return (yield* s.document(record.stream)).document.configuration;
    });
  }

  /** Recorded findings, newest first. */
  async getDriftInfo(stack: string, at?: At): Promise<readonly DriftInfo[]> {
    return (await this.getDrift(stack, at)).findings;
  }

  /** The same, with the stack; with `newest` only the newest finding of each resource. */
  async getDrift(
    stack: string,
    at?: At,
    { newest = false }: { readonly newest?: boolean } = {},
  ): Promise<{ readonly stack: StackRecord; readonly findings: readonly DriftInfo[] }> {
    const { stack: record, findings } = await this.#read((s) => readFindings(s, stack, at, newest));
    return { stack: record, findings: findings.map((finding) => ({ ...finding, driftedFields: finding.fields })) };
  }

  /** The rules that exclude differences from drift, oldest first, including expired ones. */
  getDriftRules(
    stack: string,
    at?: At,
  ): Promise<{ readonly stack: StackRecord; readonly rules: readonly DriftRuleRecord[] }> {
    return this.#read((s) => readDriftRules(s, stack, at));
  }

  // Locks ------------------------------------------------------------------------------------------------------------

  /** @throws LockedError if somebody else holds it */
  async lockState(stack: string, options: LockOptions): Promise<LockRecord> {
    const { operation, who, info, durationMs, id, ...call } = options;
    await this.execute(
      {
        type: 'acquireLock',
        stack,
        operation,
        ...(who === undefined ? {} : { who }),
        ...(info === undefined ? {} : { info }),
        ...(durationMs === undefined ? {} : { ttlMs: durationMs }),
        ...(id === undefined ? {} : { id }),
      },
      call,
    );
    return (await this.#heldLock(stack)) as LockRecord;
  }

  /** The lock then expires `durationMs` from now, 1 second to 7 days. */
  async renewLock(stack: string, id: string, durationMs: number, call?: CallOptions): Promise<LockRecord> {
    await this.execute({ type: 'renewLock', stack, id, ttlMs: durationMs }, call);
    return (await this.#heldLock(stack)) as LockRecord;
  }

  unlockState(stack: string, id: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'releaseLock', stack, id }, call);
  }

  /** Ends the lock of another holder; the reason is recorded. */
  breakLock(stack: string, reason: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'breakLock', stack, reason }, call);
  }

  /** The lock in force, now or at a past position. */
  async getLockInfo(stack: string, at?: At): Promise<LockRecord | undefined> {
    return (await this.getLock(stack, at)).lock;
  }

  /** The same, with the stack. */
  getLock(stack: string, at?: At): Promise<{ readonly stack: StackRecord; readonly lock: LockRecord | undefined }> {
    return this.#read((s) => readLock(s, stack, this.#clock.now(), at));
  }

  #read<T>(query: Query<T>): Promise<T> {
    return this.#engine.store.read(query);
  }

  async #readGraph<T>(choose: (queries: Awaited<ReturnType<typeof graphQueries>>) => Query<T>): Promise<T> {
    return this.#read(choose(await graphQueries()));
  }

  async #heldLock(stack: string): Promise<LockRecord | undefined> {
    return (await this.#read((s) => readLock(s, stack, ''))).lock;
  }

  // Tags -------------------------------------------------------------------------------------------------------------

  addTag(stack: string, tag: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'addTags', stack, tags: [tag] }, call);
  }

  removeTag(stack: string, tag: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'removeTags', stack, tags: [tag] }, call);
  }

  /** In alphabetical order. */
  async getTags(stack: string, at?: At): Promise<readonly string[]> {
    return (await this.#read((s) => readTags(s, stack, at))).tags.map(({ tag }) => tag);
  }

  async getTagRecords(stack: string, at?: At) {
    return (await this.#read((s) => readTags(s, stack, at))).tags;
  }

  // Dependencies -----------------------------------------------------------------------------------------------------

  addDependency(
    stack: string,
    resource: string,
    dependsOn: string,
    dependencyType: 'explicit' | 'implicit' = 'explicit',
    call?: CallOptions,
  ): Promise<Receipt> {
    return this.execute({ type: 'addDependency', stack, resource, dependsOn, dependencyType }, call);
  }

  removeDependency(stack: string, resource: string, dependsOn: string, call?: CallOptions): Promise<Receipt> {
    return this.execute({ type: 'removeDependency', stack, resource, dependsOn }, call);
  }

  /** The stack's edges, or those that start from one resource. */
  async getDependencies(stack: string, resource?: string, at?: At): Promise<readonly DependencyRecord[]> {
    const edges = await this.#read(function* (s) {
      const { stack: record, version, past } = yield* stackMoment(s, stack, at);
      return yield* s.dependencies(record.stream, past ? version : undefined);
    });
    return resource === undefined ? edges : edges.filter(({ address }) => address === resource);
  }

  /** The dependencies of the whole stack, or those reachable from a root. */
  getGraph(stack: string, options?: GraphOptions): Promise<GraphView> {
    return this.#readGraph((queries) => (s) => queries.readGraph(s, stack, options));
  }

  /** Everything that depends on a resource, directly or indirectly, in the order in which a change reaches it. */
  getImpact(stack: string, resource: string, at?: At): Promise<Impact> {
    return this.#readGraph((queries) => (s) => queries.readImpact(s, stack, resource, at));
  }

  // The log ----------------------------------------------------------------------------------------------------------

  /** A stack's events, newest first. */
  getActivity(
    stack: string,
    options: { readonly limit?: number; readonly at?: At } = {},
  ): Promise<{ readonly stack: StackRecord; readonly events: readonly (RecordedEvent | UnknownEvent)[] }> {
    return this.#read((s) => readActivity(s, stack, { limit: 50, ...options }));
  }

  /**
   * Every event from position `from` on (default: the first), then each new one as it is appended, also by other processes;
   * in order, each once. Ends when the backend is closed.
   */
  events$(options: { readonly from?: number } = {}): Observable<RecordedEvent | UnknownEvent> {
    return liveEvents(this.#feed, options.from ?? 1).pipe(takeUntil(this.#closed));
  }

  /**
   * Every event after a position with the stack it belongs to, then each new one. The next event is read only when the caller
   * asks for it. However many callers follow the log, each event is read once.
   * @param options.beat emits when the generator must yield `undefined` because no event came
   * @throws IntegrityError `LOG_REPLACED` if the log was replaced, for example by a restored backup; StoreError
   *   `STORE_CLOSED` if the backend is closed before the signal fires
   */
  async *followLog(
    after: number,
    { signal, beat }: { readonly signal: AbortSignal; readonly beat?: Observable<unknown> },
  ): AsyncGenerator<LogEntry | undefined, void, undefined> {
    yield* this.#entries(after, this.#untilClosed(signal), beat);
    if (!signal.aborted) await this.head(); // refuses: nothing else ends the entries
  }

  /**
   * The events of all stacks, or those that match a filter, oldest first, up to the head at the time of the call. Memory
   * holds one page, however long the log is.
   * @throws InvalidInputError for an invalid time, times in the wrong order, an unknown type; NotFoundError
   */
  getLog(filter: LogFilter = {}, onProgress?: OnProgress): AsyncGenerator<LogEntry, void, undefined> {
    return readLog(this.#engine.store, filter, onProgress);
  }

  /**
   * The history of a stack: each of its events with its changes, from the first on. Returns the resulting state, after
   * comparing it with the tables.
   * @throws NotFoundError for an unknown stack or version; IntegrityError `REPLAY_DIFFERS`, `LOG_REPLACED`; StoreError
   * `STORE_CLOSED` if the backend is closed before the end
   */
  replay(stack: string, options: ReplayOptions = {}): AsyncGenerator<ReplayStep, Replayed, undefined> {
    const { follow, ...rest } = options;
    return replay(
      this.#engine.store,
      this.#feed,
      stack,
      follow ? { ...rest, follow: this.#untilClosed(follow) } : options,
    );
  }

  /** An AbortSignal that fires with another one, or when the backend is closed. */
  #untilClosed(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#closing.signal]);
  }

  /** The log's last position and its hash. */
  head(): Promise<LogHead> {
    return this.#engine.store.head();
  }

  /** The amount of data to read, counted up to a number of rows: enough to distinguish a large response from a small one. */
  size(of: Measured, most: number): Promise<Size> {
    return this.#engine.store.size(of, most);
  }

  checkpoints(): Promise<readonly Checkpoint[]> {
    return this.#engine.store.checkpoints();
  }

  describe(): Promise<StoreDescription> {
    return this.#engine.store.describe();
  }

  /** The stack of this id or name, or undefined. With `deleted` also a deleted one. */
  findStack(ref: string, options?: { readonly deleted?: boolean }): Promise<StackRecord | undefined> {
    return this.#read((s) => s.stack(ref, options));
  }
}

/** Information that a store reports besides its results. */
interface StoreEvents {
  created: boolean;
  stopped: StoreError | undefined;
}

/** Loaded on demand: loading the library takes longer than most commands. */
const graphQueries = () => import('../queries/graph.js');

const as = (by: string | undefined, call: CallOptions): CallOptions =>
  by === undefined ? call : { ...call, actor: by };
