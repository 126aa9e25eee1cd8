import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { StateBackend } from '../../src/index.js';
import { startServer, TokenStore } from '../../src/server/index.js';
import type { EventStore } from '../../src/store/event-store.js';
import { TestClock } from '../support/clock.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { type Ask, serving } from '../support/server.js';

/** Every read of a store that a test opens is reported to it. */
const observe = vi.hoisted(() => vi.fn<(read: string) => void>());

vi.mock('../../src/engine.js', async (original) => {
  const engine = await original<typeof import('../../src/engine.js')>();
  const READS = ['head', 'events', 'read', 'size'];
  /** A page without events is a look of the reader's timer. */
  const pageObserved =
    (store: EventStore): EventStore['page'] =>
    async (filter) => {
      const page = await store.page(filter);
      observe(page.events.length > 0 ? 'page' : 'look');
      return page;
    };
  return {
    ...engine,
    openEngineAt: async (...args: Parameters<typeof engine.openEngineAt>) => {
      const opened = await engine.openEngineAt(...args);
      const store = new Proxy(opened.store, {
        get(target, name: keyof typeof opened.store) {
          if (name === 'page') return pageObserved(target);
          if (READS.includes(name)) observe(name);
          return target[name];
        },
      });
      return { ...opened, store };
    },
  };
});

interface StackReads {
  readonly id: number;
  readonly event: string;
  readonly data: { readonly position: number; readonly stack: string; readonly type: string };
}

const command = (ask: Ask, type: string, fields: unknown) => ask('POST', `/api/v1/commands/${type}`, fields);

/** Listens to the events of a server. `slow` reads a piece a millisecond. */
function listen(url: string, query = '', headers: Record<string, string> = {}, slow = false) {
  const told: StackReads[] = [];
  const listening = { told, ended: false, status: 0, text: '', close: () => {} };
  const sent = get(`${url}/api/v1/events/live${query}`, { headers, agent: false }, (answer: IncomingMessage) => {
    listening.status = answer.statusCode ?? 0;
    let rest = '';
    answer.setEncoding('utf8').on('data', (piece: string) => {
      listening.text += piece;
      rest += piece;
      const events = rest.split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const fields = Object.fromEntries(
          event.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
        );
        if (fields.id !== undefined)
          told.push({ id: Number(fields.id), event: fields.event ?? '', data: JSON.parse(fields.data ?? '') });
      }
      if (slow) {
        answer.pause();
        setTimeout(() => answer.resume(), 1);
      }
    });
    answer.on('close', () => (listening.ended = true));
  });
  sent.on('error', () => (listening.ended = true));
  listening.close = () => sent.destroy();
  return listening;
}

const positions = (told: readonly StackReads[]): number[] => told.map(({ id }) => id);
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

test('events are sent as they are appended, each once, from now on or from the last one received', async () => {
  const { ask, server } = await serving();
  await command(ask, 'createStack', { name: 'web' });
  const live = listen(server.url);
  await until(() => live.text.includes(': connected'));
  for (let n = 0; n < 5; n += 1) await command(ask, 'addTags', { stack: 'web', tags: [`t${n}`] });
  await until(() => live.told.length === 5);
  expect(positions(live.told)).toEqual(upTo(2, 6));
  expect(live.told[0]).toMatchObject({ event: 'TagAdded', data: { position: 2, stack: 'web', type: 'TagAdded' } });
  live.close();

  const again = listen(server.url, '', { 'last-event-id': '4' });
  await until(() => again.told.length === 2);
  await command(ask, 'addTags', { stack: 'web', tags: ['last'] });
  await until(() => again.told.length === 3);
  expect(positions(again.told)).toEqual([5, 6, 7]);
  again.close();

  const all = listen(server.url, '?after=0');
  await until(() => all.told.length === 7);
  all.close();
});

