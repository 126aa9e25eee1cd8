import { describe, expect, test } from 'vitest';
import { decodeEvent, EVENT_TYPES, type StoredEvent } from '../../src/events/index.js';
import { type LogEntry, type LogFilter, readLog } from '../../src/queries/log.js';
import type { EventStore } from '../../src/store/event-store.js';
import { live } from '../contracts/life.js';
import { allStacks, logOf } from '../support/lives.js';
import { createStack, world } from '../support/world.js';

async function read(store: EventStore, filter?: LogFilter): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of readLog(store, filter)) entries.push(entry);
  return entries;
}

const positions = (entries: readonly LogEntry[]): number[] => entries.map(({ event }) => event.position);

async function lived(): Promise<EventStore> {
  const { store, clock } = await world();
  await live(store, clock);
  return store;
}

/** 1,001 events: a stack, then of every ten nine by one actor and one by another, on two stacks. */
async function long(): Promise<EventStore> {
  const { store, clock, run } = await world();
  for (const name of ['a', 'b']) await run({ type: 'createStack', name }, { actor: 'maker' });
  for (let n = 2; n <= 1_000; n++) {
    clock.advance(1_000);
    const actor = n % 10 === 0 ? 'rare' : 'common';
    const stack = n % 3 === 0 ? 'a' : 'b';
    await run({ type: 'addTags', stack, tags: [`t${n}`] }, { actor });
  }
  return store;
}

const actorOf = ({ meta }: StoredEvent): string => JSON.parse(meta).actor;

describe('the log', () => {
  test('contains each event once, in order, with its stack', async () => {
    const store = await lived();
    const log = await logOf(store);
    const entries = await read(store);
    expect(entries.map(({ event }) => event)).toEqual(log.map((event) => decodeEvent(event)));
    const stacks = new Map((await allStacks(store)).map(({ stream, id, name }) => [stream, { id, name }]));
    for (const { stack, event } of entries) expect(stack).toEqual(stacks.get(event.stream));
  });

  test('is read in pages, also if few events match', async () => {
    const store = await long();
    const log = await logOf(store);
    expect(positions(await read(store))).toEqual(log.map(({ position }) => position));
    const sizes: number[] = [];
    const spied: EventStore = {
      ...store,
      page: async (filter) => {
        const page = await store.page(filter);
        sizes.push(page.events.length);
        return page;
      },
    };
    for (const filter of [{ actor: 'rare' }, { actor: 'rare', stack: 'a' }, { stack: 'b' }, { actor: 'maker' }]) {
      const wanted = log.filter(
        (event) =>
          (filter.actor === undefined || actorOf(event) === filter.actor) &&
          (filter.stack === undefined || event.stream === { a: 1, b: 2 }[filter.stack]),
      );
      expect(positions(await read(spied, filter)), JSON.stringify(filter)).toEqual(
        wanted.map(({ position }) => position),
      );
      for (const limit of [1, 2, 30, 199, 200, 201, 400, 5_000]) {
        expect(positions(await read(spied, { ...filter, limit })), `${JSON.stringify(filter)} ${limit}`).toEqual(
          wanted.slice(-limit).map(({ position }) => position),
        );
      }
    }
    expect(Math.max(...sizes)).toBe(200);
  });

  test('ends at the head at its start', async () => {
    const store = await lived();
    const { position } = await store.head();
    const seen: number[] = [];
    for await (const { event } of readLog(store)) {
      seen.push(event.position);
      if (seen.length < 5) {
        await store.append({
          commandId: `more-${seen.length}`,
          meta: { actor: 'a', source: 'test', command: 'more' },
          keys: { stack: 'import-id' },
          decide: () => [{ type: 'TagAdded', data: { tag: `more-${seen.length}` } }],
        });
      }
    }
    expect(seen).toHaveLength(position);
    expect((await store.head()).position).toBeGreaterThan(position);
  });

  test('reports progress, also if nothing matches', async () => {
    const store = await long();
    const reported: unknown[] = [];
    for await (const _ of readLog(store, { actor: 'nobody' }, (progress) => reported.push(progress)));
    expect(reported).toEqual([200, 400, 600, 800, 1_000, 1_001].map((done) => ({ done, total: 1_001 })));
  });
});

