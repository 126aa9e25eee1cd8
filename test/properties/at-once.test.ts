import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { COMMANDS, prepare } from '../../src/commands/index.js';
import { PROJECTION } from '../../src/engine.js';
import type { AppendRequest } from '../../src/store/event-store.js';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { everything } from '../contracts/everything.js';
import { openModelStore } from '../model/model-store.js';
import { TestClock } from '../support/clock.js';
import { anyStep, type Step } from '../support/commands.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { outcome, requestOf } from '../support/requests.js';

/** Every database gets the same key, so that equal commands give equal events. */
vi.mock('../../src/store/content-key.js', async (original) => ({
  ...(await original<typeof import('../../src/store/content-key.js')>()),
  newKey: () => Buffer.alloc(32, 7),
}));

/** By one of these the stack of a step is called: three stacks for each that a step names, each by its name and its id. */
const CALLED: Readonly<Record<string, readonly string[]>> = {
  s1: ['s1', 's1-id', 's5', 's5-id', 's6', 's6-id'],
  s2: ['s2', 's2-id', 's7', 's7-id', 's8', 's8-id'],
};
const STACKS = ['s1', 's2', 's5', 's6', 's7', 's8'];

/** @param choice which of the stacks, and whether the command can be sent again under an id, which another may have too */
function requestFor({ command, wait: _, lockId, ...envelope }: Step, choice: number): AppendRequest | undefined {
  const called = 'stack' in command ? CALLED[command.stack] : undefined;
  const own = called ? { ...command, stack: called[choice % called.length] as string } : command;
  return requestOf(own, {
    actor: 'test',
    ...envelope,
    ...(lockId && lockId !== 'held' ? { lockId } : {}),
    ...(choice % 5 === 0 ? { commandId: `own-${choice % 40}` } : {}),
  });
}

const sent = fc.tuple(
  fc.array(fc.tuple(anyStep, fc.nat({ max: 1_000 })), { minLength: 1, maxLength: 12, size: 'max' }),
  fc.boolean(),
);

test('concurrent commands have the same result as one after the other', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 2, maxLength: 8, size: 'max' }), async (moments) => {
      const clock = new TestClock();
      const parts = { projection: PROJECTION, clock };
      const [atOnce, inTurn] = [openSqliteStore({ path: ':memory:', ...parts }), openModelStore(parts)];
      for (const name of STACKS) {
        const request = prepare(
          COMMANDS.createStack,
          { type: 'createStack', name, id: `${name}-id` },
          { actor: 'test' },
        );
        expect(await atOnce.append(request)).toStrictEqual(await inTurn.append(request));
      }
      for (const [steps, endTogether] of moments) {
        clock.advance(1_000);
        const requests = steps.flatMap(([step, choice]) => requestFor(step, choice) ?? []);
        const half = endTogether ? Math.floor(requests.length / 2) : requests.length;
        const [alone, together] = [requests.slice(0, half), requests.slice(half)];
        const again = alone.filter(({ identity }) => identity !== undefined);
        const answers = await Promise.all([
          ...alone.map((request) => outcome(atOnce.append(request))),
          outcome(atOnce.appendTogether(together)),
          ...again.map((request) => outcome(atOnce.append(request))),
        ]);
        const expected: unknown[] = [];
        for (const request of alone) expected.push(await outcome(inTurn.append(request)));
        expected.push(await outcome(inTurn.appendTogether(together)));
        for (const request of again) expected.push(await outcome(inTurn.append(request)));
        expect(answers).toStrictEqual(expected);
      }
      expect(await everything(atOnce)).toStrictEqual(await everything(inTurn));
      expect((await atOnce.compareTables({})).problems).toEqual([]);
      await atOnce.close();
      await inTurn.close();
    }),
    parameters(),
  );
});
