import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { QUERIES } from '../../src/server/api/queries.js';
import { startServer, TokenStore } from '../../src/server/index.js';
import { Reads } from '../../src/server/reads/index.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { asking, md5, serving } from '../support/server.js';

const API = '/api/v1';
const command = (ask: ReturnType<typeof asking>, type: string, fields: unknown) =>
  ask('POST', `${API}/commands/${type}`, fields);

/** Resources that depend on each other, of some 100 bytes each. */
const resources = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    type: 't',
    name: `r${n}`,
    properties: { id: `i-${n}`, exact: n, text: '\u{1f600}é'.repeat(10) },
    ...(n % 10 ? { dependencies: [`t.r${n - (n % 10)}`] } : {}),
  }));

/** A server with a stack of many resources and some history, and a small one. */
async function filled() {
  const setting = await serving();
  const { backend } = setting;
  const manager = backend.getStackManager();
  for (const name of ['big', 'small']) await manager.createStack({ name, description: `the ${name} one` });
  await manager.apply({ stack: 'big', resources: resources(300), outputs: [{ name: 'address', value: '10.0.0.1' }] });
  await manager.apply({ stack: 'big', resources: [{ type: 't', name: 'r1', properties: { id: 'i-1', exact: 2 } }] });
  await manager.apply({ stack: 'small', resources: resources(3) });
  await backend.addTag('big', 'production');
  await backend.detectDrift('big', 't.r5', { size: 1 }, { size: 2 });
  return setting;
}

/** What each query is asked for; one that is added does not pass until it is here. */
const PATHS: Readonly<Record<string, string>> = {
  '/stacks': '/stacks?at_position=4',
  '/events': '/events?limit=1000',
  '/stacks/{stack}': '/stacks/big',
  '/stacks/{stack}/resources': '/stacks/big/resources?limit=250&after=t.r1',
  '/stacks/{stack}/resources/{resource}': '/stacks/big/resources/t.r7',
  '/stacks/{stack}/resources/{resource}/history': '/stacks/big/resources/t.r1/history',
  '/stacks/{stack}/resources/{resource}/blame': '/stacks/big/resources/t.r1/blame',
  '/stacks/{stack}/versions': '/stacks/big/versions',
  '/stacks/{stack}/diff': '/stacks/big/diff?from=1&to=3',
  '/stacks/{stack}/graph': '/stacks/big/graph?root=t.r10&reverse=true',
  '/stacks/{stack}/impact': '/stacks/big/impact?resource=t.r10',
  '/stacks/{stack}/drift': '/stacks/big/drift?all=true',
  '/stacks/{stack}/drift/rules': '/stacks/big/drift/rules',
  '/stacks/{stack}/lock': '/stacks/big/lock?at_version=3',
  '/stacks/{stack}/tags': '/stacks/big/tags',
  '/stacks/{stack}/executions': '/stacks/big/executions',
  '/stacks/{stack}/activity': '/stacks/big/activity?limit=1000',
  '/stacks/{stack}/export': '/stacks/big/export?to=terraform',
};

