import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readState } from '../../src/queries/state.js';
import type { EventStore } from '../../src/store/event-store.js';
import { nextStep, type Step, steps } from '../support/commands.js';
import { comparableView } from '../support/folded.js';
import { allStacks, live } from '../support/lives.js';
import { parameters, RUNS, SEES_ALL, TIMEOUT } from '../support/properties.js';
import { reads } from '../support/reads.js';

/**
 * What a rollback covers (ADR 0009): not the name, the status and the executions, not the origin of an imported state,
 * and not when a resource was last applied, where nothing else of it differs.
 */
async function covered(store: EventStore, stack: string, version: number) {
  const { document, resources, ...rest } = comparableView(await store.read((s) => readState(s, stack, { version })));
  const { name: _, status: __, origin: ___, ...fields } = document;
  return {
    fields,
    ...rest,
    resources: resources.map(({ value: { lastApplied: ____, ...value }, ...one }) => ({ ...one, value })),
  };
}

/** What a rollback leaves alone. */
async function leftAlone(store: EventStore, stream: number) {
  const { document, ...executions } = await reads(store).document(stream);
  const { name, status, origin } = document;
  return {
    own: { name, status, origin },
    executions: [executions, await reads(store).executions(stream, 1_000)],
    snapshots: await reads(store).snapshots(stream),
    tags: await reads(store).tags(stream),
    drift: await reads(store).drift(stream),
    driftRules: await reads(store).driftRules(stream),
  };
}

/** Those of the ids these resources had that belong to resources of other stacks now. */
async function idsGone(store: EventStore, stream: number, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const others = (await allStacks(store)).filter((stack) => stack.stream !== stream);
  const taken = await Promise.all(others.map(async (other) => reads(store).resources(other.stream)));
  return new Set(taken.flatMap((all) => all.map(({ id }) => id)).filter((id) => ids.includes(id)));
}

type Covered = Awaited<ReturnType<typeof covered>>;

/** A state in which the resources that had some ids are known by their numbers: a rollback leaves those to others. */
function without(ids: ReadonlySet<string>, wanted: Covered, numbered: Covered): Covered {
  const now = new Map(numbered.resources.map((one) => [one.address, one.id]));
  const idOf = ({ id, address }: Covered['resources'][number]) => {
    if (ids.has(id)) expect(now.get(address)).toMatch(/^res-/);
    return (ids.has(id) && now.get(address)) || id;
  };
  return { ...wanted, resources: wanted.resources.map((one) => ({ ...one, id: idOf(one) })) };
}

/** Some lives end with a stack deleted: going back restores it. */
const ending = fc.constantFrom<Step[]>([], [], [nextStep({ type: 'deleteStack', stack: 's1' })]);

const outcomes = { back: 0, restored: 0, conflict: 0, unchanged: 0, moved: 0, withoutIds: 0 };

test('a rollback restores the named state, rolling it back restores the previous one, and versions only grow', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps(40), ending, fc.nat(), async (script, end, seed) => {
      const { store, execute } = await live([...script, ...end]);
      for (const { id, stream, stateVersion, deletedAt } of await allStacks(store)) {
        const lock = await reads(store).lock(stream);
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
        const alone = await leftAlone(store, stream);
        const ids = wanted.resources.map((one) => one.id);
        const nameGone = deletedAt !== null && (await reads(store).stack(alone.own.name)) !== undefined;
        const conflict = nameGone ? 'NAME_TAKEN' : undefined;
        const gone = await idsGone(store, stream, ids);
        const back = await execute({ type: 'rollback', stack: id, toVersion: target }, by).catch(({ code }) => code);
        if (typeof back === 'string') {
          expect(back).toBe(conflict);
          expect((await reads(store).stack(id, { deleted: true }))?.stateVersion).toBe(stateVersion);
          outcomes.conflict++;
          continue;
        }
        expect(conflict).toBe(undefined);
        expect(back.version).toBe(back.events > 0 ? stateVersion + 1 : stateVersion);
        const result = await covered(store, id, back.version);
        expect(result).toEqual(without(gone, wanted, result));
        if (gone.size > 0) outcomes.withoutIds++;
        expect(await covered(store, id, stateVersion)).toEqual(before);
        expect((await reads(store).stack(id))?.deletedAt).toBe(null);
        expect(await leftAlone(store, stream)).toEqual(alone);
        const now = new Map(before.resources.map((one) => [one.id, one.address]));
        if (wanted.resources.some((one) => (now.get(one.id) ?? one.address) !== one.address)) outcomes.moved++;
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

test.runIf(SEES_ALL)('every outcome was seen', () => {
  const seen = Object.entries(outcomes).filter(
    ([outcome]) => !['conflict', 'moved', 'withoutIds'].includes(outcome) || RUNS >= 1_000,
  ); // the rare ones
  expect(seen.filter(([, count]) => count === 0)).toEqual([]);
});
