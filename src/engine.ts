import type { Command, EnvelopeInput } from './commands/index.js';
import type { Prepared } from './commands/prepare.js';
import type { LogHead } from './events/index.js';
import { type Clock, systemClock } from './lib/clock.js';
import { isMemory, isPostgresUrl, MEMORY, unsupportedScheme } from './lib/database-url.js';
import { InvalidInputError, StoreError } from './lib/errors.js';
import { refuseOuterBlanks } from './lib/files.js';
import { drain } from './projections/drain.js';
import { PROJECTORS } from './projections/index.js';
import { type DecidedChange, decidedChanges } from './queries/decided-changes.js';
import type { EventStore, Projection, Receipt } from './store/event-store.js';
import type { OnProgress } from './store/maintenance.js';
import { type ScriptOptions, type ScriptSink, writeScript as writeSqliteScript } from './store/sqlite/script.js';
import { openSqliteStore } from './store/sqlite/sqlite-event-store.js';

/** The receipt of a command, and its changes. */
export interface Execution extends Receipt {
  /** As decided and committed. Empty for a repeated command. Not an enumerable property. */
  readonly changes: readonly DecidedChange[];
}

/** The result of a dry run. */
export interface Plan {
  /** The state version on which it was decided; 0 if the stack does not exist. */
  readonly version: number;
  readonly changes: readonly DecidedChange[];
}

/** Checks and decides commands; its store appends and projects the events. */
export interface Engine {
  readonly store: EventStore;
  /**
   * Executes a command. When the promise resolves, its events are durable and the tables contain them.
   * @throws SlothError if it is refused; then nothing has changed
   */
  execute(command: Command, envelope: EnvelopeInput): Promise<Execution>;
  /** The same for several commands in order: all of them, or none. */
  executeTogether(
    commands: readonly (readonly [command: Command, envelope: EnvelopeInput])[],
  ): Promise<readonly Receipt[]>;
  /** A dry run: decides on the current state and appends nothing. */
  plan(command: Command, envelope: EnvelopeInput): Promise<Plan>;
}

export const PROJECTION: Projection = {
  project: (events, only) => drain(events, only ? PROJECTORS.filter(({ name }) => only.has(name)) : PROJECTORS),
  projectors: PROJECTORS,
};

export const engineOn = (store: EventStore): Engine => ({
  store,
  execute: async (command, envelope) => {
    const prepared = (await commands()).prepareAny(command, envelope);
    return withChanges(await store.append(prepared), prepared);
  },
  executeTogether: async (several) => {
    const { prepareAny } = await commands();
    return store.appendTogether(several.map(([command, envelope]) => prepareAny(command, envelope)));
  },
  plan: async (command, envelope) => {
    const prepared = (await commands()).prepareAny(command, envelope);
    await store.preview(prepared);
    return { version: prepared.decided()?.facts.stack?.stateVersion ?? 0, changes: changesOf(prepared) };
  },
});

/** The changes are computed when they are first read: most callers need only the receipt. */
function withChanges(receipt: Receipt, prepared: Prepared): Execution {
  const execution = { ...receipt } as Execution;
  let changes: readonly DecidedChange[] | undefined;
  return Object.defineProperty(execution, 'changes', { get: () => (changes ??= changesOf(prepared)) });
}

const changesOf = (prepared: Prepared): readonly DecidedChange[] => {
  const decision = prepared.decided();
  return decision ? decidedChanges(decision) : [];
};

/** Loaded for the first command: a process that only reads starts sooner. */
let loaded: Promise<typeof import('./commands/index.js')> | undefined;
const commands = () => (loaded ??= import('./commands/index.js'));

export interface EngineOptions {
  /** The maximum size of the page cache of a database file, in KiB. Default: 64 MiB. */
  readonly cacheKiB?: number;
  /** The maximum number of connections to a database server. Default: 8. */
  readonly connections?: number;
  /** Reports the progress while a database of an earlier release is upgraded. */
  readonly onProgress?: OnProgress;
  /** Whether a missing database is created. Default: true. */
  readonly create?: boolean;
  /** Called after a database was created: on a server, by the first operation. */
  readonly onCreate?: () => void;
  /** Called once, after a write failed on the disk: the store then refuses all further changes. */
  readonly onWritesStopped?: (error: StoreError) => void;
}

/** Opens the database of a path or URL: a PostgreSQL database, whose driver is loaded only then, or as `openEngine` does. */
export async function openEngineAt(
  location: string,
  clock: Clock = systemClock,
  options: EngineOptions = {},
): Promise<Engine> {
  if (!isPostgresUrl(location)) return openEngine(location, clock, options);
  const { openPostgresStore } = await import('./store/postgres/postgres-event-store.js');
  const { connections: poolSize, create, onCreate } = options;
  return engineOn(openPostgresStore({ url: location, projection: PROJECTION, clock, poolSize, create, onCreate }));
}

/** Opens a SQLite file, or SQLite without a file for `:memory:` and `memory:`. */
export function openEngine(location: string, clock: Clock = systemClock, options: EngineOptions = {}): Engine {
  // A JavaScript program may pass an undefined setting.
  if (typeof location !== 'string' || location === '') {
    throw new InvalidInputError('NO_DATABASE', 'the database path is empty or not a string', {
      hint: 'Give a file path or :memory:.',
      details: { field: 'db' },
    });
  }
  refuseOuterBlanks(location);
  const scheme = unsupportedScheme(location);
  if (scheme !== undefined) {
    throw new InvalidInputError('UNSUPPORTED_DATABASE', `unsupported database "${scheme}"`, {
      hint: 'Give a file path, postgres://… or :memory:. Write ./ before the name of a file that begins like this.',
      details: { field: 'db', scheme: scheme.replace(/:\/*$/, '') },
    });
  }
  const { connections: _, ...rest } = options;
  const path = isMemory(location) ? MEMORY : location;
  return engineOn(openSqliteStore({ path, projection: PROJECTION, clock, ...rest }));
}

/** Operations on whole database files, for backups: no other module imports a store by name. */
export { COMPANIONS, makeSelfContained, removeDatabase } from './store/sqlite/backup.js';
export { copyPrivately, type Found, findContent, replaceContent } from './store/sqlite/restore.js';
export type { ScriptOptions, ScriptSink } from './store/sqlite/script.js';

/** Writes SQL that adds to another database what only this one contains. */
export const writeScript = (database: string, write: ScriptSink, options: ScriptOptions): Promise<LogHead> =>
  writeSqliteScript(database, PROJECTION, write, options);

/**
 * Rebuilds the tables of projectors of an older release, before anything is read from them.
 * @throws StoreError for tables of a newer release, which this one cannot write
 */
export async function bringUpToDate({ store }: Engine, onProgress?: OnProgress): Promise<void> {
  const checkpoints = await store.checkpoints();
  const built = (name: string): number => checkpoints.find((checkpoint) => checkpoint.name === name)?.version ?? 0;
  const newer = PROJECTORS.filter(({ name, version }) => built(name) > version);
  if (newer.length > 0) {
    throw new StoreError('NEWER_PROJECTIONS', `a newer release built the tables of ${newer[0]?.name}`, {
      hint: 'Upgrade sloth-runner; nothing was changed.',
      details: { projections: newer.map(({ name }) => name) },
    });
  }
  const names = PROJECTORS.filter(({ name, version }) => built(name) < version).map(({ name }) => name);
  if (names.length > 0) await store.rebuild({ names, ...(onProgress && { onProgress }) });
}
