import fc from 'fast-check';
import { expect, test } from 'vitest';
import { baseAddress } from '../../src/events/index.js';
import { type Arrow, cyclicCore } from '../../src/lib/acyclic.js';
import type { EventStore } from '../../src/store/event-store.js';
import { nextStep, type Step, steps } from '../support/commands.js';
import { allStacks, live, Tally } from '../support/lives.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { reads } from '../support/reads.js';

const tally = new Tally();

/** Most lives begin with an edge that a property asks for. */
const beginning = fc.constantFrom<Step[]>(
  [],
  ...Array<Step[]>(3).fill([
    nextStep({
      type: 'apply',
      stack: 's1',
      resources: [
        { type: 't', name: 'b' },
        { type: 't', name: 'a', properties: { p: '${t.b.x}' } },
      ],
    }),
  ]),
);

/** What the commands promise of dependencies, now and at any version: rollback goes back to it. */
async function keepsItsPromise(store: EventStore, stream: number, version?: number): Promise<number> {
  const [edges, resources] = [
    await reads(store).dependencies(stream, version),
    await reads(store).resources(stream, version),
  ];
  const addresses = resources.map(({ address }) => address);
  const arrows: Arrow[] = [
    ...edges.map(({ address: from, target: to }) => ({ from, to })),
    ...addresses.flatMap((to) => ((base) => (base === null ? [] : [{ from: base, to }]))(baseAddress(to))),
  ];
  expect([...cyclicCore(arrows)]).toEqual([]);
  const explicit = edges.filter(({ type }) => type === 'explicit').map(({ address, target }) => `${address} ${target}`);
  const declared = resources.flatMap(({ address, value }) =>
    value.dependencies.map((target) => `${address} ${target}`),
  );
  expect(explicit.sort()).toEqual([...new Set(declared)].sort());
  expect(edges.filter(({ address }) => !addresses.includes(address))).toEqual([]);
  return edges.filter(({ type }) => type === 'implicit').length;
}

test('no cycle is created, declared dependencies are edges, and no edge outlives its resource', {
  timeout: TIMEOUT,
}, async () => {
  let implicit = 0;
  await fc.assert(
    fc.asyncProperty(beginning, steps(50), async (first, script) => {
      const { store } = await live([...first, ...script], (_, { command, receipt }) =>
        tally.count(command, receipt !== undefined),
      );
      for (const { stream, stateVersion } of await allStacks(store)) {
        implicit += await keepsItsPromise(store, stream);
        for (let version = 1; version <= stateVersion; version += 3) {
          implicit += await keepsItsPromise(store, stream, version);
        }
      }
      await store.close();
    }),
    parameters(),
  );
  expect(implicit).toBeGreaterThan(0);
  expect(tally.share(), tally.counts()).toBeGreaterThan(0.2);
});
