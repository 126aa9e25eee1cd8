import { get, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startServer } from '../../src/server/index.js';
import { until } from '../support/database.js';
import { type Ask, serving } from '../support/server.js';

interface Told {
  readonly id: number;
  readonly event: string;
  readonly data: { readonly position: number; readonly stack: string; readonly type: string };
}

const command = (ask: Ask, type: string, fields: unknown) => ask('POST', `/api/v1/commands/${type}`, fields);

/** Listens to the events of a server. `slow` reads a piece a millisecond. */
function listen(url: string, query = '', headers: Record<string, string> = {}, slow = false) {
  const told: Told[] = [];
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

const positions = (told: readonly Told[]): number[] => told.map(({ id }) => id);
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

test('events are told as they happen, each once, from now on or from where it broke off', async () => {
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

test('events that another process appends are told, too', async () => {
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

test('a server that stops ends the streams, and does not wait for them', async () => {
  const { backend } = await serving();
  const server = await startServer(backend, { listen: '127.0.0.1:0' });
  const live = listen(server.url);
  await until(() => live.text.includes(': connected'));
  await Promise.race([server.close(), wait(20_000).then(() => Promise.reject(new Error('it waits')))]);
  await until(() => live.ended);
});

test('a client that goes leaves nothing behind', async () => {
  const { backend, server } = await serving();
  let listeners = 0;
  const events$ = backend.events$.bind(backend);
  backend.events$ = (options) => {
    const source = events$(options);
    listeners += 1;
    return new (source.constructor as typeof import('rxjs').Observable)((subscriber) => {
      const subscription = source.subscribe(subscriber);
      return () => {
        listeners -= 1;
        subscription.unsubscribe();
      };
    }) as typeof source;
  };
  const live = listen(server.url);
  await until(() => listeners === 1);
  live.close();
  await until(() => listeners === 0);
});

test.each(['x', '-1', '1.5'])('Last-Event-ID: %s is refused', async (id) => {
  const { ask } = await serving();
  expect(await ask('GET', '/api/v1/events/live', undefined, { 'last-event-id': id })).toMatchObject({
    status: 400,
    json: { details: { field: 'Last-Event-ID' } },
  });
});
