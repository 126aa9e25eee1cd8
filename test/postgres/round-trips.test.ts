import { connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { freshSchema } from '../support/postgres.js';

/** Counts how often a client waits for the server: it sends something after it has heard something. */
async function counting(url: string) {
  const target = new URL(url);
  const { port, hostname } = target;
  let trips = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let heard = true;
    client.on('data', (data) => {
      if (heard) trips += 1;
      heard = false;
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      heard = true;
      client.write(data);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  target.port = String((server.address() as { port: number }).port);
  return {
    url: target.href,
    tripsOf: async (run: () => Promise<unknown>): Promise<number> => {
      const before = trips;
      await run();
      return trips - before;
    },
  };
}

test('a command about one resource costs at most four round trips to the server', async () => {
  const { url, tripsOf } = await counting(await freshSchema());
  await using backend = await StateBackend.open(url);
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web' });
  const set = (n: number) => () =>
    manager.setResource('web', { type: 'server', name: 'a', properties: { size: n, image: 'debian', zone: 'b' } });
  for (let n = 0; n < 12; n += 1) await set(n)(); // each connection of the pool prepares its statements once
  for (let n = 12; n < 20; n += 1) expect(await tripsOf(set(n))).toBeLessThanOrEqual(4);
  expect(await tripsOf(() => backend.addTag('web', 'a'))).toBeLessThanOrEqual(4);
  expect(await tripsOf(() => backend.getResource('web', 'server.a'))).toBeLessThanOrEqual(4);
});
