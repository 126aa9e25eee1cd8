import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { stringifyJson } from '../../src/lib/json.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import type { EventStore } from '../../src/store/event-store.js';
import { everything } from '../contracts/everything.js';
import { MODEL } from '../model/model-store.js';
import { type Step, steps } from '../support/commands.js';
import { expectedReads, readStack } from '../support/expected-reads.js';
import { allStacks, begin, type Life, live, lockOf, logOf, settled, Tally } from '../support/lives.js';
import { parameters, SEES_ALL, TIMEOUT } from '../support/properties.js';
import { reads } from '../support/reads.js';
import { outcome, requestOf } from '../support/requests.js';
import { openRows } from '../support/rows.js';
import { freshPlace } from '../support/stores.js';
import { readRow, viewsOf } from '../support/views.js';

/** Every database gets the same key, so that equal commands give equal events. */
vi.mock('../../src/store/content-key.js', async (original) => ({
  ...(await original<typeof import('../../src/store/content-key.js')>()),
  newKey: () => Buffer.alloc(32, 7),
}));

const tally = new Tally();

/** Sends the steps to both stores, which must answer the same, and must never touch an event that was there. */
async function liveTwice(script: readonly Step[], sqlite: Life, model: Life): Promise<void> {
  let seen = (await logOf(sqlite.store)).map((event) => JSON.stringify(event));
  for (const [index, { command: written, wait, lockId, ...rest }] of script.entries()) {
    const command = await settled(sqlite, written);
    sqlite.clock.advance(wait);
    model.clock.advance(wait);
    const request = requestOf(command, {
      actor: `actor-${index % 3}`,
      ...(index % 2 === 0 ? { commandId: `own-${index}` } : {}),
      ...rest,
      ...(await lockOf(sqlite, command, lockId)),
    });
    const answer = request && (await outcome(sqlite.store.append(request)));
    if (request) expect(await outcome(model.store.append(request))).toStrictEqual(answer);
    tally.count(command, answer !== undefined && !('code' in answer));

    const log = (await logOf(sqlite.store)).map((event) => JSON.stringify(event));
    expect(log.slice(0, seen.length).join('\n') === seen.join('\n')).toBe(true);
    if (answer === undefined || 'code' in answer) expect(log.length).toBe(seen.length);
    else if (answer.lastPosition > seen.length) expect(log.length - seen.length).toBe(answer.events);
    seen = log;
  }
}

/** What the store tells of each stack is what its events say. */
async function tellsItsLog(store: EventStore): Promise<void> {
  for (const stack of await allStacks(store)) {
    expect(await readStack(store, stack)).toEqual(expectedReads(await logOf(store, stack.stream)));
  }
}

/** Every read with every argument takes longer than all the rest: it is asked of some lives, everything of now of all. */
const thorough = fc.constantFrom(true, ...Array.from({ length: 9 }, () => false));

async function answered(store: EventStore) {
  const stacks = await allStacks(store);
  return { log: await logOf(store), told: await Promise.all(stacks.map((stack) => readStack(store, stack))) };
}

async function isProven(store: EventStore): Promise<void> {
  expect((await verifyStore(store)).problems).toEqual([]);
  const { tables, problems } = await store.compareTables({});
  expect(problems).toEqual([]);
  expect(tables.length).toBeGreaterThan(0);
}

test('the tables equal the folded log, a rebuild, and the tables of the model', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps(50), thorough, async (script, all) => {
      const [sqlite, model] = [await begin(), await begin(MODEL)];
      await liveTwice(script, sqlite, model);
      expect((await model.store.head()).hash).toBe((await sqlite.store.head()).hash);

      await tellsItsLog(sqlite.store);
      const answers = all ? everything : answered;
      const before = await answers(sqlite.store);
      expect(await answers(model.store)).toStrictEqual(before);
      for (const { store } of [sqlite, model]) {
        await isProven(store);
        await store.rebuild();
        expect(await answers(store)).toStrictEqual(before);
        await isProven(store);
        await store.close();
      }
    }),
    parameters(),
  );
});

test('the views of the specification match the log', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(steps(40), async (script) => {
      const place = await freshPlace();
      const { store } = await live(script, () => {}, place);
      const rows = await openRows(place);
      const sorted = (rows: readonly unknown[]) => rows.map((row) => stringifyJson(row)).sort();
      const stacks = await reads(store).stacks({});
      const expected = await Promise.all(
        stacks.map(async ({ stream }) => viewsOf(expectedReads(await logOf(store, stream)))),
      );
      for (const view of Object.keys(expected[0] ?? {})) {
        const shown = (await rows.all(`SELECT * FROM ${view}`))
          .map(readRow)
          .filter(({ stack_id }) => stack_id === undefined || stacks.some(({ id }) => id === stack_id));
        expect(sorted(shown), view).toEqual(sorted(expected.flatMap((views) => views[view] ?? [])));
      }
      await rows.close();
      await store.close();
    }),
    parameters(0.5),
  );
});

test('a good part of the random commands is accepted', () => {
  expect(tally.share(), tally.counts()).toBeGreaterThan(0.2);
});

test.runIf(SEES_ALL)('every command is accepted at some time', () => {
  expect(tally.missing(), tally.counts()).toEqual([]);
});
