import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { openEngine } from '../../src/engine.js';
import { SlothError } from '../../src/kernel/errors.js';
import { readState } from '../../src/queries/state.js';
import type { EventStore } from '../../src/store/event-store.js';
import { TestClock } from '../support/clock.js';
import { anyStep, type Step } from '../support/commands.js';
import { comparableFold, comparableView, fold } from '../support/folded.js';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 150);
/** Enough for a long run on a busy machine, in milliseconds. */
const TIMEOUT = 60_000 + RUNS * 200;
let tried = 0;
let accepted = 0;
const steps = fc.array(anyStep, { minLength: 10, maxLength: 60, size: 'max' });

/** Carries out the steps; those that are refused must change nothing, and must say why. */
async function live(script: readonly Step[]): Promise<EventStore> {
  const clock = new TestClock();
  const engine = openEngine(':memory:', clock);
  for (const name of ['s1', 's2']) await engine.execute({ type: 'createStack', id: name, name }, { actor: 'first' });
  for (const { command, wait, lockId, ...envelope } of script) {
    clock.advance(wait);
    const before = await engine.store.head();
    tried++;
    try {
      await engine.execute(command, {
        actor: 'somebody',
        ...envelope,
        ...(await lockOf(engine.store, command, lockId)),
      });
      accepted++;
    } catch (error) {
      expect(error).toBeInstanceOf(SlothError);
      expect(await engine.store.head()).toEqual(before);
    }
  }
  return engine.store;
}

/** The lock a step sends: the one its stack has now, or the one it names. */
async function lockOf(store: EventStore, command: Command, lockId: string | undefined): Promise<{ lockId?: string }> {
  if (lockId !== 'held') return lockId === undefined ? {} : { lockId };
  const stack = 'stack' in command ? await store.stack(command.stack) : undefined;
  const lock = stack && (await store.lock(stack.stream));
  return lock ? { lockId: lock.lockId } : {};
}

const streams = async (store: EventStore) => [...(await store.stacks({})), ...(await store.stacks({ deleted: true }))];

test('the tables are the log: the state at every version is the fold of the events up to it', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const store = await live(script);
      for (const stack of await streams(store)) {
        const events = await store.events({ stream: stack.stream, limit: 10_000 });
        for (let version = 1; version <= stack.stateVersion; version++) {
          const folded = fold(events.filter((event) => event.version <= version));
          const view = await readState(store, stack.id, { version });
          expect(comparableView(view)).toEqual(comparableFold(folded));
        }
        const now = fold(events);
        expect({ deleted: stack.deletedAt !== null, version: stack.stateVersion, revision: stack.revision }).toEqual({
          deleted: now.deleted,
          version: now.version,
          revision: now.revision,
        });
        expect(stack.resourceCount).toBe(now.resources.size);
        expect((await store.lock(stack.stream)) ?? null).toEqual(now.lock);
        expect((await store.tags(stack.stream)).map(({ tag }) => tag)).toEqual([...now.tags.keys()].sort());
        const findings = await store.drift(stack.stream);
        expect(findings.map(({ id, isDrifted, resolutionStatus }) => [id, isDrifted, resolutionStatus])).toEqual(
          [...now.drift].map(([id, { isDrifted, status }]) => [id, isDrifted, status]).reverse(),
        );
      }
      await store.close();
    }),
    { numRuns: RUNS },
  );
});

test('a rollback gives the state it names, and a rollback of it the state before', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (script, seed) => {
      const store = await live(script);
      const { engineOn } = await import('../../src/engine.js');
      const engine = engineOn(store);
      for (const stack of await store.stacks({})) {
        const lock = await store.lock(stack.stream);
        if (lock) continue; // whether it has run out depends on the clock; locks have tests of their own
        const covered = async (version: number) => {
          const { document, ...rest } = comparableView(await readState(store, stack.id, { version }));
          const { name: _, status: __, origin: ___, ...fields } = document;
          // When a resource was last applied is no state: nothing is undone where only that differs (ADR 0009).
          const resources = rest.resources.map(({ value: { lastApplied: _applied, ...value }, ...one }) => ({
            ...one,
            value,
          }));
          return { fields, ...rest, resources };
        };
        const target = 1 + (seed % stack.stateVersion);
        const wanted = await covered(target);
        const before = await covered(stack.stateVersion);
        let receipt: { version: number };
        try {
          receipt = await engine.execute({ type: 'rollback', stack: stack.id, toVersion: target }, { actor: 'r' });
        } catch (error) {
          expect(error).toMatchObject({ code: 'RESOURCE_ID_TAKEN' });
          continue;
        }
        expect(receipt.version).toBeGreaterThanOrEqual(stack.stateVersion);
        expect(await covered(receipt.version)).toEqual(wanted);
        await engine.execute({ type: 'rollback', stack: stack.id, toVersion: stack.stateVersion }, { actor: 'r' });
        const latest = (await store.stack(stack.id))?.stateVersion as number;
        expect(await covered(latest)).toEqual(before);
      }
      await store.close();
    }),
    { numRuns: RUNS },
  );
});

test('any command sent twice, at any later point, changes nothing the second time', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const clock = new TestClock();
      const engine = openEngine(':memory:', clock);
      await engine.execute({ type: 'createStack', id: 's1', name: 's1' }, { actor: 'first' });
      const done: { step: Step; id: string; receipt: unknown }[] = [];
      for (const [index, step] of script.entries()) {
        clock.advance(step.wait);
        const id = `unique-${index}`;
        const receipt = await engine.execute(step.command, { actor: 'a', commandId: id }).catch(() => undefined);
        if (receipt) done.push({ step, id, receipt });
      }
      const head = await engine.store.head();
      for (const { step, id, receipt } of done) {
        expect(await engine.execute(step.command, { actor: 'a', commandId: id })).toEqual(receipt);
      }
      expect(await engine.store.head()).toEqual(head);
      await engine.store.close();
    }),
    { numRuns: RUNS },
  );
});

test('the generated commands are worth trying: a good part is accepted', () => {
  expect(accepted / tried).toBeGreaterThan(0.2);
});