describe('a query of a large stack', () => {
  test('is answered by another process with the same bytes', async () => {
    const { ask } = await filled();
    for (const query of QUERIES) {
      const here = vi.spyOn(query, 'read');
      const path = PATHS[query.path] ?? '';
      const { status, headers, text } = await ask('GET', `${API}${path}`);
      expect({ path, status, calls: here.mock.calls.length }).toEqual({ path, status: 200, calls: 0 });
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      here.mockRestore();
      const small = vi.spyOn(Reads.prototype, 'isSmall').mockResolvedValue(true);
      const same = await ask('GET', `${API}${path}`);
      small.mockRestore();
      expect(text).toBe(same.text);
      expect(headers.get('etag')).toBe(same.headers.get('etag'));
    }
  });

  test('does not delay other requests', async () => {
    const { ask, backend } = await filled();
    const state = vi.spyOn(backend, 'getDetails');
    const big = ask('GET', `${API}/stacks/big`);
    expect(await ask('GET', `${API}/stacks/small`)).toMatchObject({ status: 200, json: { name: 'small' } });
    expect(await big).toMatchObject({ status: 200, json: { name: 'big', resource_count: 300 } });
    expect(state.mock.calls.map(([stack]) => stack)).toEqual(['small']);
  });

  test('sees what was acknowledged just before', async () => {
    const { ask } = await filled();
    for (let n = 0; n < 5; n += 1) {
      await command(ask, 'updateStack', { stack: 'big', description: `round ${n}` });
      expect((await ask('GET', `${API}/stacks/big`)).json.description).toBe(`round ${n}`);
    }
  });

  test('is refused with the same error', async () => {
    const { ask } = await filled();
    expect(await ask('GET', `${API}/stacks/big/resources/t.none`)).toMatchObject({
      status: 404,
      json: { code: 'RESOURCE_NOT_FOUND', details: { stack: 'big', resource: 't.none' }, hint: expect.any(String) },
    });
    expect(await ask('GET', `${API}/stacks/big?at_version=99`)).toMatchObject({
      status: 404,
      json: { code: 'VERSION_NOT_FOUND' },
    });
    expect(await ask('GET', `${API}/stacks/big/graph?depth=1`)).toMatchObject({
      status: 400,
      json: { code: 'ROOT_MISSING' },
    });
  });

  test('as a Terraform state comes with its digest', async () => {
    const { ask } = await filled();
    const states = vi.spyOn(StateBackend.prototype, 'getState');
    const { status, headers, text } = await ask('GET', '/tfstate/big');
    expect(status).toBe(200);
    expect(headers.get('content-md5')).toBe(md5(text));
    expect(JSON.parse(text).resources).toHaveLength(300);
    expect(states).not.toHaveBeenCalled();
  });

  test('is refused if the token has ended during the read', async () => {
    const tokens = TokenStore.open(join(scratchFolder(), 'tokens'));
    onTestFinished(() => tokens.close());
    const { token } = tokens.create({ role: 'read', name: 'r', stacks: [], by: 'ann' });
    const { server, backend } = await serving({ tokens });
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'big' });
    await manager.apply({ stack: 'big', resources: resources(300) });
    const isSmall = vi.spyOn(Reads.prototype, 'isSmall').mockImplementation(async () => {
      tokens.revoke('r', 'ann');
      return false;
    });
    const answer = await asking(server.url)('GET', `${API}/stacks/big/tags`, undefined, {
      authorization: `Bearer ${token}`,
    });
    isSmall.mockRestore();
    expect(answer).toMatchObject({ status: 401, json: { code: 'TOKEN_ENDED' } });
  });

  test('is answered by its id, even if it was renamed meanwhile', async () => {
    const { ask, backend } = await filled();
    const findStack = backend.findStack.bind(backend);
    vi.spyOn(backend, 'findStack').mockImplementation(async (ref, options) => {
      const found = await findStack(ref, options);
      if (ref === 'big') {
        const manager = backend.getStackManager();
        await manager.updateStack('big', { name: 'other' });
        await manager.updateStack('small', { name: 'big' });
      }
      return found;
    });
    expect((await ask('GET', `${API}/stacks/big`)).json).toMatchObject({ name: 'other', resource_count: 300 });
  });
});