test('of one stack and one type alone', async () => {
  const { ask, server } = await serving();
  for (const name of ['web', 'db']) await command(ask, 'createStack', { name });
  const live = listen(server.url, '?stack=web&type=TagAdded&type=TagRemoved&after=0');
  await command(ask, 'addTags', { stack: 'db', tags: ['a'] });
  await command(ask, 'addTags', { stack: 'web', tags: ['b'] });
  await until(() => live.told.length === 1);
  expect(live.told[0]).toMatchObject({ id: 4, data: { stack: 'web' } });
  live.close();
});

test('a reader that is slow misses nothing and repeats nothing', async () => {
  const { ask, backend, server } = await serving();
  await command(ask, 'createStack', { name: 'web' });
  const live = listen(server.url, '?after=0', {}, true);
  const manager = backend.getStackManager();
  for (let n = 0; n < 20; n += 1) {
    const resources = Array.from({ length: 100 }, (_, m) => ({
      type: 't',
      name: `${n}-${m}`,
      properties: { text: 'x'.repeat(500) },
    }));
    await manager.apply({ stack: 'web', resources });
  }
  await until(() => live.told.length === 2_001);
  expect(positions(live.told)).toEqual(upTo(1, 2_001));
  live.close();
});

test('events of other processes are sent, too', async () => {
  const { ask, place, server } = await serving();
  await command(ask, 'createStack', { name: 'web' });
  const live = listen(server.url);
  await until(() => live.text.includes(': connected'));
  const { StateBackend } = await import('../../src/index.js');
  await using other = await StateBackend.open(place);
  await other.addTag('web', 'from-elsewhere');
  await until(() => live.told.length === 1);
  live.close();
});

