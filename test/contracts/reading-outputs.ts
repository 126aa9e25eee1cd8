import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { reads } from '../support/reads.js';
import { HALFWIDTH, LINEAR } from './life.js';
import { createStack, given, instant, type OpenStore, set } from './world.js';

export function readingOutputs(open: OpenStore): void {
  describe('outputs', () => {
    /** Versions 2 to 4: set, changed, removed. */
    const OUTPUTS: readonly Command[] = [
      createStack('web'),
      {
        type: 'apply',
        stack: 'web',
        outputs: [
          { name: LINEAR, value: null },
          { name: HALFWIDTH, value: 1 },
          { name: 'o', value: { a: 1 }, sensitive: true, metadata: { type: 'map' } },
        ],
      },
      { type: 'apply', stack: 'web', outputs: [{ name: 'o', value: 2 }] },
      { type: 'apply', stack: 'web', removeOutputs: ['o'] },
    ];
    const old = {
      name: 'o',
      value: { a: 1 },
      sensitive: true,
      metadata: { type: 'map' },
      position: 4,
      version: 2,
    };

    test('are sorted by name in UTF-8 byte order', async () => {
      const { store } = await given(open, OUTPUTS);
      expect((await reads(store).outputs(1, 2)).map(({ name }) => name)).toEqual(['o', HALFWIDTH, LINEAR]);
    });

    test('are those of the requested version', async () => {
      const { store } = await given(open, OUTPUTS);
      const at = async (version?: number) =>
        (await reads(store).outputs(1, version)).map(({ name, value }) => [name, value]);
      expect(await at(1)).toEqual([]);
      expect((await at(2))[0]).toEqual(['o', { a: 1 }]);
      expect((await at(3))[0]).toEqual(['o', 2]);
      expect(await at(4)).toEqual([
        [HALFWIDTH, 1],
        [LINEAR, null],
      ]);
      expect(await at()).toEqual(await at(4));
    });

    test('can be read one by one', async () => {
      const { store } = await given(open, OUTPUTS);
      expect(await reads(store).output(1, 'o', 1)).toBeUndefined();
      expect(await reads(store).output(1, 'o', 2)).toEqual(old);
      expect(await reads(store).output(1, 'o', 3)).toEqual({
        ...old,
        value: 2,
        sensitive: false,
        metadata: null,
        position: 5,
        version: 3,
      });
      expect(await reads(store).output(1, 'o', 4)).toBeUndefined();
      expect(await reads(store).output(1, 'o')).toBeUndefined();
      expect(await reads(store).output(1, LINEAR)).toMatchObject({ value: null, version: 2 });
      expect(await reads(store).output(1, 'zzz')).toBeUndefined();
      expect(await reads(store).output(9, LINEAR)).toBeUndefined();
    });
  });

  describe('dependencies', () => {
    /** Versions 2 to 4: declared, an implicit one added, declared ones changed. */
    const EDGES: readonly Command[] = [
      createStack('web'),
      {
        type: 'apply',
        stack: 'web',
        allowMissing: true,
        resources: [
          { type: 't', name: 'b', dependencies: ['t.a'] },
          { type: 't', name: 'a', dependencies: [`t.${LINEAR}`, `t.${HALFWIDTH}`] },
        ],
      },
      {
        type: 'addDependency',
        stack: 'web',
        resource: 't.b',
        dependsOn: 'x.y',
        allowMissing: true,
        dependencyType: 'implicit',
        path: '$.n',
      },
      { type: 'removeDependency', stack: 'web', resource: 't.b', dependsOn: 't.a' },
    ];

    test('are sorted by address and target, those of the requested version', async () => {
      const { store } = await given(open, EDGES);
      const at = async (version?: number) =>
        (await reads(store).dependencies(1, version)).map(({ address, target, type }) => [address, target, type]);
      const declared = [
        ['t.a', `t.${HALFWIDTH}`, 'explicit'],
        ['t.a', `t.${LINEAR}`, 'explicit'],
      ];
      const first = ['t.b', 't.a', 'explicit'];
      const found = ['t.b', 'x.y', 'implicit'];
      expect(await at(1)).toEqual([]);
      expect(await at(2)).toEqual([...declared, first]);
      expect(await at(3)).toEqual([...declared, first, found]);
      expect(await at(4)).toEqual([...declared, found]);
      expect(await at()).toEqual(await at(4));
      expect(await reads(store).dependencies(9)).toEqual([]);
    });

    test('equal edges without the other fields', async () => {
      const { store } = await given(open, EDGES);
      for (const version of [undefined, 1, 2, 3, 4]) {
        expect(await reads(store).edges(1, version)).toEqual(
          (await reads(store).dependencies(1, version)).map(({ position: _, createdAt: __, ...edge }) => edge),
        );
      }
      expect(await reads(store).edges(1)).toContainEqual({
        address: 't.b',
        target: 'x.y',
        type: 'implicit',
        path: '$.n',
      });
      expect(await reads(store).edges(9)).toEqual([]);
    });

    test('can be read one by one', async () => {
      const { store } = await given(open, EDGES);
      expect(await reads(store).dependency(1, ['t.b', 'x.y'])).toEqual({
        address: 't.b',
        target: 'x.y',
        type: 'implicit',
        path: '$.n',
        position: 7,
        createdAt: instant(2),
      });
      expect(await reads(store).dependency(1, ['t.b', 'x.y'], 2)).toBeUndefined();
      expect(await reads(store).dependency(1, ['t.b', 't.a'], 3)).toMatchObject({ type: 'explicit', path: null });
      expect(await reads(store).dependency(1, ['t.b', 't.a'])).toBeUndefined();
      expect(await reads(store).dependency(1, ['t.a', 't.b'])).toBeUndefined();
      expect(await reads(store).dependency(9, ['t.b', 'x.y'])).toBeUndefined();
    });
  });

  describe('changedKeys', () => {
    const CHANGES: readonly Command[] = [
      createStack('web'), // 1
      set('web', 'a', 1, { module: 'module.m' }), // 2
      { type: 'apply', stack: 'web', outputs: [{ name: 'o', value: 1 }] }, // 3
      { type: 'addTags', stack: 'web', tags: ['x'] }, // still 3
      { ...set('web', 'b', 1, { dependencies: ['t.c'] }), remove: ['module.m.t.a'], allowMissing: true } as Command, // 4
      { type: 'apply', stack: 'web', removeOutputs: ['o'] }, // 5
    ];

    test('returns the keys changed by the commits after one version and up to the other', async () => {
      const { store } = await given(open, [...CHANGES, createStack('db'), set('db', 'other', 1)]);
      const nothing = { addresses: [], outputs: [], dependencies: [] };
      expect(await reads(store).changedKeys(1, 1, 2)).toEqual({ ...nothing, addresses: ['module.m.t.a'] });
      expect(await reads(store).changedKeys(1, 2, 3)).toEqual({ ...nothing, outputs: ['o'] });
      expect(await reads(store).changedKeys(1, 3, 4)).toEqual({
        ...nothing,
        addresses: ['module.m.t.a', 't.b'],
        dependencies: [['t.b', 't.c']],
      });
      expect(await reads(store).changedKeys(1, 4, 5)).toEqual({ ...nothing, outputs: ['o'] });
      expect(await reads(store).changedKeys(1, 0, 99)).toEqual({
        addresses: ['module.m.t.a', 't.b'],
        outputs: ['o'],
        dependencies: [['t.b', 't.c']],
      });
      expect(await reads(store).changedKeys(1, 3, 3)).toEqual(nothing);
      expect(await reads(store).changedKeys(1, 4, 2)).toEqual(nothing);
      expect(await reads(store).changedKeys(99, 0, 9)).toEqual(nothing);
      expect(await reads(store).changedKeys(9, 0, 9)).toEqual({ ...nothing, addresses: ['t.other'] });
    });
  });
}
