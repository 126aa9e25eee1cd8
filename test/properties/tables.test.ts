import fc from 'fast-check';
import { expect, test } from 'vitest';
import { verifyStore } from '../../src/audit/verify.js';
import { COMMANDS, type Command, prepare } from '../../src/commands/index.js';
import type { StoredEvent } from '../../src/events/index.js';
import type { AppendRequest, EventStore, Receipt } from '../../src/store/event-store.js';
import { everything } from '../contracts/everything.js';
import { type Step, steps } from '../support/commands.js';
import { allStacks, begin, type Life, lockOf, logOf, Tally } from '../support/lives.js';
import { parameters, RUNS, TIMEOUT } from '../support/properties.js';
import { toldBy, toldOf } from '../support/told.js';

const codes = new Map<string, number>();
const tally = new Tally();

/** What a caller can tell of an answer or of an error. */
const outcome = (promise: Promise<Receipt>): Promise<Receipt | { readonly code: string }> =>
  promise.catch(({ code, message, hint, details }) => ({ code, message, hint, details }));

/** The very same request can be sent to two stores, also one without an id of the caller's. */
function requestOf(command: Command, envelope: Parameters<typeof prepare>[2]): AppendRequest | undefined {
  try {
    return prepare(COMMANDS[command.type], command, envelope);
  } catch {
    return undefined; // refused before any store sees it
  }
}

/** Sends the steps to both stores, which must answer the same, and must never touch an event that was there. */
async function liveTwice(script: readonly Step[], sqlite: Life, memory: Life): Promise<void> {
  let seen: readonly StoredEvent[] = await logOf(sqlite.store);
  for (const [index, { command, wait, lockId, ...rest }] of script.entries()) {
    sqlite.clock.advance(wait);
    memory.clock.advance(wait);
    const request = requestOf(command, {
      actor: `actor-${index % 3}`,
      ...(index % 2 === 0 ? { commandId: `own-${index}` } : {}),
      ...rest,
      ...(await lockOf(sqlite, command, lockId)),
    });
    const answer = request && (await outcome(sqlite.store.append(request)));
    if (request) expect(await outcome(memory.store.append(request))).toStrictEqual(answer);
    if (answer && 'code' in answer)
      codes.set(command.type + ' ' + answer.code, (codes.get(command.type + ' ' + answer.code) ?? 0) + 1);
    if (!request) codes.set(command.type + ' INVALID', (codes.get(command.type + ' INVALID') ?? 0) + 1);
    tally.count(command, answer !== undefined && !('code' in answer));

    const log = await logOf(sqlite.store);
    expect(log.slice(0, seen.length)).toStrictEqual(seen);
    if (answer === undefined || 'code' in answer) expect(log.length).toBe(seen.length);
    else if (answer.lastPosition > seen.length) expect(log.length - seen.length).toBe(answer.events);
    seen = log;
  }
}

/** What the store tells of each stack is what its events say. */
async function tellsItsLog(store: EventStore): Promise<void> {
  for (const stack of await allStacks(store)) {
    expect(await toldOf(store, stack)).toEqual(toldBy(await logOf(store, stack.stream)));
  }
}

async function isProven(store: EventStore): Promise<void> {
  expect((await verifyStore(store)).problems).toEqual([]);
  const { tables, problems } = await store.compareTables({});
  expect(problems).toEqual([]);
  expect(tables.length).toBeGreaterThan(0);
}

test('the tables are the log: folded, rebuilt, and as a store without SQLite keeps them', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps(50), async (script) => {
      const [sqlite, memory] = [await begin(), await begin('memory:')];
      await liveTwice(script, sqlite, memory);
      expect((await memory.store.head()).hash).toBe((await sqlite.store.head()).hash);

      await tellsItsLog(sqlite.store);
      const before = await everything(sqlite.store);
      expect(await everything(memory.store)).toStrictEqual(before);
      for (const { store } of [sqlite, memory]) {
        await isProven(store);
        await store.rebuild();
        expect(await everything(store)).toStrictEqual(before);
        await isProven(store);
        await store.close();
      }
    }),
    parameters(),
  );
});

test('the commands are worth trying: a good part is accepted', () => {
  console.log(tally.counts(), [...codes].sort((a, b) => b[1] - a[1]).slice(0, 60));
  expect(tally.share()).toBeGreaterThan(0.2);
});

test.skipIf(RUNS < 60)('every command is accepted at some time', () => {
  expect(tally.missing()).toEqual([]);
});
