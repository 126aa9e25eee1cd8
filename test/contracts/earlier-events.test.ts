import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PROJECTION } from '../../src/engine.js';
import { decodeEvent, isEventType, type StoredEvent } from '../../src/events/index.js';
import { StateBackend } from '../../src/index.js';
import { exportLogFile, importLogFile } from '../../src/operations/audit/log-file.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import type { EventStore } from '../../src/store/event-store.js';
import { openPostgresStore } from '../../src/store/postgres/postgres-event-store.js';
import { VIEW_NAMES } from '../../src/store/postgres/schema.js';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { openModelStore } from '../model/model-store.js';
import { TestClock } from '../support/clock.js';
import { inEarlierSchema } from '../support/earlier-schema.js';
import { scratchFolder } from '../support/folder.js';
import { ON_POSTGRES } from '../support/on-postgres.js';
import { emptySchema, onServer } from '../support/postgres.js';
import { outcome } from '../support/requests.js';
import { usesOf } from '../support/uses.js';
import { everything } from './everything.js';
import { requestOf, LIFE as SCRIPT, type Step } from './life.js';

/** Every type is at its second schema version. */
vi.mock('../../src/events/upcasters.js', async () => {
  const { fromInvented } = await import('../support/earlier-schema.js');
  return { upcasters: fromInvented };
});
/** Every database gets the same key, so that equal commands give equal events. */
vi.mock('../../src/store/content-key.js', async (original) => ({
  ...(await original<typeof import('../../src/store/content-key.js')>()),
  newKey: () => Buffer.alloc(32, 7),
}));

/** The scripted life, and an implicit edge that stays. */
const LIFE: readonly Step[] = [
  ...SCRIPT,
  {
    command: {
      type: 'apply',
      stack: 'taken in',
      resources: [
        { type: 't', name: 'x', properties: { id: 'vpc-9' } },
        { type: 't', name: 'y', properties: { vpc: 'vpc-9' } },
      ],
    },
    envelope: {},
    wait: 1_000,
    refused: undefined,
  },
];

/** A new store, and how SQL sees it, if it does. */
interface Place {
  open(clock: TestClock): Promise<EventStore>;
  readonly location?: string;
  readonly select?: (view: string) => Promise<readonly object[]>;
}

const ALL: readonly [name: string, make: () => Promise<Place>][] = [
  ['the model', async () => ({ open: async (clock) => openModelStore({ projection: PROJECTION, clock }) })],
  [
    'SQLite on a file',
    async () => {
      const path = join(scratchFolder(), 'stacks.db');
      return {
        location: path,
        open: async (clock) => openSqliteStore({ path, projection: PROJECTION, clock }),
        select: async (view) => {
          const db = new Database(path, { readonly: true });
          const rows = db.prepare(`SELECT * FROM ${view}`).all() as object[];
          db.close();
          return rows;
        },
      };
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const url = await emptySchema();
      return {
        location: url,
        open: async (clock) => openPostgresStore({ url, projection: PROJECTION, clock }),
        select: (view) => onServer(url, async (client) => (await client.query(`SELECT * FROM ${view}`)).rows),
      };
    },
  ],
];

/** PostgreSQL takes long, so it has a run of its own. */
const PLACES = ALL.filter(([name]) => (name === 'PostgreSQL') === ON_POSTGRES);

/** Part of the life, to the first step of a type. */
const before = (type: Step['command']['type']): number => LIFE.findIndex(({ command }) => command.type === type);

const logOf = (store: EventStore) => store.events({ limit: -1 });
const close = (store: EventStore): EventStore => {
  onTestFinished(() => store.close());
  return store;
};

/** Sends the same steps to the stores; each gives the same receipts and refusals in all of them. */
async function live(steps: readonly Step[], clock: TestClock, stores: readonly EventStore[]): Promise<void> {
  for (const step of steps) {
    clock.advance(step.wait);
    const request = requestOf(step);
    const answers = [];
    for (const store of stores) answers.push(unhashed(await outcome(store.append(request))));
    for (const answer of answers) expect(answer, step.command.type).toStrictEqual(answers[0]);
  }
}

/** A value with parsed events in their current schema, and without hashes, which cover the stored text. */
function unhashed(value: unknown): unknown {
  if (typeof value === 'string') return /^[0-9a-f]{64}$/.test(value) ? 'a hash' : value;
  if (Array.isArray(value)) return value.map(unhashed);
  if (value instanceof Map) return [...value].map(unhashed);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  if (isStored(value)) return unhashed({ ...decodeEvent(value), schemaVersion: 'any' });
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unhashed(inner)]));
}

