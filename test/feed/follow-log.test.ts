import type { Observable } from 'rxjs';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { LogFeed } from '../../src/feed/follow-log.js';
import { entryFeed, liveEvents } from '../../src/feed/live.js';
import { stringifyJson } from '../../src/lib/json.js';
import { EventStreams } from '../../src/server/api/event-streams.js';
import { liveEvents as streamedEvents } from '../../src/server/api/live.js';
import type { EventFilter, EventStore } from '../../src/store/event-store.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';

vi.mock('../../src/lib/json.js', { spy: true });

afterEach(() => {
  vi.restoreAllMocks();
});

/** A store in a file that counts how often the log is read. */
function counted() {
  const engine = openEngine(`${scratchFolder()}/s.db`);
  onTestFinished(() => engine.store.close());
  const reads: EventFilter[] = [];
  const store: EventStore = {
    ...engine.store,
    events: (filter) => {
      reads.push(filter);
      return engine.store.events(filter);
    },
    page: (filter) => {
      reads.push(filter);
      return engine.store.page(filter);
    },
  };
  const tag = (n: number) => engine.execute({ type: 'addTags', stack: 's', tags: [`t${n}`] }, { actor: 'a' });
  const make = (name: string) => engine.execute({ type: 'createStack', name }, { actor: 'a' });
  return { store, reads, tag, make, engine };
}

/** Follows a feed in the background. */
function following(feed: LogFeed, after: number, stream?: number) {
  const stop = new AbortController();
  const seen: number[] = [];
  const state: { error?: unknown; isOver: boolean } = { isOver: false };
  const run = async () => {
    for await (const page of feed.follow({ position: after }, stop.signal, stream))
      seen.push(...page.map(({ position }) => position));
  };
  const over = run()
    .catch((error: unknown) => {
      state.error = error;
    })
    .finally(() => {
      state.isOver = true;
    });
  onTestFinished(async () => {
    stop.abort();
    await over;
  });
  return { stop, seen, state };
}

/** Whether the text of an event is made from this value. */
const isEntry = (value: unknown): boolean => value instanceof Object && 'recorded_at' in value;

/** Subscribes to a feed like `events$`. */
function observing(feed: LogFeed) {
  const seen: number[] = [];
  const subscription = liveEvents(feed, { position: 0 }).subscribe(({ position }) => seen.push(position));
  onTestFinished(() => subscription.unsubscribe());
  return { seen };
}

