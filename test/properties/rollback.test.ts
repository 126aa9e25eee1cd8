import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readState } from '../../src/queries/state.js';
import type { EventStore } from '../../src/store/event-store.js';
import { steps } from '../support/commands.js';
import { comparableView } from '../support/folded.js';
import { allStacks, live } from '../support/lives.js';
import { parameters, RUNS, TIMEOUT } from '../support/properties.js';

/**
 * What a rollback covers (ADR 0009): not the name, the status and the executions, not the origin of an imported state,
 * and not when a resource was last applied, where nothing else of it differs.
 */
async function covered(store: EventStore, stack: string, version: number) {
  const { document, resources, ...rest } = comparableView(await readState(store, stack, { version }));
  const { name: _, status: __, origin: ___, ...fields } = document;
  return {
    fields,
    ...rest,
    resources: resources.map(({ value: { lastApplied: ____, ...value }, ...one }) => ({ ...one, value })),
  };
}

const outcomes = { back: 0, restored: 0, conflict: 0, unchanged: 0 };

test('a rollback gives the state it names, one of it the state before, and versions only grow', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps(40), fc.nat(), async (script, seed) => {
      const { store, execute } = await live(script);
      for (const { id, stream, stateVersion, deletedAt } of await allStacks(store)) {
        const lock = await store.lock(stream);
        const by = lock
          ? await execute({ type: 'breakLock', stack: id, reason: 'r' }, { actor: 'r' }).then(
              () => ({ actor: 'r' }),
              () => undefined,
            )
          : { actor: 'r' };
        if (!by) continue; // a deleted stack keeps its lock: locks have properties of their own
        const target = 1 + (seed % stateVersion);
        const wanted = await covered(store, id, target);
        const before = await covered(store, id, stateVersion);
        const back = await execute({ type: 'rollback', stack: id, toVersion: target }, by).catch(({ code }) => code);
        if (typeof back === 'string') {
          expect(['RESOURCE_ID_TAKEN', 'NAME_TAKEN']).toContain(back);
          expect((await store.stack(id, { deleted: true }))?.stateVersion).toBe(stateVersion);
          outcomes.conflict++;
          continue;
        }
        expect(back.version).toBe(back.events > 0 ? stateVersion + 1 : stateVersion);
        expect(await covered(store, id, back.version)).toEqual(wanted);
        expect(await covered(store, id, stateVersion)).toEqual(before);
        expect((await store.stack(id))?.deletedAt).toBe(null);
        if (back.events === 0) outcomes.unchanged++;
        else if (deletedAt !== null) outcomes.restored++;
        else outcomes.back++;

        const again = await execute({ type: 'rollback', stack: id, toVersion: stateVersion }, by);
        expect(again.version).toBeGreaterThanOrEqual(back.version);
        expect(await covered(store, id, again.version)).toEqual(before);
      }
      await store.close();
    }),
    parameters(),
  );
});

test('every outcome was seen', () => {
  const seen = Object.entries(outcomes).filter(([outcome]) => outcome !== 'conflict' || RUNS >= 1_000); // the rare one
  expect(seen.filter(([, count]) => count === 0)).toEqual([]);
});