describe('a filter', () => {
  test('matches a time range, including both ends, in any time zone', async () => {
    const store = await lived();
    const log = await logOf(store);
    const times = [...new Set(log.map(({ recordedAt }) => recordedAt))].sort();
    const [since, until] = [times[10] as string, times[20] as string];
    const wanted = log.filter(({ recordedAt }) => recordedAt >= since && recordedAt <= until);
    expect(positions(await read(store, { since, until }))).toEqual(wanted.map(({ position }) => position));
    const elsewhere = since.replace('T00:', 'T02:').replace('Z', '+02:00');
    expect(positions(await read(store, { since: elsewhere, until }))).toEqual(wanted.map(({ position }) => position));
    expect(positions(await read(store, { since, until: since }))).toEqual(
      log.filter(({ recordedAt }) => recordedAt === since).map(({ position }) => position),
    );
    expect(await read(store, { since: '2026-01-01' })).toHaveLength(log.length);
    expect(await read(store, { until: '2025-12-31' })).toEqual([]);
  });

  test('matches any of several types', async () => {
    const store = await lived();
    const log = await logOf(store);
    for (const type of EVENT_TYPES) {
      const found = await read(store, { types: [type] });
      expect(found.length, type).toBeGreaterThan(0);
      expect(positions(found)).toEqual(log.filter((event) => event.type === type).map(({ position }) => position));
    }
    const some = ['TagAdded', 'LockAcquired'];
    expect(positions(await read(store, { types: some, stack: 'web-id' }))).toEqual(
      log.filter(({ type, stream }) => some.includes(type) && stream === 1).map(({ position }) => position),
    );
    expect(await read(store, { types: [] })).toHaveLength(log.length);
  });

  test('matches a stack by name or id, live or deleted', async () => {
    const store = await lived();
    const byId = await read(store, { stack: 'web-2' });
    expect(byId.map(({ event }) => event.type)).toEqual(['StackCreated', 'StackDeleted']);
    expect(positions(await read(store, { stack: 'half-id' })).length).toBeGreaterThan(2);
    const web = await read(store, { stack: 'web' });
    expect(web[0]?.stack.name).toBe('web');
  });

  test('shows a stack under its current name', async () => {
    const { store, run } = await world();
    await run(createStack('before', 'id-1'));
    await run({ type: 'updateStack', stack: 'id-1', name: 'after' });
    expect((await read(store)).map(({ stack }) => stack)).toEqual([
      { id: 'id-1', name: 'after' },
      { id: 'id-1', name: 'after' },
    ]);
  });

  test.each<[LogFilter, code: string, says: RegExp]>([
    [{ since: 'yesterday' }, 'INVALID_TIME', /^since: invalid time "yesterday"/],
    [{ until: '2026-01-01T00:00:00' }, 'INVALID_TIME', /^until: /],
    [{ since: '2026-01-02', until: '2026-01-01' }, 'TIMES_REVERSED', /^since: 2026-01-02.* is after until: 2026-01-01/],
    [{ types: ['TagAdded', 'ResourceUpdate'] }, 'UNKNOWN_EVENT_TYPE', /^type: .*"ResourceUpdate"/],
    [{ types: ['__proto__'] }, 'UNKNOWN_EVENT_TYPE', /^type: /],
    [{ stack: 'nowhere' }, 'STACK_NOT_FOUND', /nowhere/],
  ])('%j is refused', async (filter, code, says) => {
    const store = await lived();
    await expect(read(store, filter)).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
  });

  test('with a misspelt type gets the right one suggested', async () => {
    await expect(read(await lived(), { types: ['resourceupdated'] })).rejects.toMatchObject({
      hint: expect.stringMatching(/^Did you mean ResourceUpdated\? There are: ActivityRecorded, /),
    });
  });
});
