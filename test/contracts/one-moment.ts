import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { engineOn } from '../../src/engine.js';
import { FORMATS } from '../../src/formats/formats.js';
import type { JsonObject } from '../../src/lib/json.js';
import { readDetails } from '../../src/queries/details.js';
import { diffVersions } from '../../src/queries/diff.js';
import { readGraph } from '../../src/queries/graph.js';
import { readState, type StateView, stateHash } from '../../src/queries/state.js';
import type { EventStore } from '../../src/store/event-store.js';
import type { Query } from '../../src/store/snapshot.js';
import { interleaved } from '../support/interleaved.js';
import { given, type OpenStore } from './world.js';

/** Sets everything of the stack to `n`. */
const to = (n: number): Command => ({
  type: 'apply',
  stack: 'web',
  document: { description: String(n) },
  resources: ['a', 'b'].map((name) => ({
    type: 't',
    name,
    properties: { n },
    dependencies: n % 2 === 0 ? ['t.c'] : [],
  })),
  outputs: [{ name: 'n', value: n }],
});

/** The numbers in a state, one for each value that holds it. */
const numbersIn = ({ version, document, resources, outputs }: StateView): number[] => [
  version - 1,
  Number(document.description),
  ...resources.filter(({ name }) => name !== 'c').map(({ value }) => Number(value.properties.n)),
  ...outputs.map(({ value }) => Number(value)),
];

/** The version that each result belongs to. */
const ANSWERS: Readonly<Record<string, (store: EventStore) => Promise<readonly number[]>>> = {
  'the state': async (store) => numbersIn(await store.read((s) => readState(s, 'web'))),
  'the details of a stack': async (store) => {
    const { state, tags } = await store.read((s) => readDetails(s, 'web', ''));
    return [...numbersIn(state), ...tags.map(({ tag }) => Number(tag.slice(1)))];
  },
  'an export': async (store) => {
    const view = await store.read((s) => readState(s, 'web'));
    const { resources } = FORMATS.terraform.give(view) as { resources: { instances: { attributes: JsonObject }[] }[] };
    const shown = resources.flatMap(({ instances }) => instances.map(({ attributes }) => attributes.n));
    return [...numbersIn(view), ...shown.filter((n) => n !== undefined).map(Number)];
  },
  'the hash of a state': async (store) => {
    const view = await store.read((s) => readState(s, 'web'));
    const again = await store.read((s) => readState(s, 'web', { version: view.version }));
    return [stateHash(view), stateHash(again)].map((hash) => Number.parseInt(hash.slice(0, 8), 16));
  },
  'a graph': async (store) => {
    const { version, edges } = await store.read((s) => readGraph(s, 'web'));
    return [(version - 1) % 2 === 0 ? 2 : 0, edges.length];
  },
};

export function oneMoment(open: OpenStore): void {
  describe('a read during concurrent writes', () => {
    test.each(Object.entries(ANSWERS))('%s is of one version', async (_, answer) => {
      const { store } = await given(open, [
        { type: 'createStack', name: 'web' },
        { type: 'apply', stack: 'web', resources: [{ type: 't', name: 'c' }] },
      ]);
      let n = 1;
      const write = async () => {
        n += 1;
        const commands: Command[] = [
          to(n),
          { type: 'addTags', stack: 'web', tags: [`n${n}`] },
          ...(n > 2 ? [{ type: 'removeTags' as const, stack: 'web', tags: [`n${n - 1}`] }] : []),
        ];
        return engineOn(store).executeTogether(commands.map((command) => [command, { actor: 'w' }]));
      };
      await write();
      const { racing, settled } = interleaved(store, write);
      for (let round = 0; round < 5; round += 1) {
        const numbers = await answer(racing);
        expect(new Set(numbers), String(numbers)).toHaveProperty('size', 1);
        await settled();
      }
      expect(n).toBeGreaterThan(6);
    });

    test('a comparison of two versions uses exactly those two', async () => {
      const { store } = await given(open, [
        { type: 'createStack', name: 'web' },
        { type: 'apply', stack: 'web', resources: [{ type: 't', name: 'c' }] },
      ]);
      const { execute } = engineOn(store);
      for (const n of [2, 3]) await execute(to(n), { actor: 'w' });
      let n = 3;
      const { racing, settled } = interleaved(store, () => execute(to(++n), { actor: 'w' }));
      const query: Query<unknown> = (s) => diffVersions(s, 'web', 3, 4);
      const quiet = await store.read(query);
      expect(await racing.read(query)).toEqual(quiet);
      await settled();
      expect(n).toBeGreaterThan(5);
    });
  });
}
