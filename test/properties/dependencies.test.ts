import fc from 'fast-check';
import { expect, test } from 'vitest';
import { baseAddress } from '../../src/events/index.js';
import { type Arrow, cyclicCore } from '../../src/kernel/acyclic.js';
import type { EventStore } from '../../src/store/event-store.js';
import { steps } from '../support/commands.js';
import { allStacks, live, Tally } from '../support/lives.js';
import { FEW_RUNS, parameters, TIMEOUT } from '../support/properties.js';

const tally = new Tally();
let implicit = 0;

/** What the commands promise of dependencies, now and at any version: rollback goes back to it. */
async function keepsItsPromise(store: EventStore, stream: number, version?: number): Promise<number> {
  const [edges, resources] = [await store.dependencies(stream, version), await store.resources(stream, version)];
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

test('no cycle comes about, declared dependencies are edges, and no edge outlives its resource', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps(50), async (script) => {
      const { store } = await live(script, (_, { command, receipt }) => tally.count(command, receipt !== undefined));
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
  expect(tally.share(), tally.counts()).toBeGreaterThan(0.2);
});

test.skipIf(FEW_RUNS)('edges that a property asks for occur', () => {
  expect(implicit).toBeGreaterThan(0);
});
