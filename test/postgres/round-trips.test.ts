import { expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { counting } from '../support/counting.js';
import { emptySchema, onServer } from '../support/postgres.js';

/** The goal is four. These commands need one for all reads and one for the writing statement. */
const MOST = 2;

test('a command about one resource costs two round trips to the server', async () => {
  const { url, tripsOf } = await counting(await emptySchema());
  await using backend = await StateBackend.open(url);
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web' });
  const set = (n: number) => () =>
    manager.setResource('web', { type: 'server', name: 'a', properties: { size: n, image: 'debian', zone: 'b' } });
  for (let n = 0; n < 12; n += 1) await set(n)(); // each connection of the pool prepares its statements once
  for (let n = 12; n < 20; n += 1) expect(await tripsOf(set(n))).toBeLessThanOrEqual(MOST);
  expect(await tripsOf(() => backend.addTag('web', 'a'))).toBeLessThanOrEqual(MOST);
  expect(await tripsOf(() => backend.getResource('web', 'server.a'))).toBeLessThanOrEqual(MOST);
});

test('an existing database is opened without waiting for a client that creates a schema', async () => {
  const { url, tripsOf } = await counting(await emptySchema());
  await using first = await StateBackend.open(url);
  await first.getStackManager().createStack({ name: 'web' });
  await onServer(url, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [0x53_4c_54_48]);
    // Connect, read the schema, read the projections, disconnect.
    expect(await tripsOf(async () => (await StateBackend.open(url)).close())).toBeLessThanOrEqual(4);
  });
});