/** Follows a feed like the live streams of a server. */
function streaming(store: EventStore, feed: LogFeed, count: number) {
  const streams = new EventStreams({ total: count, perToken: count, heartbeatMs: 600_000 });
  const follow = entryFeed(store, feed);
  const backend = {
    followLog: (position: number, { signal, beat }: { signal: AbortSignal; beat?: Observable<unknown> }) =>
      follow({ position }, signal, beat),
  };
  return Array.from({ length: count }, () => {
    const stop = new AbortController();
    const { heartbeatMs, beat } = streams;
    const texts = streamedEvents({
      ...{ backend, heartbeatMs, beat, after: 0, signal: stop.signal },
      isWanted: () => true,
      checkAccess: () => {},
    });
    const seen: number[] = [];
    const run = async () => {
      for await (const text of texts) {
        const id = /^id: (\d+)$/m.exec(text)?.[1];
        if (id !== undefined) seen.push(Number(id));
      }
    };
    const over = run();
    onTestFinished(async () => {
      stop.abort();
      await over;
    });
    return { seen };
  });
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('200 followers of the log', () => {
  test('need one timer, and one read for each event', async () => {
    const timers = vi.spyOn(globalThis, 'setInterval');
    const { store, reads, tag, make } = counted();
    await make('s');
    const feed = new LogFeed(store);
    const all = Array.from({ length: 200 }, () => following(feed, 1));
    await tag(0);
    await until(() => all.every(({ seen }) => seen.length === 1));
    const before = reads.length;
    for (const n of range(1, 5)) {
      await tag(n);
      await until(() => all.every(({ seen }) => seen.length === n + 1));
    }
    for (const { seen } of all) expect(seen).toEqual(range(2, 7));
    expect(reads.length - before).toBe(5);
    expect(timers).toHaveBeenCalledTimes(1);
  });

  test('by events$ and by server-sent events need one timer for the log and one for heartbeats, and one read', async () => {
    const timers = vi.spyOn(globalThis, 'setInterval');
    const { store, reads, tag, make } = counted();
    await make('s');
    const feed = new LogFeed(store);
    const texts = vi.mocked(stringifyJson);
    const observed = Array.from({ length: 200 }, () => observing(feed));
    const streamed = streaming(store, feed, 200);
    const all = [...observed, ...streamed];
    const seeAll = (positions: readonly number[]) => all.every(({ seen }) => seen.length === positions.length);
    await until(() => seeAll([1]));
    await tag(0);
    await until(() => seeAll([1, 2]));
    const before = reads.length;
    texts.mockClear();
    for (const n of range(1, 5)) {
      await tag(n);
      await until(() => seeAll(range(1, n + 2)));
    }
    for (const { seen } of all) expect(seen).toEqual(range(1, 7));
    expect(reads.length - before).toBe(5);
    expect(texts.mock.calls.filter(([value]) => isEntry(value))).toHaveLength(5);
    expect(timers).toHaveBeenCalledTimes(2);
  });

  test('leave no timer when they end', async () => {
    const timers = vi.spyOn(globalThis, 'clearInterval');
    const { store, make } = counted();
    await make('s');
    const feed = new LogFeed(store);
    const all = Array.from({ length: 20 }, () => following(feed, 0));
    await until(() => all.every(({ seen }) => seen.length === 1));
    for (const { stop } of all) stop.abort();
    await until(() => all.every(({ state }) => state.isOver));
    expect(timers).toHaveBeenCalledTimes(1);
  });
});

test('a follower from the beginning and one from the end see each event once, in order', async () => {
  const { store, tag, make } = counted();
  await make('s');
  for (const n of range(1, 1_200)) await tag(n);
  const feed = new LogFeed(store);
  const [first, last] = [following(feed, 0), following(feed, 1_200)];
  for (const n of range(1_201, 1_210)) await tag(n);
  await until(() => first.seen.length === 1_211 && last.seen.length === 11);
  expect(first.seen).toEqual(range(1, 1_211));
  expect(last.seen).toEqual(range(1_201, 1_211));
});

test.each([
  ['many', 1_500, 1],
  ['large', 12, 1_000_000],
])('a slow follower gets all of %s events appended meanwhile, read again in pages', async (_, count, size) => {
  const { store, reads, engine, make } = counted();
  await make('s');
  const feed = new LogFeed(store);
  const stop = new AbortController();
  const seen: number[] = [];
  const fast = following(feed, 0);
  for await (const page of feed.follow({ position: 0 }, stop.signal)) {
    if (seen.length === 0) {
      for (const n of range(1, count)) {
        const metadata = { n, text: 'x'.repeat(size) };
        await engine.execute({ type: 'updateStack', stack: 's', metadata }, { actor: 'a' });
      }
    }
    seen.push(...page.map(({ position }) => position));
    if (seen.length === count + 1) stop.abort();
  }
  expect(seen).toEqual(range(1, count + 1));
  expect(reads.filter(({ upTo = 0 }) => upTo > 1)).not.toEqual([]);
  await until(() => fast.seen.length === count + 1);
});

test('a follower of one stream reads no earlier events of other streams', async () => {
  const { store, reads, tag, make } = counted();
  await make('s');
  for (const n of range(1, 600)) await make(`other-${n}`);
  const feed = new LogFeed(store);
  const own = following(feed, 1, 1);
  await tag(1);
  await until(() => own.seen.length === 1);
  expect(own.seen).toEqual([602]);
  expect(reads.filter(({ stream }) => stream === undefined).every(({ after = 0 }) => after >= 600)).toBe(true);
});

test.each([
  ['another one', async ({ make }: ReturnType<typeof counted>) => void (await make('other'))],
  ['a shorter one', async () => {}],
])('a log that was replaced by %s ends it with an error', async (_, fill) => {
  const before = counted();
  const after = counted();
  await before.make('s');
  await before.tag(1);
  await fill(after);
  let current = before.store;
  let tell = (): void => {};
  const store: EventStore = {
    ...before.store,
    head: () => current.head(),
    events: (filter) => current.events(filter),
    page: (filter) => current.page(filter),
    onAppend: (listener) => {
      tell = listener;
      return () => {};
    },
  };
  const one = following(new LogFeed(store), 0);
  await until(() => one.seen.length === 2);
  current = after.store;
  tell();
  await until(() => one.state.isOver);
  expect(one.state.error).toMatchObject({ code: 'LOG_REPLACED' });
});

test('a log that is replaced between the check of the position and the first read ends the follower', async () => {
  const before = counted();
  const after = counted();
  await before.make('s');
  for (const n of range(2, 5)) await before.tag(n);
  await after.make('s');
  let current = before.store;
  let wake = (): void => {};
  const store: EventStore = {
    ...before.store,
    head: () => current.head(),
    events: (filter) => current.events(filter),
    page: (filter) => current.page(filter),
    read: async (query) => {
      const result = await before.store.read(query);
      current = after.store;
      return result;
    },
    onAppend: (listener) => {
      wake = listener;
      return () => {};
    },
  };
  const one = following(new LogFeed(store), 5);
  await until(() => current === after.store);
  for (const n of range(2, 7)) await after.tag(n);
  wake();
  await until(() => one.state.isOver);
  expect(one.seen).toEqual([]);
  expect(one.state.error).toMatchObject({ code: 'LOG_REPLACED', details: { position: 5 } });
});
