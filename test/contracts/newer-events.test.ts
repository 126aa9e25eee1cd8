import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { PROJECTION } from '../../src/engine.js';
import { EVENT_TYPES, type EventType } from '../../src/events/index.js';
import { StateBackend } from '../../src/index.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import type { EventStore } from '../../src/store/event-store.js';
import { openPostgresStore } from '../../src/store/postgres/postgres-event-store.js';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { openModelStore } from '../model/model-store.js';
import { TestClock } from '../support/clock.js';
import { scratchFolder } from '../support/folder.js';
import { ON_POSTGRES } from '../support/on-postgres.js';
import { emptySchema } from '../support/postgres.js';
import { reads } from '../support/reads.js';
import { outcome } from '../support/requests.js';
import { usesOf } from '../support/uses.js';
import { everything } from './everything.js';
import { live } from './life.js';

/** The steps that this release knows: a test removes those of a type, as if the release were older than the log. */
const known = vi.hoisted(() => ({}) as Record<string, { readonly 1: (data: object) => object }>);
vi.mock('../../src/events/upcasters.js', () => ({ upcasters: known }));

beforeEach(() => {
  for (const type of EVENT_TYPES) known[type] = { 1: (data) => data };
});

/** Runs a function in a release that knows only the first schema version of a type. */
async function without<T>(type: EventType, run: () => Promise<T>): Promise<T> {
  const steps = known[type];
  delete known[type];
  try {
    return await run();
  } finally {
    if (steps) known[type] = steps;
  }
}

const refusalOf = (type: EventType) => ({
  code: 'NEWER_EVENT',
  message: expect.stringMatching(new RegExp(`was written by a newer release: ${type}, schema version 2$`)),
  hint: expect.stringContaining(`This release reads ${type} up to version 1. Upgrade sloth-runner`),
  details: expect.objectContaining({ type, schemaVersion: 2, supported: 1 }),
});

type Open = (clock: TestClock) => Promise<EventStore>;
const ALL: readonly [name: string, open: Open][] = [
  ['the model', async (clock) => openModelStore({ projection: PROJECTION, clock })],
  ['SQLite', async (clock) => openSqliteStore({ path: ':memory:', projection: PROJECTION, clock })],
  ['PostgreSQL', async (clock) => openPostgresStore({ url: await emptySchema(), projection: PROJECTION, clock })],
];

/** PostgreSQL takes long, so it has a run of its own. */
const STORES = ALL.filter(([name]) => (name === 'PostgreSQL') === ON_POSTGRES);

async function lived(open: Open): Promise<EventStore> {
  const clock = new TestClock();
  const store = await open(clock);
  onTestFinished(() => store.close());
  await live(store, clock);
  return store;
}

type Call = readonly [read: string, args: readonly unknown[], answer: unknown];

/** Reads of the store with their results: of each read and stack a few, spread over its arguments. */
async function someCalls(store: EventStore): Promise<Call[]> {
  const answers = await everything(store);
  const wide = ['stack', 'stackOfName', 'commitOf', 'eventSizes'] as const;
  const notReads = [...wide, 'head', 'events', 'page', 'size', 'checkpoints', 'stacks', 'projections', 'compareTables'];
  const callsOf = (read: string, byArgs: object): Call[] => {
    const all = Object.entries(byArgs).map(([args, answer]): Call => {
      const list = (JSON.parse(args) as unknown[]).map((arg) => arg ?? undefined);
      return [read, list, answer];
    });
    const step = Math.max(1, Math.floor(all.length / 8));
    return all.filter((_, index) => index % step === 0 || index === all.length - 1);
  };
  return Object.entries(answers).flatMap(([read, found]) => {
    if ((wide as readonly string[]).includes(read)) return callsOf(read, found as object);
    return notReads.includes(read)
      ? []
      : Object.values(found as object).flatMap((byArgs) => callsOf(read, byArgs as object));
  });
}

/** The types of the events that hold a value, or that tell what changed. */
const HOLD_VALUES: readonly EventType[] = [
  'StackCreated',
  'StackUpdated',
  'ResourceCreated',
  'ResourceUpdated',
  'ResourceRemoved',
  'OutputSet',
  'OutputRemoved',
  'DependencyAdded',
  'DependencyRemoved',
  'ExecutionStarted',
  'ExecutionCompleted',
  'ExecutionFailed',
  'DriftDetected',
];

test.each(STORES)(
  'a read that needs an event of a newer schema is refused, others answer as before: %s',
  async (_, open) => {
    const store = await lived(open);
    const calls = await someCalls(store);
    const read = reads(store) as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
    const refused = new Set<EventType>();
    for (const type of EVENT_TYPES) {
      await without(type, async () => {
        for (const [name, args, answer] of calls) {
          const now = await outcome(read[name]?.(...args) ?? Promise.reject(new Error(name)));
          const where = `${name}(${JSON.stringify(args)}) without ${type}`;
          if ((now as { readonly code?: string } | undefined)?.code === 'NEWER_EVENT') {
            expect(now, where).toEqual(refusalOf(type));
            refused.add(type);
          } else expect(now, where).toStrictEqual(answer);
        }
      });
    }
    expect([...refused].sort()).toEqual([...HOLD_VALUES].sort());
  },
);

test.each(STORES)('no table is built from a log with an event of a newer schema: %s', async (_, open) => {
  const store = await lived(open);
  const log = await store.events({ limit: -1 });
  const head = await store.head();
  for (const type of EVENT_TYPES) {
    const empty = openModelStore({ projection: PROJECTION, clock: new TestClock() });
    await without(type, async () => {
      expect(await outcome(store.rebuild())).toEqual(refusalOf(type));
      expect(await outcome(store.compareTables({}))).toEqual(refusalOf(type));
      expect(await outcome(verifyStore(store))).toEqual(refusalOf(type));
      expect(await outcome(empty.importLog(log, head))).toEqual(refusalOf(type));
      expect(await empty.head()).toMatchObject({ position: 0 });
      expect(await verifyStore(store, { chainOnly: true })).toMatchObject({ holds: true });
    });
  }
  expect(await verifyStore(store)).toMatchObject({ holds: true });
});

test('every use of a stack with an event of a newer schema is refused, or answers as before', async () => {
  const path = join(scratchFolder(), 'stacks.db');
  const clock = new TestClock();
  const store = openSqliteStore({ path, projection: PROJECTION, clock });
  await live(store, clock);
  await store.close();
  await using backend = await StateBackend.open(path, { clock });
  const more: Readonly<Record<string, () => Promise<unknown>>> = {
    ...usesOf(backend, 'web-id'),
    history: () => backend.getResourceHistory('web-id', 't.a'),
    blame: () => backend.getBlame('web-id', `t.\u{10000}`, { version: 3 }),
    'tags before': () => backend.getTags('web-id', { version: 3 }),
    'lock before': () => backend.getLock('web-id', { version: 3 }),
    activity: async () => (await backend.getActivity('web-id')).events.map(({ type, position }) => [type, position]),
  };
  const expected: Record<string, unknown> = {};
  for (const [name, use] of Object.entries(more)) expected[name] = await outcome(use());
  for (const type of EVENT_TYPES) {
    await without(type, async () => {
      for (const [name, use] of Object.entries(more)) {
        const answer = await outcome(use());
        const isRefused = (answer as { readonly code?: string } | undefined)?.code === 'NEWER_EVENT';
        expect(answer, `${name} without ${type}`).toEqual(isRefused ? refusalOf(type) : expected[name]);
      }
    });
  }
});
