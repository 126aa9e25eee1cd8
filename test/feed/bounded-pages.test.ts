import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine.js';
import type { StoredEvent } from '../../src/events/index.js';
import { LogFeed } from '../../src/feed/follow-log.js';
import { replay } from '../../src/feed/replay.js';
import { exportLog } from '../../src/operations/audit/log-file.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import { readLog } from '../../src/queries/log.js';
import type { EventFilter, EventStore } from '../../src/store/event-store.js';
import { KINDS, openFresh } from '../support/stores.js';

const BOUND = 4 * 1024 * 1024;
const MEGABYTE = 1_000_000;

const bytesOf = (events: readonly StoredEvent[]): number =>
  events.reduce((sum, { data, meta }) => sum + Buffer.byteLength(data) + Buffer.byteLength(meta), 0);

/** A store that records every read of the log: the events that each read returned. */
function observed(store: EventStore) {
  const reads: (readonly StoredEvent[])[] = [];
  const observing = new Proxy(store, {
    get(target, name: keyof EventStore) {
      if (name !== 'events' && name !== 'page') return target[name];
      return async (filter: EventFilter) => {
        const result = await target[name](filter);
        reads.push('events' in result ? result.events : result);
        return result;
      };
    },
  });
  return { store: observing, reads };
}

const update = (engine: Engine, n: number, size: number) =>
  engine.execute({ type: 'updateStack', stack: 's', metadata: { n, text: 'x'.repeat(size) } }, { actor: 'a' });

/** A stack with 13 events: one of 6 MB, the others of 1 MB. */
async function withLargeEvents(kind: string) {
  const engine = await openFresh(kind);
  onTestFinished(() => engine.store.close());
  await engine.execute({ type: 'createStack', name: 's' }, { actor: 'a' });
  for (let n = 0; n < 12; n += 1) await update(engine, n, n === 5 ? 6 * MEGABYTE : MEGABYTE);
  return { engine, ...observed(engine.store) };
}

async function logOf(store: EventStore, filter = {}): Promise<number[]> {
  const positions: number[] = [];
  for await (const { event } of readLog(store, filter)) positions.push(event.position);
  return positions;
}

async function followed(store: EventStore, stream?: number): Promise<number[]> {
  const stop = new AbortController();
  const positions: number[] = [];
  for await (const page of new LogFeed(store).follow({ position: 0 }, stop.signal, stream)) {
    positions.push(...page.map(({ position }) => position));
    if (positions.length === 13) stop.abort();
  }
  return positions;
}

async function replayed(store: EventStore): Promise<number[]> {
  const positions: number[] = [];
  for await (const { position } of replay(store, new LogFeed(store), 's')) positions.push(position);
  return positions;
}

async function exported(store: EventStore): Promise<number[]> {
  let text = '';
  await exportLog(store, (piece) => void (text += piece), '2026-01-01T00:00:00.000Z');
  const lines = text.trim().split('\n').slice(1);
  return lines.map((line) => JSON.parse(line).position);
}

async function verified(store: EventStore, options: object): Promise<number[]> {
  const { holds, checks } = await verifyStore(store, options);
  return holds ? range(1, checks.find(({ name }) => name === 'chain')?.examined ?? 0) : [];
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

const READERS: readonly (readonly [string, (store: EventStore) => Promise<number[]>, expected: number[]])[] = [
  ['the log', (store) => logOf(store), range(1, 13)],
  ['the log of a stack', (store) => logOf(store, { stack: 's' }), range(1, 13)],
  ['the newest events of the log', (store) => logOf(store, { limit: 10 }), range(4, 13)],
  ['a follower', (store) => followed(store), range(1, 13)],
  ['a follower of one stream', (store) => followed(store, 1), range(1, 13)],
  ['a replay', replayed, range(1, 13)],
  ['an export', exported, range(1, 13)],
  ['a check of the chain', (store) => verified(store, { chainOnly: true }), range(1, 13)],
  ['a check of one stack', (store) => verified(store, { stack: 's' }), range(1, 13)],
];

test.each(KINDS.flatMap((kind) => READERS.map((reader) => [kind, ...reader] as const)))(
  '%s: %s reads at most 4 MiB of events at once, and misses none',
  async (kind, _, read, expected) => {
    const { store, reads } = await withLargeEvents(kind);
    expect(await read(store)).toEqual(expected);
    for (const events of reads) expect(events.length === 1 || bytesOf(events) <= BOUND).toBe(true);
  },
);

test.each(KINDS)(
  '%s: large events that are appended at once are passed to a follower in bounded pages',
  async (kind) => {
    const { engine, store, reads } = await withLargeEvents(kind);
    const stop = new AbortController();
    const positions: number[] = [];
    const append = () =>
      engine.executeTogether(
        range(1, 12).map((n) => [
          { type: 'updateStack', stack: 's', metadata: { n, text: 'y'.repeat(MEGABYTE) } },
          { actor: 'a' },
        ]),
      );
    for await (const page of new LogFeed(store).follow({ position: 12 }, stop.signal)) {
      if (positions.length === 0) await append();
      positions.push(...page.map(({ position }) => position));
      if (positions.length === 13) stop.abort();
    }
    expect(positions).toEqual(range(13, 25));
    for (const events of reads) expect(events.length === 1 || bytesOf(events) <= BOUND).toBe(true);
  },
);
