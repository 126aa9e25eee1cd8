import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { reads } from '../support/reads.js';
import { createStack, given, type OpenStore, set, type World } from './world.js';

const origin = { format: 'terraform', lineage: 'line', header: {} } as const;
const next = (serial: number, names: readonly string[], more: object = {}): Command => ({
  type: 'apply',
  stack: 's',
  create: { id: 's-id' },
  kind: 'import',
  prune: true,
  succession: { ...origin, serial, ...more },
  resources: names.map((name) => ({ type: 't', name, properties: { name } })),
  outputs: names.map((name) => ({ name, value: name })),
});
const desired = (...names: string[]): Command => ({
  type: 'apply',
  stack: 's',
  prune: true,
  resources: names.map((name) => ({ type: 't', name })),
  outputs: names.map((name) => ({ name, value: 1 })),
});

const held = async ({ store, stack }: World) => {
  const { stream } = await stack('s');
  return {
    addresses: (await reads(store).resources(stream)).map(({ address }) => address),
    outputs: (await reads(store).outputs(stream)).map(({ name }) => name),
    origin: (await reads(store).document(stream)).document.origin,
  };
};

export function pruning(open: OpenStore): void {
  describe('prune', () => {
    test('removes what the command does not state, whoever added it, and nothing of another stack', async () => {
      const world = await given(open, [
        createStack('s'),
        createStack('other'),
        set('other', 'mine', 1),
        desired('é', 'a', 'z'),
        desired('a', 'b'),
      ]);
      expect(await held(world)).toMatchObject({ addresses: ['t.a', 't.b'], outputs: ['a', 'b'] });
      expect(await world.run(desired('a', 'b'))).toMatchObject({ events: 0 });
      await world.run(desired());
      expect(await held(world)).toMatchObject({ addresses: [], outputs: [] });
      const { stream } = await world.stack('other');
      expect(await reads(world.store).resources(stream)).toHaveLength(1);
    });

    test('removes a named resource once, and keeps one with dependents', async () => {
      const world = await given(open, [createStack('s'), desired('a', 'b')]);
      await world.run(set('s', 'c', 1, { dependencies: ['t.a'] }));
      const keepC: Command = { type: 'apply', stack: 's', prune: true, resources: [{ type: 't', name: 'c' }] };
      await world.refused('HAS_DEPENDENTS', { ...keepC, resources: [{ type: 't', name: 'c', dependencies: ['t.a'] }] });
      const both: Command = { ...keepC, remove: ['t.b'], removeOutputs: ['b'], dependents: 'leave' };
      await world.run(both);
      expect(await held(world)).toMatchObject({ addresses: ['t.c'], outputs: [] });
    });

    test('removes what concurrent commands added', async () => {
      const world = await given(open, [createStack('s')]);
      await Promise.all([world.run(desired('a', 'b')), world.run(desired('c'))]);
      expect(await held(world)).toMatchObject({ addresses: ['t.c'], outputs: ['c'] });
      await world.together([
        [desired('d', 'e'), {}],
        [desired('e'), {}],
      ]);
      expect(await held(world)).toMatchObject({ addresses: ['t.e'], outputs: ['e'] });
    });
  });

  describe('a document of another tool', () => {
    test('is checked against the state that the stack has when it is decided', async () => {
      const world = await given(open, [next(4, ['a', 'b'])]);
      expect(await held(world)).toMatchObject({ origin: { ...origin, serial: 4, version: 1 } });
      await world.run(next(6, ['a', 'c']));
      await world.refused('SERIAL_TOO_LOW', next(5, ['a']));
      await expect(world.preview(next(5, ['a']))).rejects.toMatchObject({ code: 'SERIAL_TOO_LOW' });
      await world.refused('SERIAL_NOT_ADVANCED', next(6, ['a']));
      await world.refused('LINEAGE_MISMATCH', next(7, ['a'], { lineage: 'other' }));
      await world.refused('LINEAGE_MISMATCH', next(7, ['a'], { format: 'pulumi' }));
      expect(await world.run(next(6, ['c', 'a']))).toMatchObject({ events: 0, version: 2 });
      expect(await world.run(next(7, ['a', 'c']))).toMatchObject({ events: 1, version: 3 });
      expect(await world.run(next(5, ['a'], { force: true }))).toMatchObject({ events: 3, version: 4 });
      expect(await held(world)).toMatchObject({ addresses: ['t.a'], origin: { serial: 5, version: 4 } });
    });

    test('is refused after a concurrent one, and if the stack contains a state that was not imported', async () => {
      const world = await given(open, [next(4, ['a'])]);
      const [six, five] = await Promise.allSettled([world.run(next(6, ['b'])), world.run(next(5, ['c']))]);
      expect([six, five]).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'SERIAL_TOO_LOW' } }]);
      await expect(
        world.together([
          [next(8, ['d']), {}],
          [next(7, ['e']), {}],
        ]),
      ).rejects.toMatchObject({ code: 'SERIAL_TOO_LOW' });
      expect(await held(world)).toMatchObject({ addresses: ['t.b'] });
      const made = await given(open, [createStack('s'), desired('a')]);
      await made.refused('NOT_IMPORTED', next(1, ['a']));
    });
  });
}
