import { connect } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stringifyJson } from '../../src/lib/json.js';
import { ROUTES } from '../../src/server/api/index.js';
import { type ServeOptions, TokenStore } from '../../src/server/index.js';
import { scratchFolder } from '../support/folder.js';
import { serving } from '../support/server.js';
import { block, instance, stateFile } from '../support/terraform.js';

const MEBIBYTE = 1024 * 1024;

interface Target {
  readonly method: string;
  readonly path: string;
  readonly media: string;
  readonly maxBytes: number;
}

const LOCKS = { media: 'application/json', maxBytes: 65_536 };
const STATES = { media: 'application/json', maxBytes: 256 * MEBIBYTE };

/** Every way by which a body comes in, as the tables of routes say. */
const TARGETS: readonly Target[] = [
  ...ROUTES.flatMap(({ method, path, body }) =>
    Object.entries(body).map(([media, { maxBytes }]) => ({
      method,
      path: `/api/v1${path.replace('{stack}', 'web')}${path.endsWith('import') ? '?from=terraform' : ''}`,
      media,
      maxBytes: maxBytes === 'max-body' ? 256 * MEBIBYTE : maxBytes,
    })),
  ),
  { method: 'POST', path: '/tfstate/web', ...STATES },
  { method: 'PUT', path: '/tfstate/web', ...STATES },
  { method: 'LOCK', path: '/tfstate/web', ...LOCKS },
  { method: 'UNLOCK', path: '/tfstate/web', ...LOCKS },
  { method: 'POST', path: '/tfstate/web/lock', ...LOCKS },
  { method: 'DELETE', path: '/tfstate/web/lock', ...LOCKS },
];

/** Routes that take none, and what is no route. */
const WITHOUT: readonly (readonly [method: string, path: string])[] = [
  ...ROUTES.filter(({ body }) => Object.keys(body).length === 0).map(
    ({ method, path }) => [method, `/api/v1${path.replace('{stack}', 'web').replace('{resource}', 'a.b')}`] as const,
  ),
  ['GET', '/tfstate/web'],
  ['DELETE', '/tfstate/web'],
];

async function guarded(options: ServeOptions = {}) {
  const tokens = TokenStore.open(join(scratchFolder(), 'db.tokens'));
  onTestFinished(() => tokens.close());
  const { token } = tokens.create({ role: 'read', stacks: ['web'], by: 'ann' });
  const other = tokens.create({ role: 'admin', stacks: ['db'], by: 'ann' }).token;
  return { reader: token, stranger: other, ...(await serving({ tokens, ...options })) };
}

