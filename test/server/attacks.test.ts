import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import type { JsonObject } from '../../src/lib/json.js';
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

describe('an ambiguous request', () => {
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

  test.each([
    ['two Host headers', 'GET /healthz HTTP/1.1', ['Host: localhost', 'Host: localhost']],
    ['two hosts in one header', 'GET /healthz HTTP/1.1', ['Host: localhost, evil.example']],
    ['two hosts without a blank', 'GET /healthz HTTP/1.1', ['Host: localhost,evil.example']],
    ['a user in the host', 'GET /healthz HTTP/1.1', ['Host: evil.example@localhost']],
    ['a path in the host', 'GET /healthz HTTP/1.1', ['Host: localhost/evil']],
    ['no Host', 'GET /healthz HTTP/1.1', []],
    ['no Host in HTTP/1.0', 'GET /healthz HTTP/1.0', []],
    ['an empty Host', 'GET /healthz HTTP/1.1', ['Host:']],
    ['another host in the target', 'GET http://evil.example/healthz HTTP/1.1', ['Host: localhost']],
    ['another port in the target', 'GET http://localhost:1/healthz HTTP/1.1', ['Host: localhost']],
    ['a user in the target', 'GET http://localhost@evil.example/healthz HTTP/1.1', ['Host: localhost']],
    ['two lengths', 'POST /tfstate/web HTTP/1.1', ['Host: localhost', 'Content-Length: 1', 'Content-Length: 2']],
    [
      'the same length twice',
      'POST /tfstate/web HTTP/1.1',
      ['Host: localhost', 'Content-Length: 1', 'Content-Length: 1'],
    ],
    [
      'a length and chunks',
      'POST /tfstate/web HTTP/1.1',
      ['Host: localhost', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
    ],
    [
      'two transfer encodings',
      'POST /tfstate/web HTTP/1.1',
      ['Host: localhost', 'Transfer-Encoding: identity', 'Transfer-Encoding: chunked'],
    ],
    ['no HTTP', 'GET / HTTQ/1.1', ['Host: localhost']],
    ...['Authorization', 'If-Match', 'Idempotency-Key', 'Content-Type', 'Content-MD5', 'Origin', 'Last-Event-ID'].map(
      (name): [string, string, string[]] => [
        `two headers ${name}`,
        'GET /healthz HTTP/1.1',
        ['Host: localhost', `${name}: "1"`, `${name.toLowerCase()}: "1"`],
      ],
    ),
  ])('with %s: 400', async (_, line, headers) => {
    const { server, backend } = await serving();
    const words = `${[line, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`;
    const answer = await raw(server.url, words);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.toLowerCase()).toContain('x-content-type-options: nosniff');
    expect(answer).toMatch(/"code":"(?:REPEATED_HEADER|INVALID_HOST|BAD_REQUEST)"/);
    expect((await backend.head()).position).toBe(0);
  });

  test('with the host of Host also in the target is accepted', async () => {
    const { server } = await serving();
    const words = 'GET http://localhost:7/healthz HTTP/1.1\r\nHost: localhost:7\r\nConnection: close\r\n\r\n';
    expect(await raw(server.url, words)).toMatch(/^HTTP\/1\.1 200 /);
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

describe('a body over a limit', () => {
  test('one gigabyte, announced: refused before it is sent', async () => {
    const { server } = await serving();
    const head = `POST ${STATE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1073741824\r\n\r\n`;
    expect(await raw(server.url, head)).toMatch(/^HTTP\/1\.1 413/);
  });

  test('more than the limit, without an announced length: refused when it is reached', async () => {
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

  test('invalid UTF-8', async () => {
    const { ask } = await serving();
    const answer = await ask('POST', STATE, new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]));
    expect(answer).toMatchObject({ status: 400, json: { code: 'INVALID_UTF8' } });
  });
});

describe('a slow client', () => {
  test('with its headers is disconnected', async () => {
    const { server, ask } = await serving({ headersMs: 200 });
    const begin = Date.now();
    expect(await raw(server.url, `GET ${STATE} HTTP/1.1\r\nHost: localhost\r\n`)).toMatch(/^HTTP\/1\.1 408/);
    expect(Date.now() - begin).toBeLessThan(20_000);
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
  });

  test('with its body is disconnected', async () => {
    const { server, backend } = await serving({ requestMs: 300, headersMs: 200 });
    const head = `POST ${STATE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{`;
    expect(await raw(server.url, head)).toMatch(/^(HTTP\/1\.1 408|$)/);
    expect((await backend.head()).position).toBe(0);
  });
});

test('a stolen lock id is useless once the lock has expired', async () => {
  const clock = new TestClock();
  await using backend = await StateBackend.open(':memory:', { clock });
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

describe('response headers for browsers and caches', () => {
  const ALWAYS = {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  const valuesOf = (headers: Headers) =>
    Object.fromEntries(Object.keys(ALWAYS).map((name) => [name, headers.get(name)]));

  test.each([
    ['a state', STATE, 200],
    ['a stack', '/api/v1/stacks/web', 200],
    ['values of an export', '/api/v1/stacks/web/export?to=terraform', 200],
    ['the description of the API', '/api/v1/openapi.json', 200],
    ['metrics', '/metrics', 200],
    ['the health', '/healthz', 200],
    ['nothing', '/nothing', 404],
    ['a path that cannot be decoded', '/api/v1/stacks/%ff', 400],
    ['a parameter that is too long', `/tfstate/${'x'.repeat(7_000)}`, 404],
  ])('%s', async (_, path, status) => {
    const { ask, server } = await serving();
    await ask('POST', STATE, state(1));
    const answer = await ask('GET', path);
    expect([400, 404, 414, 200]).toContain(answer.status);
    if (status === 200) expect(answer.status).toBe(200);
    expect(valuesOf(answer.headers)).toEqual(ALWAYS);
    expect(answer.headers.has('strict-transport-security')).toBe(false);
    expect(server.url).toMatch(/^http:/);
  });

  test('live events', async () => {
    const { server } = await serving();
    const answer = await fetch(`${server.url}/api/v1/events/live`);
    expect(valuesOf(answer.headers)).toEqual(ALWAYS);
    await answer.body?.cancel();
  });
});

describe('over TLS', () => {
  const pem = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url));
  const secure = () => serving({ tls: { cert: pem('cert'), key: pem('key') } });

  /** What is agreed on with a client that offers no more than this. */
  const agreed = (url: string, offer: ConnectionOptions): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({ port: Number(new URL(url).port), host: '127.0.0.1', ca: pem('cert'), ...offer });
      socket.on('error', () => resolve('nothing'));
      socket.on('secureConnect', () => {
        resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
        socket.destroy();
      });
    });

  test('responses have HSTS', async () => {
    const { server } = await secure();
    const headers = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      get(`${server.url}/healthz`, { ca: pem('cert'), agent: false }, (answer) => resolve(answer.resume().headers)).on(
        'error',
        reject,
      );
    });
    expect(headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
    });
  });

  test.each<[string, ConnectionOptions, RegExp]>([
    ['TLS 1.3', {}, /^TLSv1\.3 TLS_/],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }, /^TLSv1\.2 ECDHE-ECDSA-.*(?:GCM|POLY1305)/],
    [
      'TLS 1.2 with CBC alone',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256' },
      /^nothing$/,
    ],
    [
      'TLS 1.2 without forward secrecy',
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-GCM-SHA384' },
      /^nothing$/,
    ],
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }, /^nothing$/],
  ])('a client that offers %s', async (_, offer, expected) => {
    const { server } = await secure();
    expect(await agreed(server.url, offer)).toMatch(expected);
  });

  test('a client that is slow with its headers is disconnected', async () => {
    const { server } = await serving({ tls: { cert: pem('cert'), key: pem('key') }, headersMs: 200 });
    const socket = connectTls({ port: Number(new URL(server.url).port), host: '127.0.0.1', ca: pem('cert') });
    socket.write(`GET ${STATE} HTTP/1.1\r\nHost: localhost\r\n`);
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 408/);
  });

  test('a client that does not finish its handshake is disconnected', async () => {
    const { server } = await serving({ tls: { cert: pem('cert'), key: pem('key') }, unauthenticatedMs: 100 });
    expect(await raw(server.url, '\x16\x03\x01')).toBe('');
  });
});