const isStored = (value: object): value is StoredEvent =>
  'type' in value && isEventType(value.type as string) && 'data' in value && typeof value.data === 'string';

async function comparable(store: EventStore): Promise<Readonly<Record<string, unknown>>> {
  const { eventSizes: _, size: __, ...answers } = await everything(store);
  return unhashed(answers) as Readonly<Record<string, unknown>>;
}

async function expectSame(actual: EventStore, expected: EventStore): Promise<void> {
  const [answers, wanted] = [await comparable(actual), await comparable(expected)];
  for (const read of Object.keys(wanted)) expect(answers[read], read).toStrictEqual(wanted[read]);
}

/** A store with the log that another would have if a release of the earlier schema had written it. */
async function earlier(store: EventStore, place: Place, clock: TestClock): Promise<EventStore> {
  const log = inEarlierSchema(await logOf(store));
  const other = close(await place.open(clock));
  const { position = 0, hash = '' } = log.at(-1) ?? {};
  await other.importLog(log, { position, hash });
  expect(await logOf(other)).toStrictEqual(log);
  return other;
}

test.each(PLACES)('events of an earlier schema are read as if they were of the current one in %s', async (_, make) => {
  const clock = new TestClock();
  const current = await make();
  const store = close(await current.open(clock));
  await live(LIFE, clock, [store]);
  expect(new Set((await logOf(store)).map(({ schemaVersion }) => schemaVersion))).toEqual(new Set([2]));
  const place = await make();
  const old = await earlier(store, place, clock);
  const log = await logOf(old);

  await expectSame(old, store);
  expect(await verifyStore(old)).toMatchObject({ holds: true });
  await old.rebuild();
  expect(await logOf(old)).toStrictEqual(log);
  expect(await verifyStore(old)).toMatchObject({ holds: true });
  await expectSame(old, store);

  for (const view of VIEW_NAMES) {
    const [rows, expected] = [await place.select?.(view), await current.select?.(view)];
    const shown = (all: readonly object[] | undefined) =>
      all?.map((row) => JSON.stringify(unhashed({ ...row, details: 'as stored' }))).sort();
    expect(shown(rows), view).toStrictEqual(shown(expected));
  }
});

test.each(PLACES)('commands decide on events of an earlier schema as on current ones in %s', async (_, make) => {
  for (const cut of [before('rollback'), before('completeExecution'), before('ignoreDrift'), before('releaseLock')]) {
    const clock = new TestClock();
    const store = close(await (await make()).open(clock));
    await live(LIFE.slice(0, cut), clock, [store]);
    const old = await earlier(store, await make(), clock);
    await live(LIFE.slice(cut), clock, [store, old]);
    expect(new Set((await logOf(old)).map(({ schemaVersion }) => schemaVersion))).toEqual(new Set([1, 2]));
    expect((await logOf(old)).map((event) => unhashed(event))).toStrictEqual(
      (await logOf(store)).map((event) => unhashed(event)),
    );
    expect(await verifyStore(old)).toMatchObject({ holds: true });
  }
});

test.each(PLACES.filter(([name]) => name !== 'the model'))(
  'every use of a stack answers the same on an earlier schema in %s',
  async (_, make) => {
    const clock = new TestClock();
    const [current, place] = [await make(), await make()];
    const store = await current.open(clock);
    await live(LIFE, clock, [store]);
    await (await earlier(store, place, clock)).close();
    await store.close();
    const answersIn = async ({ location = '' }: Place) => {
      await using backend = await StateBackend.open(location, { clock });
      const answers: Record<string, unknown> = {};
      for (const stack of ['web-id', 'half-id', 'import-id']) {
        for (const [name, use] of Object.entries(usesOf(backend, stack))) {
          answers[`${name} of ${stack}`] = unhashed(await outcome(use()));
        }
      }
      return answers;
    };
    expect(await answersIn(place)).toStrictEqual(await answersIn(current));
  },
);

test('an export of an earlier schema is imported with the same head, and read as before', async () => {
  const clock = new TestClock();
  const store = close(openModelStore({ projection: PROJECTION, clock }));
  await live(LIFE, clock, [store]);
  const old = await earlier(store, { open: async () => openModelStore({ projection: PROJECTION, clock }) }, clock);
  const file = join(scratchFolder(), 'log.jsonl');
  const head = await exportLogFile(old, file, clock.now());
  expect(readFileSync(file, 'utf8')).not.toContain('"schema_version":2');
  const other = close(openSqliteStore({ path: ':memory:', projection: PROJECTION, clock }));
  expect(await importLogFile(other, file)).toEqual(head);
  await expectSame(other, store);
});