/** Sends the head of a request, and what belongs to it of a body; returns all that comes back. */
function sending(url: string, head: readonly string[], body = '') {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`${[...head, 'Host: localhost', 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
  return { socket, answer: textOf(socket) };
}

const problemIn = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));

describe('a request that is refused', () => {
  test.each(TARGETS.map((target) => [`${target.method} ${target.path} ${target.media}`, target] as const))(
    '%s: before anything of its body came',
    async (_, { method, path, media, maxBytes }) => {
      const { server, reader, stranger } = await guarded();
      const head = (token: string) => [
        `${method} ${path} HTTP/1.1`,
        `Content-Type: ${media}`,
        `Content-Length: ${maxBytes}`,
        ...(token === '' ? [] : [`Authorization: Bearer ${token}`]),
      ];
      const isOfStack = !path.includes('/commands/');
      for (const [token, status, code] of [
        ['', 401, 'UNAUTHORIZED'],
        [reader, 403, 'ROLE_TOO_LOW'],
        ...(isOfStack ? ([[stranger, 403, 'OUT_OF_REACH']] as const) : []),
      ] as const) {
        const answer = await sending(server.url, head(token)).answer;
        expect(answer).toContain(`HTTP/1.1 ${status}`);
        expect(problemIn(answer)).toMatchObject({ code });
      }
    },
  );

  test.each(TARGETS.map((target) => [`${target.method} ${target.path} ${target.media}`, target] as const))(
    '%s: for one byte more than it may have',
    async (_, { method, path, media, maxBytes }) => {
      const { server } = await serving({ maxInFlightBytes: 1024 * MEBIBYTE });
      const head = [`${method} ${path} HTTP/1.1`, `Content-Type: ${media}`, `Content-Length: ${maxBytes + 1}`];
      const answer = await sending(server.url, head).answer;
      expect(answer).toContain('HTTP/1.1 413');
      expect(problemIn(answer)).toMatchObject({ code: 'BODY_TOO_LARGE', details: { field: 'body', maxBytes } });
    },
  );

  test.each(WITHOUT)('%s %s: for a body where none is taken', async (method, path) => {
    const { server } = await serving();
    for (const length of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
      const answer = await sending(server.url, [`${method} ${path} HTTP/1.1`, length]).answer;
      expect(answer).toContain('HTTP/1.1 413');
      expect(problemIn(answer)).toMatchObject({ code: 'BODY_UNEXPECTED', details: { maxBytes: 0 } });
    }
  });

  test('without a length: when it has one byte too many', async () => {
    const { server, backend } = await serving();
    const piece = `${(4096).toString(16)}\r\n${' '.repeat(4096)}\r\n`;
    const head = ['LOCK /tfstate/web HTTP/1.1', 'Transfer-Encoding: chunked'];
    const answer = await sending(server.url, head, `${piece.repeat(16)}1\r\n \r\n`).answer;
    expect(answer).toContain('HTTP/1.1 413');
    expect(problemIn(answer)).toMatchObject({ details: { maxBytes: 65_536 } });
    expect((await backend.head()).position).toBe(0);
  });

  test('with an unknown path: its body is not read either', async () => {
    const { server } = await serving();
    const head = ['POST /nothing HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 100000000'];
    expect(await sending(server.url, head).answer).toContain('HTTP/1.1 404');
  });

  test('while it is still sending: it can read the response, then the connection ends', async () => {
    const { server, reader } = await guarded();
    const head = ['POST /tfstate/web HTTP/1.1', 'Content-Length: 100000000', `Authorization: Bearer ${reader}`];
    const { socket, answer } = sending(server.url, head);
    socket.on('error', () => {});
    const more = setInterval(() => socket.write(' '.repeat(10_000)), 1);
    const text = await answer.catch(() => '').finally(() => clearInterval(more));
    expect(text).toMatch(/^(HTTP\/1\.1 403|$)/);
    expect(socket.bytesWritten).toBeLessThan(100_000_000);
  });

  test('that waits for 100 Continue: the body is not sent', async () => {
    const { server, reader } = await guarded();
    const waits = ['POST /tfstate/web HTTP/1.1', 'Content-Length: 5', 'Expect: 100-continue'];
    const refused = await sending(server.url, [...waits, `Authorization: Bearer ${reader}`]).answer;
    expect(refused).toMatch(/^HTTP\/1\.1 403/);
    const { server: open } = await serving();
    const { socket, answer } = sending(open.url, waits);
    socket.once('data', () => socket.write('[1,2]'));
    expect(await answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400/);
  });
});

describe('bodies in flight', () => {
  const state = stringifyJson(stateFile({ serial: 1, resources: [block('a', [instance()])] }));

  test('share a limit: 503 above it, small commands still work, and completed requests make room', async () => {
    const { ask, server } = await serving({ maxInFlightBytes: 4 * MEBIBYTE });
    const length = 3 * MEBIBYTE;
    const head = ['POST /tfstate/big HTTP/1.1', `Content-Length: ${length}`];
    const { socket, answer } = sending(server.url, head, ' '.repeat(length - 1));
    const large = `${state}${' '.repeat(2 * MEBIBYTE)}`;
    let busy = await ask('POST', '/tfstate/web', large);
    for (let serial = 2; busy.status === 200; serial += 1) {
      busy = await ask('POST', '/tfstate/web', large.replace('"serial":1', `"serial":${serial}`)); // not arrived yet
    }
    expect(busy).toMatchObject({ status: 503, json: { code: 'TOO_BUSY' } });
    expect(busy.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await ask('POST', '/api/v1/commands/createStack', { name: 'small' })).toMatchObject({ status: 200 });
    socket.destroy();
    await answer.catch(() => {});
    let other = await ask('POST', '/tfstate/other', large);
    while (other.status === 503) other = await ask('POST', '/tfstate/other', large);
    expect(other).toMatchObject({ status: 200 });
  });

  test('share it without announced lengths, too: the one that exceeds it gets 503', async () => {
    const { server } = await serving({ maxInFlightBytes: 4 * MEBIBYTE });
    const piece = `${MEBIBYTE.toString(16)}\r\n${' '.repeat(MEBIBYTE)}\r\n`;
    const head = ['POST /tfstate/web HTTP/1.1', 'Transfer-Encoding: chunked'];
    const both = [1, 2].map(() => sending(server.url, head, piece.repeat(3)));
    const answer = await Promise.race(both.map(({ answer }) => answer));
    expect(answer).toContain('HTTP/1.1 503');
    expect(problemIn(answer)).toMatchObject({ code: 'TOO_BUSY' });
    for (const { socket, answer } of both) {
      socket.destroy();
      await answer.catch(() => {});
    }
  });

  test('one that can never fit is too large', async () => {
    const { ask } = await serving({ maxInFlightBytes: 2 * MEBIBYTE });
    const answer = await ask('POST', '/tfstate/web', `${state}${' '.repeat(2 * MEBIBYTE)}`);
    expect(answer).toMatchObject({ status: 413, json: { code: 'BODY_TOO_LARGE', details: { maxBytes: 1_835_008 } } });
  });

  test('one with too many values for the memory is too large, even if its bytes fit', async () => {
    const { ask } = await serving({ maxInFlightBytes: 8 * MEBIBYTE });
    const dense = stringifyJson({ version: 4, serial: 1, lineage: 'l' }).replace(
      '}',
      `,"x":[${'[],'.repeat(MEBIBYTE)}1]}`,
    );
    expect(await ask('POST', '/tfstate/web', dense)).toMatchObject({
      status: 413,
      json: { details: { field: 'body' } },
    });
  });
});

describe('a body that is read in another thread', () => {
  const padding = ' '.repeat(2 * MEBIBYTE);

  test('a command keeps every digit', async () => {
    const { ask } = await serving();
    await ask('POST', '/api/v1/commands/createStack', { name: 'web' });
    const properties = '{"big":12345678901234567890,"small":-0,"exact":1.10,"__proto__":{"x":1}}';
    const body = `{"stack":"web",${padding}"resources":[{"type":"t","name":"n","properties":${properties}}]}`;
    expect(await ask('POST', '/api/v1/commands/apply', body)).toMatchObject({ status: 200 });
    const { text } = await ask('GET', '/api/v1/stacks/web/resources/t.n');
    expect(text).toContain(`"properties":${properties}`);
  });

  test('is refused like a small one', async () => {
    const { ask } = await serving();
    const twice = (path: string, body: string) =>
      Promise.all([ask('POST', path, body), ask('POST', path, body + padding)]);
    for (const [path, body] of [
      ['/api/v1/commands/createStack', '{"name":7}'],
      ['/api/v1/commands/createStack', '{"type":"x"}'],
      ['/api/v1/commands/createStack', '[]'],
      ['/api/v1/commands/createStack', '{"name":"x","envelope":{"actor":"root"}}'],
      ['/api/v1/commands/createStack', '{"name":"a","name":"b"}'],
      ['/api/v1/stacks/web/desired-state', '{"colour":1}'],
      ['/api/v1/stacks/web/import?from=pulumi', '{"deployment":7}'],
      ['/api/v1/stacks/web/import?from=terraform', '{"version":3}'],
      ['/tfstate/web', '{"version":3}'],
      ['/tfstate/web', '{"version":4,"version":4}'],
    ] as const) {
      const [small, large] = await twice(path, body);
      expect(small.status).toBe(400);
      expect(large).toMatchObject({ status: 400, json: small.json });
    }
  });

  test('a state is stored, and the next one costs its changes', async () => {
    const { ask, backend } = await serving();
    const of = (serial: number, size: number) => {
      const resources = Array.from({ length: 4000 }, (_, n) =>
        block(`r${String(n).padStart(5, '0')}`, [
          instance({ attributes: { id: `i-${n}`, text: 'x'.repeat(200), size: n === 2000 ? size : 1 } }),
        ]),
      );
      return `${JSON.stringify(stateFile({ serial, resources }), null, 2)}\n`;
    };
    expect(of(1, 1).length).toBeGreaterThan(MEBIBYTE);
    expect(await ask('POST', '/tfstate/web', of(1, 1))).toMatchObject({ status: 200 });
    const { position } = await backend.head();
    expect(await ask('POST', '/tfstate/web', of(2, 5))).toMatchObject({ status: 200 });
    expect((await backend.head()).position).toBe(position + 2);
    const broken = of(3, 6).replace('"size": 6', '"size": 06');
    expect(await ask('POST', '/tfstate/web', broken)).toMatchObject({ status: 400, json: { code: 'INVALID_JSON' } });
    expect((await ask('GET', '/tfstate/web')).text).toBe(of(2, 5));
  });
});

describe('hostile bodies', () => {
  const repeat = (text: string, size: number): string => text.repeat(Math.ceil(size / text.length));
  const bomb = Array.from(
    { length: 20 },
    (_, n) =>
      `a${n}: &a${n} [${Array(9)
        .fill(n === 0 ? 'lol' : `*a${n - 1}`)
        .join(', ')}]\n`,
  ).join('');
  const JSON_BODIES: Readonly<Record<string, (size: number) => string>> = {
    'open lists': (size) => repeat('[', size),
    'lists in lists': (size) => repeat('[', size / 2) + repeat(']', size / 2),
    blanks: (size) => repeat(' ', size),
    'blanks in a list': (size) => `[${repeat(' ', size)}]`,
    quotes: (size) => repeat('"', size),
    backslashes: (size) => `"${repeat('\\', size)}`,
    commas: (size) => `[${repeat('[],', size)}1]`,
    digits: (size) => repeat('9', size),
    'no UTF-8': (size) => `{"a":"${repeat('\u0000', size)}"}`,
    'a field nobody knows': (size) => `{"nobody":"${repeat('x', size)}"}`,
    keys: (size) => `{${Array.from({ length: size / 12 }, (_, n) => `"k${n}":1`).join(',')}}`,
  };
  const YAML_BODIES: Readonly<Record<string, (size: number) => string>> = {
    'a bomb of aliases': () => bomb,
    'anchors and aliases': (size) => Array.from({ length: size / 24 }, (_, n) => `- &a${n} x\n- *a${n}\n`).join(''),
    'lists in lists': (size) => repeat('[', size),
    'closing brackets': (size) => repeat('}\n', size),
    keys: (size) => Array.from({ length: size / 12 }, (_, n) => `k${n}: 1\n`).join(''),
    'an alias of nothing': () => '- *x',
    tags: (size) => repeat('- !x y\n', size),
    comments: (size) => repeat('#\n', size),
    'a merge of nothing': () => '<<: 1',
    'no text key': () => '? {a: 1}\n: 2',
  };

  const DOORS = TARGETS.filter(
    // One command stands for all: they share the door, and their schemas come after it.
    ({ path, method }) => !path.includes('/commands/') || (method === 'POST' && path.endsWith('/apply')),
  );

  test.each(DOORS.map((target) => [`${target.method} ${target.path} ${target.media}`, target] as const))(
    '%s: each is refused, and the next client is served',
    async (_, { method, path, media, maxBytes }) => {
      const { ask, backend } = await serving({ maxInFlightBytes: 64 * MEBIBYTE });
      const size = Math.min(maxBytes - 100, media === 'application/yaml' ? MEBIBYTE / 4 : 2 * MEBIBYTE);
      const bodies = media === 'application/yaml' ? YAML_BODIES : JSON_BODIES;
      for (const [name, body] of Object.entries(bodies)) {
        const answer = await ask(method, path, body(Math.floor(size * 0.9)), { 'content-type': media });
        expect({ name, status: answer.status }).toMatchObject({
          status: expect.toSatisfy((status) => status >= 400 && status < 500),
        });
        expect(answer.json).toMatchObject({ code: expect.any(String), hint: expect.any(String) });
        expect(answer.text.length).toBeLessThan(2_000);
      }
      expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
      expect((await backend.head()).position).toBe(0);
    },
    120_000,
  );

  test('a YAML error names the body, the line and the column', async () => {
    const { ask } = await serving();
    const answer = await ask('POST', '/api/v1/stacks/web/desired-state', 'a: 1\nb: *x', {
      'content-type': 'application/yaml',
    });
    expect(answer).toMatchObject({
      status: 400,
      json: { code: 'INVALID_YAML', details: { field: 'body', line: 2, column: 4 } },
    });
  });
});
