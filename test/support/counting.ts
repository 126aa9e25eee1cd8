import { connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * A proxy to a server that counts its connections and round trips: a client sends something after it has received
 * something.
 */
export async function counting(url: string) {
  const target = new URL(url);
  const { port, hostname } = target;
  let trips = 0;
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
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
    connections: () => connections,
    tripsOf: async (run: () => Promise<unknown>): Promise<number> => {
      const before = trips;
      await run();
      return trips - before;
    },
  };
}
