import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { reads } from '../support/reads.js';
import { createStack, given, type OpenStore, set, type World } from './world.js';

const setting = (resource: string, properties: object, more: object = {}): Command =>
  ({ type: 'setResource', stack: 's', resource, properties, ...more }) as Command;

const held = async ({ store, stack }: World) =>
  (await reads(store).resources((await stack('s')).stream)).map(({ address, value }) => [address, value.properties]);

export function settingResources(open: OpenStore): void {
  describe('setting one resource', () => {
    test('identifies it by address or id, and keeps omitted fields', async () => {
      const world = await given(open, [createStack('s'), set('s', 'a', 1, { id: 'own', properties: { x: 1, y: 2 } })]);
      await world.run(setting('t.a', { x: 3 }));
      await world.run(setting('own', { y: 4 }));
      expect(await held(world)).toEqual([['t.a', { x: 3, y: 4 }]]);
      await world.run(setting('own', { z: 5 }, { mode: 'replace' }));
      expect(await held(world)).toEqual([['t.a', { z: 5 }]]);
      expect(await world.run(setting('own', { z: 5 }))).toMatchObject({ events: 0 });
    });

    test('creates it if the address is unused, with its module', async () => {
      const world = await given(open, [createStack('s'), set('s', 'a', 1)]);
      await world.run(setting('t.a', { x: 1 }, { module: 'module.m', id: 'new' }));
      await world.run(setting('new', { y: 1 }));
      await world.run(setting('module.m.t.b', { x: 1 }));
      expect(await held(world)).toMatchObject([
        ['module.m.t.a', { x: 1, y: 1 }],
        ['module.m.t.b', { x: 1 }],
        ['t.a', { n: 1 }],
      ]);
      await world.refused('INVALID_ADDRESS', setting('nothing', { x: 1 }));
      await world.refused('INVALID_ADDRESS', setting('module.m.t.a', { x: 1 }, { module: 'module.m' }));
      await world.refused('RESOURCE_ID_FIXED', setting('t.a', { x: 1 }, { id: 'another' }));
    });

    test('uses ids of the stack only: the id of another stack identifies nothing', async () => {
      const world = await given(open, [createStack('s'), createStack('other'), set('other', 'a', 1, { id: 'theirs' })]);
      await world.refused('INVALID_ADDRESS', setting('theirs', { x: 1 }));
    });

    test('that was renamed since a caller read it still finds it by id', async () => {
      const world = await given(open, [createStack('s'), set('s', 'a', 1, { id: 'own' })]);
      await world.run({ type: 'apply', stack: 's', remove: ['own'], resources: [{ type: 't', name: 'b', id: 'own' }] });
      await world.run(setting('own', { x: 1 }));
      expect(await held(world)).toEqual([['t.b', { x: 1 }]]);
    });
  });
}
