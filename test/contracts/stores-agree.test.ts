import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { COMMANDS, prepare } from '../../src/commands/index.js';
import { PROJECTION } from '../../src/engine.js';
import { EVENT_TYPES } from '../../src/events/index.js';
import type { AppendRequest, EventStore } from '../../src/store/event-store.js';
import { openPostgresStore } from '../../src/store/postgres/postgres-event-store.js';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { openModelStore } from '../model/model-store.js';
import { TestClock } from '../support/clock.js';
import { anyStep } from '../support/commands.js';
import { emptySchema } from '../support/postgres.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { reads } from '../support/reads.js';
import { outcome } from '../support/requests.js';
import { everything } from './everything.js';
import { LIFE, requestOf } from './life.js';
import { createStack } from './world.js';

/** Every database gets the same key, so that equal commands give equal events. */
vi.mock('../../src/store/content-key.js', async (original) => ({
  ...(await original<typeof import('../../src/store/content-key.js')>()),
  newKey: () => Buffer.alloc(32, 7),
}));

type Parts = { readonly projection: typeof PROJECTION; readonly clock: TestClock };

/** The store compared with SQLite, and its share of a property's runs. */
const OTHERS: readonly [name: string, open: (parts: Parts) => Promise<EventStore>, share: number][] = [
  ['in the model', async (parts) => openModelStore(parts), 1],
  ['in PostgreSQL', async (parts) => openPostgresStore({ url: await emptySchema(), ...parts }), 0.1],
];

async function bothStores(open: (parts: Parts) => Promise<EventStore>) {
  const clock = new TestClock();
  const parts = { projection: PROJECTION, clock };
  return { clock, sqlite: openSqliteStore({ path: ':memory:', ...parts }), other: await open(parts) };
}

/** Sends the same request to both: previews and results must be equal. */
async function sameOutcome(sqlite: EventStore, other: EventStore, request: AppendRequest): Promise<unknown> {
  const foreseen = await outcome(sqlite.preview(request));
  expect(await outcome(other.preview(request))).toStrictEqual(foreseen);
  const answer = await outcome(sqlite.append(request));
  expect(await outcome(other.append(request))).toStrictEqual(answer);
  return answer;
}

test.each(OTHERS)('a scripted life gives the same receipts, refusals and reads in SQLite and %s', async (_, open) => {
  const { clock, sqlite, other } = await bothStores(open);
  onTestFinished(async () => {
    await sqlite.close();
    await other.close();
  });
  for (const [index, step] of LIFE.entries()) {
    clock.advance(step.wait);
    const answer = (await sameOutcome(sqlite, other, requestOf(step))) as { readonly code?: string };
    expect(answer.code, `step ${index}, ${step.command.type}`).toBe(step.refused);
  }
  const [expected, actual] = [await everything(sqlite), await everything(other)];
  for (const read of Object.keys(expected) as (keyof typeof expected)[]) {
    expect(actual[read], read).toStrictEqual(expected[read]);
  }
});

test('the scripted life contains every type of command and produces every type of event', async () => {
  const clock = new TestClock();
  const model = openModelStore({ projection: PROJECTION, clock });
  for (const step of LIFE) {
    clock.advance(step.wait);
    await outcome(model.append(requestOf(step)));
  }
  const types = (await model.events({ limit: -1 })).map(({ type }) => type);
  expect([...new Set(types)].sort()).toEqual([...EVENT_TYPES].sort());
  expect([...new Set(LIFE.map(({ command }) => command.type))].sort()).toEqual(Object.keys(COMMANDS).sort());
});

test.each(OTHERS)('any life gives the same in SQLite and %s', { timeout: TIMEOUT }, async (_, open, share) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 10, maxLength: 30, size: 'max' }), async (steps) => {
      const { clock, sqlite, other } = await bothStores(open);
      for (const name of ['s1', 's2']) {
        await sameOutcome(sqlite, other, prepare(COMMANDS.createStack, createStack(name, name), { actor: 'first' }));
      }
      for (const { command, wait, lockId, ...envelope } of steps) {
        clock.advance(wait);
        const stack = 'stack' in command ? await reads(sqlite).stack(command.stack) : undefined;
        const held = stack && (await reads(sqlite).lock(stack.stream))?.lockId;
        const used = lockId === 'held' ? held : lockId;
        const step = {
          command,
          wait,
          refused: undefined,
          envelope: { ...envelope, ...(used ? { lockId: used } : {}) },
        };
        let request: AppendRequest;
        try {
          request = requestOf(step);
        } catch {
          continue; // refused before any store sees it
        }
        await sameOutcome(sqlite, other, request);
      }
      expect(await everything(other)).toStrictEqual(await everything(sqlite));
      await sqlite.close();
      await other.close();
    }),
    parameters(share),
  );
});
