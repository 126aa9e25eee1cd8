import { expect, onTestFinished, test } from 'vitest';
import { engineOn, PROJECTION } from '../../src/engine.js';
import { StateBackend } from '../../src/index.js';
import { type Clock, systemClock } from '../../src/lib/clock.js';
import type { EventStore, Projection } from '../../src/store/event-store.js';
import { openPostgresStore } from '../../src/store/postgres/postgres-event-store.js';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { emptySchema } from '../support/postgres.js';

test('commits that cross batches, or are larger than one, are projected whole, and others between them once', async () => {
  await using backend = await StateBackend.open(await emptySchema());
  const manager = backend.getStackManager();
  const commit = (stack: string, count: number, from = 0) =>
    manager.apply({
      stack,
      resources: Array.from({ length: count }, (_, n) => ({ type: 't', name: `r${from + n}`, properties: { from } })),
    });
  for (const name of ['a', 'b']) await manager.createStack({ name });
  await commit('a', 1_500);
  await commit('b', 1_500);
  await commit('b', 1, 5_000);
  await commit('a', 5_000, 1_000);
  await commit('b', 700, 1_000);
  await commit('a', 1, 9_000);
  const before = [await backend.getState('a'), await backend.getState('b'), await backend.listVersions('b')];
  const { position } = await backend.head();
  expect(await backend.getAdmin().rebuild()).toMatchObject({ events: position, position });
  expect([await backend.getState('a'), await backend.getState('b'), await backend.listVersions('b')]).toEqual(before);
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
  for (const stack of ['a', 'b']) expect((await backend.getAdmin().verify({ stack })).problems).toEqual([]);
});

interface Parts {
  readonly projection: Projection;
  readonly clock: Clock;
}

const sizeOf = (events: readonly unknown[]): number =>
  events.reduce<number>((sum, event) => sum + JSON.stringify(event).length, 0);

test.each<[string, (parts: Parts) => Promise<EventStore>]>([
  ['PostgreSQL', async (parts) => openPostgresStore({ ...parts, url: await emptySchema() })],
  ['SQLite', async (parts) => openSqliteStore({ ...parts, path: ':memory:' })],
])('%s: a rebuild and a comparison read at most 4 MiB of events at once', async (_, open) => {
  const batches: number[][] = [];
  const projection: Projection = {
    ...PROJECTION,
    project: (events, only) => {
      batches.push([events.length, sizeOf(events)]);
      return PROJECTION.project(events, only);
    },
  };
  const store = await open({ projection, clock: systemClock });
  onTestFinished(() => store.close());
  const { execute } = engineOn(store);
  await execute({ type: 'createStack', name: 's' }, { actor: 'a' });
  for (let n = 0; n < 12; n += 1)
    await execute({ type: 'updateStack', stack: 's', metadata: { n, text: 'x'.repeat(1_000_000) } }, { actor: 'a' });
  batches.length = 0;
  expect(await store.rebuild()).toMatchObject({ events: 13 });
  expect((await store.compareTables({})).problems).toEqual([]);
  expect((await store.compareTables({ stream: 1 })).problems).toEqual([]);
  expect(batches.reduce((sum, [events = 0]) => sum + events, 0)).toBeGreaterThanOrEqual(3 * 13);
  for (const [events, size] of batches) if (events !== 1) expect(size).toBeLessThanOrEqual(4 * 1024 * 1024);
});
