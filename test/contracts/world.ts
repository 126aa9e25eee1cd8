import type { Command } from '../../src/commands/index.js';
import { PROJECTION } from '../../src/engine.js';
import type { Clock } from '../../src/lib/clock.js';
import type { EventStore, Projection } from '../../src/store/event-store.js';
import { TestClock } from '../support/clock.js';
import { type World, worldOn } from '../support/world.js';

export { createStack, set, type World } from '../support/world.js';

/** Opens a new, empty store with these parts. */
export type OpenStore = (parts: {
  readonly projection: Projection;
  readonly clock: Clock;
}) => EventStore | Promise<EventStore>;

/**
 * A store after these commands, one second apart; it is closed when the test ends.
 * @param parts a projection or a clock other than the usual one
 */
export async function given(
  open: OpenStore,
  commands: readonly Command[] = [],
  { projection = PROJECTION, clock = new TestClock() }: { projection?: Projection; clock?: TestClock } = {},
): Promise<World> {
  const world = worldOn(await open({ projection, clock }), clock);
  for (const command of commands) {
    await world.run(command);
    clock.advance(1_000);
  }
  return world;
}

/** The time at which the n-th of the given commands was executed, from 0. */
export const instant = (n: number): string =>
  new Date(Date.parse('2026-01-01T00:00:00.000Z') + n * 1_000).toISOString();