test.each<[string, string, (backend: StateBackend) => unknown]>([
  ['is after the end of the log', '?after=7', () => {}],
  ['is of a backend that is closed', '', (backend) => backend.close()],
])('a stream that %s ends with an error event', async (_, query, end) => {
  const { ask, backend, server } = await serving();
  await command(ask, 'createStack', { name: 'web' });
  const live = listen(server.url, query);
  await until(() => live.text.includes(': connected'));
  await end(backend);
  await until(() => live.ended);
  expect(live.text).toMatch(/event: error\ndata: \{"code":"(LOG_REPLACED|STORE_CLOSED)"/);
});

test('a server that stops ends the streams, and does not wait for them', async () => {
  const { backend } = await serving();
  const server = await startServer(backend, { listen: '127.0.0.1:0' });
  const live = listen(server.url);
  await until(() => live.text.includes(': connected'));
  await Promise.race([server.close(), wait(20_000).then(() => Promise.reject(new Error('it waits')))]);
  await until(() => live.ended);
});

test('a client that disconnects leaves nothing behind', async () => {
  const { backend, server } = await serving();
  let followers = 0;
  const follow = backend.followLog.bind(backend);
  backend.followLog = async function* (...args) {
    followers += 1;
    try {
      yield* follow(...args);
    } finally {
      followers -= 1;
    }
  };
  const live = listen(server.url);
  await until(() => followers === 1);
  live.close();
  await until(() => followers === 0);
});

test.each(['x', '-1', '1.5'])('Last-Event-ID: %s is refused', async (id) => {
  const { ask } = await serving();
  expect(await ask('GET', '/api/v1/events/live', undefined, { 'last-event-id': id })).toMatchObject({
    status: 400,
    json: { details: { field: 'Last-Event-ID' } },
  });
});

test('an event is read once, and its stack once, for twenty streams as for one', async () => {
  for (const streams of [1, 20]) {
    const { ask, backend, server } = await serving({ maxConnections: 80, maxStreams: 20, heartbeatMs: 600_000 });
    await command(ask, 'createStack', { name: 'web' });
    const all = Array.from({ length: streams }, () => listen(server.url, '?after=0'));
    await until(() => all.every(({ told }) => told.length === 1));
    await backend.addTag('web', 'first');
    await until(() => all.every(({ told }) => told.length === 2));
    vi.mocked(observe).mockClear();
    for (let n = 0; n < 5; n += 1) {
      await backend.addTag('web', `t${n}`);
      await until(() => all.every(({ told }) => told.length === n + 3));
    }
    const reads = vi.mocked(observe).mock.calls.flat();
    // The timer makes the one reader look for events and for a log that was replaced; how often depends on the time.
    const isTimed = (read: string) => ['look', 'head', 'events'].includes(read);
    expect(reads.filter((read) => !isTimed(read)).sort()).toEqual([...Array(5).fill('page'), ...Array(5).fill('read')]);
    for (const live of all) {
      expect(positions(live.told)).toEqual(upTo(1, 7));
      live.close();
    }
  }
});

describe('live streams are limited', () => {
  test('for each token, with 429 and the time to wait, until one is closed', async () => {
    const { tokens, as } = withTokens();
    const { server } = await serving({ tokens, maxConnections: 80, maxStreams: 2 });
    const headers = as('one');
    const open = [listen(server.url, '', headers), listen(server.url, '', headers)];
    await until(() => open.every(({ text }) => text.includes(': connected')));
    const refused = await fetch(`${server.url}/api/v1/events/live`, { headers });
    expect(refused).toMatchObject({ status: 429 });
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_STREAMS' });
    const other = listen(server.url, '', as('two'));
    await until(() => other.text.includes(': connected'));
    open[0]?.close();
    await until(() => open[0]?.ended === true);
    let again = listen(server.url, '', headers);
    await until(() => {
      if (again.status === 429) again = listen(server.url, '', headers); // the server may see the end a little later
      return again.text.includes(': connected');
    });
    for (const live of [...open, other, again]) live.close();
  });

  test('for the whole server, with 503', async () => {
    const { tokens, as } = withTokens();
    const { server } = await serving({ tokens, maxConnections: 8 });
    const open = ['one', 'two'].map((name) => listen(server.url, '', as(name)));
    await until(() => open.every(({ text }) => text.includes(': connected')));
    const refused = await fetch(`${server.url}/api/v1/events/live`, { headers: as('three') });
    expect(refused).toMatchObject({ status: 503 });
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(await refused.json()).toMatchObject({ code: 'SERVER_BUSY' });
    for (const live of open) live.close();
  });

  test('a refused request does not count', async () => {
    const { server, ask } = await serving({ maxStreams: 1, maxConnections: 80 });
    for (let n = 0; n < 3; n += 1) {
      const answer = await ask('GET', '/api/v1/events/live?stack=nothing');
      expect(answer).toMatchObject({ status: 404 });
      expect(answer.headers.has('retry-after')).toBe(false);
    }
    const live = listen(server.url);
    await until(() => live.text.includes(': connected'));
    live.close();
  });
});

function withTokens(clock = new TestClock()) {
  const tokens = TokenStore.open(join(scratchFolder(), 'tokens'), clock);
  onTestFinished(() => tokens.close());
  const as = (name: string, expiresAt?: string, stacks: string[] = []) => {
    const fields = {
      name,
      stacks,
      role: 'write',
      by: 'ann',
      ...(expiresAt === undefined ? {} : { expiresAt }),
    } as const;
    return { authorization: `Bearer ${tokens.create(fields).token}` };
  };
  return { tokens, as, clock };
}

describe('a live stream ends with the access of its client', () => {
  const ended = /event: error\ndata: \{"code":"TOKEN_ENDED"/;

  test.each<[string, (setting: ReturnType<typeof withTokens>) => void]>([
    ['revoked', ({ tokens }) => tokens.revoke('brief', 'ann')],
    ['expired', ({ clock }) => clock.advance(60_000)],
  ])('at the next event when its token is %s', async (_, end) => {
    const setting = withTokens();
    const { server, backend } = await serving({ tokens: setting.tokens });
    await backend.getStackManager().createStack({ name: 'web' });
    const live = listen(server.url, '', setting.as('brief', '2026-01-01T00:01:00.000Z'));
    const other = listen(server.url, '', setting.as('long'));
    await until(() => [live, other].every(({ text }) => text.includes(': connected')));
    await backend.addTag('web', 'seen');
    await until(() => live.told.length === 1);
    end(setting);
    await backend.addTag('web', 'secret');
    await until(() => live.ended && other.told.length === 2);
    expect(live.told).toHaveLength(1);
    expect(live.text).toMatch(ended);
    expect(live.text).not.toContain('secret');
    other.close();
  });

  test.each<[string, (setting: ReturnType<typeof withTokens>) => void]>([
    ['revoked', ({ tokens }) => tokens.revoke('brief', 'ann')],
    ['expired', ({ clock }) => clock.advance(60_000)],
  ])('at the next heartbeat when its token is %s', async (_, end) => {
    const setting = withTokens();
    const { server } = await serving({ tokens: setting.tokens, heartbeatMs: 50 });
    const live = listen(server.url, '', setting.as('brief', '2026-01-01T00:01:00.000Z'));
    await until(() => live.text.includes(': still there'));
    end(setting);
    await until(() => live.ended);
    expect(live.text).toMatch(ended);
  });

  test('also while it is behind', async () => {
    const setting = withTokens();
    const { server, backend } = await serving({ tokens: setting.tokens });
    await backend.getStackManager().createStack({ name: 'web' });
    const text = 'x'.repeat(200_000);
    for (let n = 0; n < 100; n += 1) await backend.getStackManager().updateStack('web', { metadata: { n, text } });
    const live = listen(server.url, '?after=0', setting.as('brief'), true);
    await until(() => live.told.length > 0);
    setting.tokens.revoke('brief', 'ann');
    await until(() => live.ended);
    expect(live.text).toMatch(ended);
    expect(live.told.length).toBeLessThan(101);
  });

  test('when the first token is created, and tokens are required from then on', async () => {
    const { tokens, as } = withTokens();
    const { server } = await serving({ tokens, heartbeatMs: 50 });
    const live = listen(server.url);
    await until(() => live.text.includes(': connected'));
    as('first');
    await until(() => live.ended);
    expect(live.text).toMatch(ended);
  });

  test('a slow response is refused if the token was revoked meanwhile', async () => {
    const { tokens, as } = withTokens();
    const { server, backend } = await serving({ tokens });
    const headers = as('brief');
    const head = backend.head.bind(backend);
    backend.head = async () => {
      tokens.revoke('brief', 'ann');
      return head();
    };
    const answer = await fetch(`${server.url}/api/v1/head`, { headers });
    expect(answer).toMatchObject({ status: 401 });
    expect(await answer.json()).toMatchObject({ code: 'TOKEN_ENDED' });
  });
});

test('a heartbeat is sent while only events of other stacks are appended', async () => {
  const { server, backend } = await serving({ heartbeatMs: 100 });
  for (const name of ['web', 'db']) await backend.getStackManager().createStack({ name });
  const live = listen(server.url, '?stack=db');
  await until(() => live.text.includes(': connected'));
  for (let n = 0; !live.text.includes(': still there'); n += 1) await backend.addTag('web', `t${n % 1000}`);
  expect(live.told).toHaveLength(0);
  live.close();
});

test('a client that reads nothing is disconnected, and only a bounded part of the log is buffered for it', async () => {
  const { server, backend } = await serving({ stalledMs: 1_000 });
  await backend.getStackManager().createStack({ name: 'web' });
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  let isClosed = false;
  socket.on('close', () => (isClosed = true)).on('error', () => {});
  socket.write('GET /api/v1/events/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const other = listen(server.url);
  await until(() => other.text.includes(': connected'));
  const text = 'x'.repeat(1_000_000);
  for (let n = 0; n < 15; n += 1) await backend.getStackManager().updateStack('web', { metadata: { n, text } });
  await until(() => other.told.length >= 15);
  const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
  while (!/^sloth_connections 2$/m.test(await metrics())) await wait(50);
  socket.resume();
  await until(() => isClosed);
  other.close();
});

test('an idle stream is not disconnected', async () => {
  const { server, backend } = await serving({ stalledMs: 20, heartbeatMs: 600_000 });
  await backend.getStackManager().createStack({ name: 'web' });
  const live = listen(server.url);
  await until(() => live.text.includes(': connected'));
  await wait(200);
  await backend.addTag('web', 'late');
  await until(() => live.told.length === 1);
  live.close();
});
