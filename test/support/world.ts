import { expect, onTestFinished } from 'vitest';
import { type Command, type EnvelopeInput, prepareAny } from '../../src/commands/index.js';
import { type Engine, type Execution, engineOn } from '../../src/engine.js';
import type { NewEvent } from '../../src/events/index.js';
import type { EventStore, Receipt } from '../../src/store/event-store.js';
import type { StackRecord } from '../../src/store/records.js';
import { TestClock } from './clock.js';
import { reads } from './reads.js';
import { KIND, openFresh } from './stores.js';

type Envelope = Partial<EnvelopeInput>;

/** A store with its clock, used through the engine. Without an actor in the envelope, it is `test`. */
export interface World extends Engine, AsyncDisposable {
  readonly clock: TestClock;
  run(command: Command, envelope?: Envelope): Promise<Execution>;
  /** The same for several, in order. */
  runAll(commands: readonly Command[], envelope?: Envelope): Promise<void>;
  together(commands: readonly (readonly [Command, Envelope])[]): Promise<readonly Receipt[]>;
  preview(command: Command, envelope?: Envelope): Promise<readonly NewEvent[]>;
  /** Fails unless the command is refused with this code. */
  refused(code: string, command: Command, envelope?: Envelope): Promise<void>;
  /** An existing stack, deleted or not. */
  stack(ref: string): Promise<StackRecord>;
}

/**
 * A new, empty store for one test. It is closed when the test ends, or earlier by `await using`.
 * @param kind of store: SQLite in memory, or PostgreSQL if `SLOTH_TEST_STORE` is set to it; another of `KINDS`; or a file
 */
export const world = async (kind = KIND, clock = new TestClock()): Promise<World> =>
  worldOn((await openFresh(kind, clock)).store, clock);

/** The same on a store that the test has opened. */
export function worldOn(store: EventStore, clock: TestClock): World {
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= store.close());
  onTestFinished(close);
  const engine = engineOn({ ...store, close });
  const by = (envelope: Envelope = {}): EnvelopeInput => ({ actor: 'test', ...envelope });
  const run: World['run'] = (command, envelope) => engine.execute(command, by(envelope));
  return {
    ...engine,
    clock,
    run,
    runAll: async (commands, envelope) => {
      for (const command of commands) await run(command, envelope);
    },
    together: (commands) => engine.executeTogether(commands.map(([command, envelope]) => [command, by(envelope)])),
    preview: (command, envelope) => store.preview(prepareAny(command, by(envelope))),
    refused: (code, command, envelope) => expect(run(command, envelope)).rejects.toMatchObject({ code }),
    stack: async (ref) => (await reads(store).stack(ref, { deleted: true })) as StackRecord,
    [Symbol.asyncDispose]: close,
  };
}

export const createStack = (name: string, id = `${name}-id`): Command => ({ type: 'createStack', id, name });

/** One resource of type `t`, set to hold `n`. */
export const set = (stack: string, name: string, n: number, more: object = {}): Command => ({
  type: 'apply',
  stack,
  resources: [{ type: 't', name, properties: { n }, ...more }],
});
