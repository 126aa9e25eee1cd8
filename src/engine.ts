import { COMMANDS, type Command, type EnvelopeInput, prepare } from './commands/index.js';
import type { NewEvent } from './events/index.js';
import { type Clock, systemClock } from './kernel/clock.js';
import { InvalidInputError } from './kernel/errors.js';
import { drain } from './projections/drain.js';
import { PROJECTORS } from './projections/index.js';
import type { EventStore, Projection, Receipt } from './store/event-store.js';
import { openSqliteStore } from './store/sqlite/sqlite-event-store.js';

/** The parts put together: commands are checked and decided here, stored and projected there. */
export interface Engine {
  readonly store: EventStore;
  /**
   * Carries out one command. When it resolves, its events are durable and the tables show them.
   * @throws SlothError when it is refused; then nothing has changed
   */
  execute(command: Command, envelope: EnvelopeInput): Promise<Receipt>;
  /** The events the command would give rise to now, by the very same decision. Changes nothing. */
  preview(command: Command, envelope: EnvelopeInput): Promise<readonly NewEvent[]>;
}

export const PROJECTION: Projection = {
  project: (events) => drain(events, PROJECTORS),
  projectors: PROJECTORS,
};

export const engineOn = (store: EventStore): Engine => ({
  store,
  execute: async (command, envelope) => store.append(prepare(moduleOf(command), command, envelope)),
  preview: async (command, envelope) => store.preview(prepare(moduleOf(command), command, envelope)),
});

function moduleOf(command: Command) {
  const type: unknown = (command as { readonly type?: unknown } | null)?.type;
  if (typeof type === 'string' && Object.hasOwn(COMMANDS, type)) return COMMANDS[type as Command['type']];
  throw new InvalidInputError('UNKNOWN_COMMAND', `no command of type "${String(type)}"`, {
    hint: `Use one of: ${Object.keys(COMMANDS).join(', ')}.`,
    details: { field: 'type' },
  });
}

/** Opens the database a path or URL names. */
export function openEngine(location: string, clock: Clock = systemClock): Engine {
  if (location === '') {
    throw new InvalidInputError('NO_DATABASE', 'the database path is empty', {
      hint: 'Give a file path or :memory:.',
      details: { field: 'db' },
    });
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(location)?.[1];
  if (scheme !== undefined) {
    throw new InvalidInputError('UNSUPPORTED_DATABASE', `this release keeps state in SQLite files, not "${scheme}"`, {
      hint: 'Give a file path or :memory:.',
      details: { field: 'db', scheme },
    });
  }
  return engineOn(openSqliteStore({ path: location, projection: PROJECTION, clock }));
}
