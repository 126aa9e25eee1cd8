import { expect, onTestFinished } from 'vitest';
import type { Command, EnvelopeInput } from '../../src/commands/index.js';
import { prepareAny } from '../../src/commands/index.js';
import { engineOn, PROJECTION } from '../../src/engine.js';
import type { NewEvent } from '../../src/events/index.js';
import type { Clock } from '../../src/lib/clock.js';
import type { EventStore, Projection, Receipt } from '../../src/store/event-store.js';
import type { StackRecord } from '../../src/store/records.js';
import { TestClock } from '../support/clock.js';
import { reads } from '../support/reads.js';

/** Opens a fresh, empty store with these parts. */
export type OpenStore = (parts: {
  readonly projection: Projection;
  readonly clock: Clock;
}) => EventStore | Promise<EventStore>;

type Envelope = Partial<EnvelopeInput>;

/** A store with its clock, used through the engine as everybody does. */
export interface World {
  readonly store: EventStore;
  readonly clock: TestClock;
  run(command: Command, envelope?: Envelope): Promise<Receipt>;
  together(commands: readonly (readonly [Command, Envelope])[]): Promise<readonly Receipt[]>;
  preview(command: Command, envelope?: Envelope): Promise<readonly NewEvent[]>;
  /** Fails unless the command is refused with this code. */
  refused(code: string, command: Command, envelope?: Envelope): Promise<void>;
  /** A stack that is there, deleted or not. */
  stack(ref: string): Promise<StackRecord>;
}

/**
 * A store in which the commands were carried out, a second apart; it is closed when the test has finished.
 * @param parts a projection or a clock other than the usual one
 */
export async function given(
  open: OpenStore,
  commands: readonly Command[] = [],
  { projection = PROJECTION, clock = new TestClock() }: { projection?: Projection; clock?: TestClock } = {},
): Promise<World> {
  const store = await open({ projection, clock });
  onTestFinished(() => store.close());
  const engine = engineOn(store);
  const world: World = {
    store,
    clock,
    run: (command, envelope) => engine.execute(command, { actor: 'test', ...envelope }),
    together: (commands) =>
      engine.executeTogether(commands.map(([command, envelope]) => [command, { actor: 'test', ...envelope }])),
    preview: (command, envelope) => store.preview(prepareAny(command, { actor: 'test', ...envelope })),
    refused: (code, command, envelope) => expect(world.run(command, envelope)).rejects.toMatchObject({ code }),
    stack: async (ref) => (await reads(store).stack(ref, { deleted: true })) as StackRecord,
  };
  for (const command of commands) {
    await world.run(command);
    clock.advance(1_000);
  }
  return world;
}

/** The instant the n-th of the given commands was carried out at, from 0. */
export const instant = (n: number): string =>
  new Date(Date.parse('2026-01-01T00:00:00.000Z') + n * 1_000).toISOString();

export const createStack = (name: string, id = `${name}-id`): Command => ({ type: 'createStack', id, name });

/** One resource of type `t`, set to hold `n`. */
export const set = (stack: string, name: string, n: number, more: object = {}): Command => ({
  type: 'apply',
  stack,
  resources: [{ type: 't', name, properties: { n }, ...more }],
});
