import { request } from 'node:http';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import type { JsonObject } from '../../src/kernel/json.js';
import { startServer } from '../../src/server/index.js';
import { TestClock } from '../support/clock.js';
import { asking, serving } from '../support/server.js';
import { block, instance, stateFile } from '../support/terraform.js';

const STATE = '/tfstate/web';
const state = (serial: number): JsonObject => stateFile({ serial, resources: [block('a', [instance()])] });

/** Sends words as they are, and returns all that comes back. */
async function raw(url: string, words: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(words);
  return textOf(socket);
}

describe('a request that is not what it seems', () => {
  test.each([
    ['evil.example', 421],
    ['evil.example:7480', 421],
    ['127.0.0.1.evil.example', 421],
    ['127.0.0.1', 404],
    ['LOCALHOST:1', 404],
    ['[::1]:7480', 404],
  ])('under the host name %s: %i', async (host, status) => {
    const { server } = await serving();
    expect(await raw(server.url, `GET ${STATE} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toContain(
      `HTTP/1.1 ${status}`,
    );
  });

  test('under a name that the operator allows', async () => {
    const { server } = await serving({ allowHosts: ['State.Example.com'] });
    const words = `GET ${STATE} HTTP/1.1\r\nHost: state.example.com\r\nConnection: close\r\n\r\n`;
    expect(await raw(server.url, words)).toContain('HTTP/1.1 404');
  });

  test('from a page of another site', async () => {
    const { ask, backend, server } = await serving();
    const page = { origin: 'https://evil.example' };
    expect(await ask('POST', STATE, state(1), page)).toMatchObject({ status: 403, json: { code: 'FOREIGN_ORIGIN' } });
    expect(await ask('OPTIONS', STATE, undefined, { ...page, 'access-control-request-method': 'LOCK' })).toMatchObject({
      status: 403,
    });
    expect((await backend.head()).position).toBe(0);
    const own = await ask('GET', '/healthz', undefined, { origin: server.url });
    expect(own).toMatchObject({ status: 200 });
    expect([...own.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.each(['..', '%2e%2e', '..%2f..%2fetc%2fpasswd', 'a%2f..%2fb', '%2e', 'a%5cb', 'a%00b', '%0d%0aX:1', 'a%ff'])(
    'for a stack of the name %s',
    async (name) => {
      const { server, backend } = await serving();
      const body = JSON.stringify(state(1));
      const head = `POST /tfstate/${name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
      expect(await raw(server.url, head + body)).toMatch(/^HTTP\/1\.1 (400|404)/);
      expect((await backend.head()).position).toBe(0);
    },
  );
});

describe('a body that is too much', () => {
  test('one gigabyte, told beforehand: refused before it is sent', async () => {
    const { server } = await serving();
    const head = `POST ${STATE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1073741824\r\n\r\n`;
    expect(await raw(server.url, head)).toMatch(/^HTTP\/1\.1 413/);
  });

  test('more than the limit, in pieces that tell no length: refused when it is reached', async () => {
    const { server, backend } = await serving({ maxBodyBytes: 1_000_000 });
    const { hostname, port } = new URL(server.url);
    const status = await new Promise((resolve, reject) => {
      const sent = request({ hostname, port, path: STATE, method: 'POST' }, (answer) => resolve(answer.statusCode));
      sent.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EPIPE' || error.code === 'ECONNRESET' ? undefined : reject(error),
      );
      const piece = Buffer.alloc(65_536, ' ');
      const write = (left: number): void => {
        if (left === 0 || sent.destroyed) return void sent.end();
        sent.write(piece, () => write(left - 1));
      };
      write(1_000);
    });
    expect(status).toBe(413);
    expect((await backend.head()).position).toBe(0);
  });

  test('compressed: 415', async () => {
    const { ask } = await serving();
    expect(await ask('POST', STATE, 'x', { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 });
  });

  test('headers over 16 KiB', async () => {
    const { server } = await serving();
    const head = `GET ${STATE} HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await raw(server.url, head)).toMatch(/^HTTP\/1\.1 431/);
  });

  test('nested too deep', async () => {
    const { ask, backend } = await serving();
    const deep = `{"version":4,"serial":1,"lineage":"","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(await ask('POST', STATE, deep)).toMatchObject({ status: 400, json: { code: 'INVALID_JSON' } });
    expect((await backend.head()).position).toBe(0);
  });

  test('no UTF-8', async () => {
    const { ask } = await serving();
    const answer = await ask('POST', STATE, new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]));
    expect(answer).toMatchObject({ status: 400, json: { code: 'INVALID_UTF8' } });
  });
});

describe('a client that is slow', () => {
  test('with its headers: it is let go', async () => {
    const { server, ask } = await serving({ headersMs: 200 });
    const begin = Date.now();
    expect(await raw(server.url, `GET ${STATE} HTTP/1.1\r\nHost: localhost\r\n`)).toMatch(/^HTTP\/1\.1 408/);
    expect(Date.now() - begin).toBeLessThan(20_000);
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
  });

  test('with its body: it is let go', async () => {
    const { server, backend } = await serving({ requestMs: 300, headersMs: 200 });
    const head = `POST ${STATE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{`;
    expect(await raw(server.url, head)).toMatch(/^(HTTP\/1\.1 408|$)/);
    expect((await backend.head()).position).toBe(0);
  });
});

test('a lock’s id that somebody stole opens nothing once the lock ran out', async () => {
  const clock = new TestClock();
  await using backend = await StateBackend.open('memory:', { clock });
  const server = await startServer(backend, { listen: '127.0.0.1:0', lockMs: 60_000 });
  try {
    const ask = asking(server.url);
    await ask('LOCK', STATE, { ID: 'stolen', Operation: 'x', Who: 'ann' });
    expect(await ask('POST', `${STATE}?ID=stolen`, state(1))).toMatchObject({ status: 200 });
    clock.advance(61_000);
    expect(await ask('POST', `${STATE}?ID=stolen`, state(2))).toMatchObject({
      status: 409,
      json: { code: 'LOCK_NOT_HELD' },
    });
    await ask('LOCK', STATE, { ID: 'new', Operation: 'x', Who: 'bob' });
    expect(await ask('POST', `${STATE}?ID=stolen`, state(2))).toMatchObject({ status: 423, json: { ID: 'new' } });
    expect(await ask('UNLOCK', STATE, { ID: 'stolen', Operation: 'x', Who: 'ann' })).toMatchObject({
      status: 423,
      json: { ID: 'new' },
    });
  } finally {
    await server.close();
  }
});