describe('a dry run in a large stack', () => {
  const state = { version: 4, terraform_version: '1.11.4', serial: 1, lineage: 'l', outputs: {}, resources: [] };
  const RUNS = [
    { path: '/commands/rollback', body: { stack: 'big', toVersion: 2 }, status: 200 },
    { path: '/commands/rollback', body: { stack: 'big', toVersion: 99 }, status: 404 },
    { path: '/commands/apply', body: { stack: 'big', prune: true }, status: 200 },
    {
      path: '/commands/apply',
      body: '{"stack":"big","resources":[{"type":"t","name":"r2","properties":{"id":"i-2","exact":1.0}}]}',
      status: 200,
    },
    {
      path: '/commands/apply',
      body: { stack: 'big', resources: [{ type: 't', name: 'r1' }] },
      status: 200,
      ifMatch: 3,
    },
    { path: '/commands/apply', body: { stack: 'big', resources: [] }, status: 412, ifMatch: 1 },
    { path: '/commands/apply', body: { stack: 'big', resources: [{ name: 'r1' }] }, status: 400 },
    { path: '/commands/deleteStack', body: { stack: 'big', envelope: { lockId: 'none' } }, status: 409 },
    { path: '/stacks/big/desired-state?prune=true', body: { resources: [{ type: 't', name: 'r1' }] }, status: 200 },
    { path: '/stacks/big/import?from=terraform', body: state, status: 409 },
  ];

  test('is planned by another process with the same result', async () => {
    const { ask, backend } = await filled();
    const isSmall = vi.spyOn(Reads.prototype, 'isSmall');
    for (const { path, body, status, ifMatch } of RUNS) {
      const headers: Record<string, string> = ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` };
      const dry = () => ask('POST', `${API}${path}${path.includes('?') ? '&' : '?'}dry_run=true`, body, headers);
      const here = vi.spyOn(backend, 'execute');
      const { json, ...answer } = await dry();
      expect({ path, ...answer, calls: here.mock.calls.length }).toMatchObject({ path, status, calls: 0 });
      here.mockRestore();
      isSmall.mockResolvedValueOnce(true);
      expect(json).toEqual((await dry()).json);
    }
    isSmall.mockRestore();
    expect(await backend.findStack('big')).toMatchObject({ stateVersion: 3 });
  });

  test('or with a large body is planned there, and by a token only what it reaches', async () => {
    const tokens = TokenStore.open(join(scratchFolder(), 'tokens'));
    onTestFinished(() => tokens.close());
    const { token } = tokens.create({ role: 'write', name: 'w', stacks: ['mine*'], by: 'ann' });
    const { server, backend } = await serving({ tokens });
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'mine' });
    await manager.createStack({ name: 'other' });
    await manager.apply({ stack: 'other', resources: resources(300) });
    const here = vi.spyOn(backend, 'execute');
    const planned = (stack: string, fields: object) =>
      asking(server.url)(
        'POST',
        `${API}/commands/apply?dry_run=true`,
        { stack, ...fields },
        {
          authorization: `Bearer ${token}`,
        },
      );
    const { status, json } = await planned('mine', { resources: resources(3_000) });
    expect([status, (json.changes as unknown[]).length]).toEqual([200, 3_000]);
    expect(await planned('other', { prune: true })).toMatchObject({
      status: 403,
      json: { code: 'OUT_OF_REACH' },
    });
    expect(here).not.toHaveBeenCalled();
  });
});

describe('a small stack', () => {
  test.each(['', '/resources', '/graph', '/export?to=terraform', '/activity', '/resources/t.r1/history'])(
    'is read at once: %s',
    async (path) => {
      const { ask } = await filled();
      const send = vi.spyOn(Reads.prototype, 'send');
      expect(await ask('GET', `${API}/stacks/small${path}`)).toMatchObject({ status: 200 });
      expect(send).not.toHaveBeenCalled();
      send.mockRestore();
    },
  );

  test('counts as large if one of its documents is', async () => {
    const { ask, backend } = await filled();
    const send = vi.spyOn(Reads.prototype, 'send');
    await ask('GET', `${API}/stacks/small`);
    const properties = { text: 'x'.repeat(300_000) };
    await backend.getStackManager().apply({ stack: 'small', resources: [{ type: 't', name: 'large', properties }] });
    expect((await ask('GET', `${API}/stacks/small`)).text).toContain(properties.text);
    expect(send).toHaveBeenCalledOnce();
    send.mockRestore();
  });
});

test('a database in memory is read at once, whatever its size', async () => {
  const backend = await StateBackend.open(':memory:');
  const server = await startServer(backend, { listen: '127.0.0.1:0' });
  onTestFinished(async () => {
    await server.close();
    await backend.close();
  });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'big' });
  await manager.apply({ stack: 'big', resources: resources(300) });
  expect(await asking(server.url)('GET', `${API}/stacks/big`)).toMatchObject({ json: { resource_count: 300 } });
});

describe('the list of events', () => {
  /** A stack of many events, and after them one of the other stack. */
  async function long() {
    const tokens = TokenStore.open(join(scratchFolder(), 'tokens'));
    onTestFinished(() => tokens.close());
    const { token } = tokens.create({ role: 'read', stacks: ['other'], by: 'ann' });
    const { server, backend } = await serving({ tokens });
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'busy' });
    for (let n = 0; n < 3; n += 1) {
      const some = Array.from({ length: 4_000 }, (_, m) => ({ type: 't', name: `r${m}`, properties: { n } }));
      await manager.apply({ stack: 'busy', resources: some });
    }
    await manager.createStack({ name: 'other' });
    const ask = asking(server.url);
    const get = (path: string) => ask('GET', `${API}${path}`, undefined, { authorization: `Bearer ${token}` });
    return { get, backend };
  }

  test('reads a bounded part of the log for one page, and returns where the next one begins', async () => {
    const { get, backend } = await long();
    const { position } = await backend.head();
    const first = await get('/events');
    expect(first.json).toEqual({ events: [], next: 10_000 });
    const second = await get('/events?after=10000');
    expect(second.json).toMatchObject({ events: [{ position, stack: 'other' }], next: null });
  });

  test('holds a bounded number of characters, and at least one event', async () => {
    const { ask, backend } = await serving();
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'web' });
    for (let n = 0; n < 3; n += 1) {
      const properties = { n, text: 'x'.repeat(5_000_000) };
      await manager.apply({ stack: 'web', resources: [{ type: 't', name: 'r', properties }] });
    }
    const positions: unknown[] = [];
    for (let next: unknown = 0; next !== null; ) {
      const { json } = await ask('GET', `${API}/events?after=${next}`);
      positions.push((json.events as { position: number }[]).map((event) => event.position));
      next = json.next;
    }
    expect(positions).toEqual([[1, 2], [3], [4]]);
  });
});

describe('responses that are being sent', () => {
  test('have a limit for each token and in total: 503 above it, and small ones are still sent', async () => {
    const tokens = TokenStore.open(join(scratchFolder(), 'tokens'));
    onTestFinished(() => tokens.close());
    const [slow, other] = ['slow', 'other'].map((name) => tokens.create({ role: 'read', name, stacks: [], by: 'ann' }));
    const { server, backend } = await serving({ tokens, maxAnswerBytes: 32 * 1024 * 1024 });
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'big' });
    const properties = { text: 'x'.repeat(10_000_000) };
    await manager.apply({ stack: 'big', resources: [{ type: 't', name: 'r', properties }] });
    const get = (path: string, token = other?.token) =>
      fetch(`${server.url}${API}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const unread = await get('/stacks/big', slow?.token); // its body is not read
    const refused = await get('/stacks/big', slow?.token);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(await refused.json()).toMatchObject({ code: 'TOO_BUSY' });
    expect((await get('/stacks', slow?.token)).status).toBe(200);
    const answered = await get('/stacks/big');
    expect((await answered.json()) as object).toMatchObject({ name: 'big' });
    await unread.body?.cancel();
    let again = await get('/stacks/big', slow?.token);
    while (again.status === 503) again = await get('/stacks/big', slow?.token);
    expect((await again.json()) as object).toMatchObject({ name: 'big' });
  });

  test('one that can never be sent gets 507 with a hint', async () => {
    const { ask, backend } = await serving({ maxAnswerBytes: 1_000_000 });
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'big' });
    await manager.apply({
      stack: 'big',
      resources: [{ type: 't', name: 'r', properties: { x: 'x'.repeat(600_000) } }],
    });
    expect(await ask('GET', `${API}/stacks/big`)).toMatchObject({
      status: 507,
      json: { code: 'ANSWER_TOO_LARGE', hint: expect.stringContaining('pages') },
    });
    expect(await ask('GET', `${API}/stacks`)).toMatchObject({ status: 200 });
  });
});

test('a query whose client has disconnected is not started, and others are served', async () => {
  const { server, ask } = await filled();
  const isSmall = vi.spyOn(Reads.prototype, 'isSmall');
  const clients = Array.from({ length: 20 }, () => new AbortController());
  const left = clients.map(({ signal }) => fetch(`${server.url}${API}/stacks/big`, { signal }).catch(() => 'left'));
  await until(() => isSmall.mock.calls.length === clients.length);
  isSmall.mockRestore();
  for (const client of clients) client.abort();
  expect(await Promise.all(left)).toContain('left');
  expect(await ask('GET', `${API}/stacks/big`)).toMatchObject({ status: 200, json: { resource_count: 300 } });
});
