import type { Command, EnvelopeInput } from './commands/index.js';
import type { Prepared } from './commands/prepare.js';
import type { LogHead } from './events/index.js';
import { type Clock, systemClock } from './lib/clock.js';
import { isMemory, isPostgresUrl, MEMORY } from './lib/database-url.js';
import { InvalidInputError, StoreError } from './lib/errors.js';
import { drain } from './projections/drain.js';
import { PROJECTORS } from './projections/index.js';
import { type DecidedChange, decidedChanges } from './queries/decided-changes.js';
import type { EventStore, Projection, Receipt } from './store/event-store.js';
import type { OnProgress } from './store/maintenance.js';
import { type ScriptOptions, type ScriptSink, writeScript as writeSqliteScript } from './store/sqlite/script.js';
import { openSqliteStore } from './store/sqlite/sqlite-event-store.js';

/** What a command did, and what it changed. */
export interface Execution extends Receipt {
  /** Decided and committed together. Empty for a command that was sent again. No own enumerable property. */
  readonly changes: readonly DecidedChange[];
}

/** What a command would do now. */
export interface Plan {
  /** The state version that it was decided on; 0 where there is no such stack. */
  readonly version: number;
  readonly changes: readonly DecidedChange[];
}

/** The parts put together: commands are checked and decided here, stored and projected there. */
export interface Engine {
  readonly store: EventStore;
  /**
   * Carries out one command. When it resolves, its events are durable and the tables show them.
   * @throws SlothError when it is refused; then nothing has changed
   */
  execute(command: Command, envelope: EnvelopeInput): Promise<Execution>;
  /** The same for several commands, one after the other: all of them, or none. */
  executeTogether(
    commands: readonly (readonly [command: Command, envelope: EnvelopeInput])[],
  ): Promise<readonly Receipt[]>;
  /** The same decision as of now, and nothing appended. */
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

/** Compared when they are asked for: most callers need the receipt alone. */
function withChanges(receipt: Receipt, prepared: Prepared): Execution {
  const execution = { ...receipt } as Execution;
  let changes: readonly DecidedChange[] | undefined;
  return Object.defineProperty(execution, 'changes', { get: () => (changes ??= changesOf(prepared)) });
}

const changesOf = (prepared: Prepared): readonly DecidedChange[] => {
  const decision = prepared.decided();
  return decision ? decidedChanges(decision) : [];
};

/** Loaded when something is to be changed: a process that only reads starts sooner. */
let loaded: Promise<typeof import('./commands/index.js')> | undefined;
const commands = () => (loaded ??= import('./commands/index.js'));

export interface EngineOptions {
  /** How much of a database file is held in memory at most, in KiB. Default: 64 MiB. */
  readonly cacheKiB?: number;
  /** Connections to a database server at most. Default: 8. */
  readonly connections?: number;
  /** Called while a database of an earlier release is upgraded. */
  readonly onProgress?: OnProgress;
  /** Whether a database is made where there is none. Default: true. */
  readonly create?: boolean;
  /** Called where one was made. Of a server it is known when it is first asked. */
  readonly onCreate?: () => void;
  /** Called once, where a write failed on the disk: the store takes no more changes from then on. */
  readonly onWritesStopped?: (error: StoreError) => void;
}

/**
 * Opens the database a path or URL names: a PostgreSQL database, or what `openEngine` opens. The driver is loaded only
 * where it is needed.
 */
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
  // A program without types may hand in what its configuration does not hold.
  if (typeof location !== 'string' || location === '') {
    throw new InvalidInputError('NO_DATABASE', 'the database path is empty or no text', {
      hint: 'Give a file path or :memory:.',
      details: { field: 'db' },
    });
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(location)?.[1];
  if (scheme !== undefined) {
    throw new InvalidInputError('UNSUPPORTED_DATABASE', `this release keeps no state in "${scheme}"`, {
      hint: 'Give a file path, postgres://… or :memory:.',
      details: { field: 'db', scheme },
    });
  }
  const { connections: _, ...rest } = options;
  const path = isMemory(location) ? MEMORY : location;
  return engineOn(openSqliteStore({ path, projection: PROJECTION, clock, ...rest }));
}

/** Database files as a whole, for backups: the backend knows no store by name. */
export { COMPANIONS, makeSelfContained, removeDatabase } from './store/sqlite/backup.js';
export { copyPrivately, type Found, findContent, replaceContent } from './store/sqlite/restore.js';
export type { ScriptOptions, ScriptSink } from './store/sqlite/script.js';

/** Writes SQL that brings another database from where it stands to what this one holds. */
export const writeScript = (database: string, write: ScriptSink, options: ScriptOptions): Promise<LogHead> =>
  writeSqliteScript(database, PROJECTION, write, options);

/**
 * Rebuilds what another release of a projector built, before anything is read from it.
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
