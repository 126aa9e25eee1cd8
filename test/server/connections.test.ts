import { connect, type Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clientOf } from '../../src/server/client-address.js';
import { until } from '../support/database.js';
import { serving } from '../support/server.js';

const HEAD = '/api/v1/head';

/** A connection on which nothing is sent unless a test does. */
function dial(url: string, localAddress = '127.0.0.1') {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect({ port: Number(port), host: hostname, localAddress });
  const connection = { socket, isClosed: false, text: '' };
  socket.on('error', () => {}).on('close', () => (connection.isClosed = true));
  socket.setEncoding('utf8').on('data', (piece: string) => (connection.text += piece));
  onTestFinished(() => void socket.destroy());
  return connection;
}

const request = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;

/** Sends a request on a connection that stays open, and waits for its answer. */
async function ask(connection: ReturnType<typeof dial>, path: string, headers?: string): Promise<void> {
  const before = connection.text.length;
  connection.socket.write(request(path, headers));
  await until(() => connection.text.slice(before).includes('\r\n\r\n') || connection.isClosed);
}

const openOnes = <C extends { readonly isClosed: boolean }>(all: readonly C[]): C[] =>
  all.filter((one) => !one.isClosed);

describe('a connection without an authenticated request', () => {
  test.each<[string, string | undefined]>([
    ['that sends nothing', undefined],
    ['that sends half of a request', `GET ${HEAD} HTTP/1.1\r\nHost: loc`],
    ['that asks what anybody may ask', request('/healthz')],
    ['that shows a wrong token', request(HEAD, 'Authorization: Bearer wrong\r\n')],
  ])('%s is closed after a while', async (_, words) => {
    const { server } = await serving({ unauthenticatedMs: 100, headersMs: 60_000 });
    const connection = dial(server.url);
    if (words !== undefined) connection.socket.write(words);
    await until(() => connection.isClosed);
  });

  test('is closed after a refused token, and stays open after an accepted one', async () => {
    const { server } = await serving({ unauthenticatedMs: 100 });
    const good = dial(server.url);
    const bad = dial(server.url);
    await ask(good, HEAD);
    await ask(bad, HEAD);
    await ask(bad, HEAD, 'Authorization: Bearer wrong\r\n');
    await until(() => bad.isClosed);
    await ask(good, HEAD);
    expect(good.isClosed).toBe(false);
  });
});

describe('where a limit of connections is reached', () => {
  test('idle unauthenticated sockets make room, whatever their number', async () => {
    const { server, ask: client } = await serving({ maxConnections: 20, unauthenticatedMs: 600_000 });
    const idle = Array.from({ length: 300 }, () => dial(server.url));
    for (let n = 0; n < 5; n += 1) expect(await client('GET', HEAD)).toMatchObject({ status: 200 });
    await until(() => openOnes(idle).length <= 20);
    const metrics = (await client('GET', '/metrics')).text;
    expect(Number(/^sloth_connections (\d+)$/m.exec(metrics)?.[1])).toBeLessThanOrEqual(20);
    expect(Number(/^sloth_connections_closed_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(280);
  });

  test('the oldest one is closed first, and never one with a request in progress', async () => {
    const { server } = await serving({ maxConnections: 4, maxConnectionsPerAddress: 4, unauthenticatedMs: 600_000 });
    const stream = dial(server.url);
    await ask(stream, '/api/v1/events/live');
    const kept = dial(server.url);
    await ask(kept, HEAD);
    const first = dial(server.url);
    await ask(first, '/healthz');
    const second = dial(server.url);
    await ask(second, '/healthz');
    const third = dial(server.url);
    await ask(third, '/healthz');
    await until(() => first.isClosed);
    const fourth = dial(server.url);
    await ask(fourth, HEAD);
    await until(() => second.isClosed);
    const fifth = dial(server.url);
    await ask(fifth, HEAD);
    await until(() => third.isClosed);
    const sixth = dial(server.url);
    await ask(sixth, HEAD);
    await until(() => kept.isClosed); // the authenticated one that was idle the longest
    expect([stream, fourth, fifth, sixth].map(({ isClosed }) => isClosed)).toEqual([false, false, false, false]);
  });

  test('no connection is closed if all have requests in progress', async () => {
    const { server } = await serving({ maxConnections: 2, maxConnectionsPerAddress: 2 });
    const head = 'POST /tfstate/web HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n';
    const busy = [dial(server.url), dial(server.url)];
    for (const { socket } of busy) socket.write(head);
    await until(() => busy.every(({ text }) => text.includes('100 Continue')));
    const late = dial(server.url);
    await until(() => late.isClosed);
    expect(openOnes(busy)).toHaveLength(2);
  });

  test('one address cannot use the connections of another', async () => {
    const { server } = await serving({ maxConnections: 40, maxConnectionsPerAddress: 3, unauthenticatedMs: 600_000 });
    const other = dial(server.url, '127.0.0.2');
    await ask(other, '/healthz');
    const idle = Array.from({ length: 30 }, () => dial(server.url));
    await until(() => openOnes(idle).length === 3);
    await ask(other, '/healthz');
    expect(other.isClosed).toBe(false);
  });

  test('a proxy that is trusted is not one address', async () => {
    const options = { maxConnections: 40, maxConnectionsPerAddress: 3, unauthenticatedMs: 600_000 };
    const { server } = await serving({ ...options, trustProxy: ['127.0.0.0/8'] });
    const all = Array.from({ length: 30 }, () => dial(server.url));
    await Promise.all(all.map((one) => ask(one, '/healthz')));
    expect(openOnes(all)).toHaveLength(30);
  });
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['unknown', 'unknown'],
])('clientOf: %s is counted as %s', (address, client) => {
  expect(clientOf(address)).toBe(client);
});

test.each([
  [{ maxConnections: 100_000_000 }, 'TOO_FEW_DESCRIPTORS', 'max-connections'],
  [{ trustProxy: ['nowhere'] }, 'INVALID_ADDRESS', 'trust-proxy'],
])('%j is refused', async (options, code, field) => {
  await expect(serving(options)).rejects.toMatchObject({ code, details: { field } });
});

/** What a slow client does, and what becomes of it; every other client is served meanwhile. */
const SLOW: readonly (readonly [string, string])[] = [
  ['slow headers', 'GET /tfstate/big HTTP/1.1\r\nHost: localhost\r\n'],
  ['a slow body', 'POST /tfstate/web HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{'],
  ['a large answer that it does not read', `${request('/api/v1/stacks/big')}`],
];

test.each(SLOW)('clients with %s are disconnected, and others are served', async (_, words) => {
  const {
    server,
    backend,
    ask: client,
  } = await serving({
    unauthenticatedMs: 500,
    requestMs: 11_000,
    stalledMs: 500,
  });
  const value = 'x'.repeat(15_000_000);
  await backend.getStackManager().createStack({ name: 'big', description: 'd', metadata: { value } });
  const slow = Array.from({ length: 5 }, () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.write(words);
    socket.on('error', () => {});
    return socket;
  });
  for (let n = 0; n < 10; n += 1) expect(await client('GET', HEAD)).toMatchObject({ status: 200 });
  const metric = async () =>
    Number(/^sloth_connections (\d+)$/m.exec((await client('GET', '/metrics')).text)?.[1] ?? Number.NaN);
  while ((await metric()) > 2) await new Promise((resolve) => setTimeout(resolve, 50));
  const texts = await Promise.all(slow.map((socket) => textOf(socket).catch(() => '')));
  for (const text of texts) expect(text.length).toBeLessThan(value.length);
});
