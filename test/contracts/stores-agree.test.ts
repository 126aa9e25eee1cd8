import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { COMMANDS, prepare } from '../../src/commands/index.js';
import { PROJECTION } from '../../src/engine.js';
import { EVENT_TYPES } from '../../src/events/index.js';
import type { AppendRequest, EventStore } from '../../src/store/event-store.js';
import { openMemoryStore } from '../../src/store/memory/memory-event-store.js';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { TestClock } from '../support/clock.js';
import { anyStep } from '../support/commands.js';
import { RUNS, TIMEOUT } from '../support/properties.js';
import { everything } from './everything.js';
import { LIFE, requestOf } from './life.js';
import { createStack } from './world.js';

function bothStores() {
  const clock = new TestClock();
  const parts = { projection: PROJECTION, clock };
  const sqlite = openSqliteStore({ path: ':memory:', ...parts });
  const memory = openMemoryStore(parts);
  return { clock, sqlite, memory };
}

/** What came of it, an error as what a caller can tell of it. */
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch(({ code, message, hint, details }) => ({ code, message, hint, details }));

/** Sends the very same request to both: what they foresee, and what they answer, must be the same. */
async function sameOutcome(sqlite: EventStore, memory: EventStore, request: AppendRequest): Promise<unknown> {
  const foreseen = await outcome(sqlite.preview(request));
  expect(await outcome(memory.preview(request))).toStrictEqual(foreseen);
  const answer = await outcome(sqlite.append(request));
  expect(await outcome(memory.append(request))).toStrictEqual(answer);
  return answer;
}

test('a scripted life gives the same receipts, refusals and reads in SQLite and in memory', async () => {
  const { clock, sqlite, memory } = bothStores();
  onTestFinished(async () => {
    await sqlite.close();
    await memory.close();
  });
  for (const [index, step] of LIFE.entries()) {
    clock.advance(step.wait);
    const answer = (await sameOutcome(sqlite, memory, requestOf(step))) as { readonly code?: string };
    expect(answer.code, `step ${index}, ${step.command.type}`).toBe(step.refused);
  }
  const [expected, actual] = [await everything(sqlite), await everything(memory)];
  for (const read of Object.keys(expected) as (keyof typeof expected)[]) {
    expect(actual[read], read).toStrictEqual(expected[read]);
  }
});

test('the scripted life holds every type of command and gives rise to every type of event', async () => {
  const { clock, memory } = bothStores();
  for (const step of LIFE) {
    clock.advance(step.wait);
    await outcome(memory.append(requestOf(step)));
  }
  const types = (await memory.events({ limit: -1 })).map(({ type }) => type);
  expect([...new Set(types)].sort()).toEqual([...EVENT_TYPES].sort());
  expect([...new Set(LIFE.map(({ command }) => command.type))].sort()).toEqual(Object.keys(COMMANDS).sort());
});

test('any life gives the same in SQLite and in memory', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 10, maxLength: 30, size: 'max' }), async (steps) => {
      const { clock, sqlite, memory } = bothStores();
      for (const name of ['s1', 's2']) {
        await sameOutcome(sqlite, memory, prepare(COMMANDS.createStack, createStack(name, name), { actor: 'first' }));
      }
      for (const { command, wait, lockId, ...envelope } of steps) {
        clock.advance(wait);
        const stack = 'stack' in command ? await sqlite.stack(command.stack) : undefined;
        const held = stack && (await sqlite.lock(stack.stream))?.lockId;
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
        await sameOutcome(sqlite, memory, request);
      }
      expect(await everything(memory)).toStrictEqual(await everything(sqlite));
      await sqlite.close();
      await memory.close();
    }),
    { numRuns: RUNS },
  );
});
