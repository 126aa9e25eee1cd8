import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { reads } from '../support/reads.js';
import { HALFWIDTH, LINEAR } from './life.js';
import { createStack, given, instant, type OpenStore, set } from './world.js';

const remove = (stack: string, address: string): Command => ({ type: 'apply', stack, remove: [address] });

/** Versions 1 to 5 of web: created, a set, a changed, a removed, a created again. */
const RESOURCE: readonly Command[] = [
  createStack('web'),
  set('web', 'a', 1, { id: 'own' }),
  set('web', 'a', 2),
  remove('web', 't.a'),
  set('web', 'a', 3),
];

export function readingState(open: OpenStore): void {
  describe('resource', () => {
    test('has the right value at every version, and now', async () => {
      const { store } = await given(open, RESOURCE);
      const at = async (version?: number) => {
        const found = await reads(store).resource(1, 't.a', version);
        return found && [found.id, found.version, found.position, found.value.properties, found.updatedAt];
      };
      expect(await at(1)).toBeUndefined();
      expect(await at(2)).toEqual(['own', 2, 2, { n: 1 }, instant(1)]);
      expect(await at(3)).toEqual(['own', 3, 3, { n: 2 }, instant(2)]);
      expect(await at(4)).toBeUndefined();
      expect(await at(5)).toEqual(['res-2', 5, 5, { n: 3 }, instant(4)]);
      expect(await at()).toEqual(await at(5));
      expect(await at(99)).toEqual(await at(5));
      expect(await at(0)).toBeUndefined();
    });

    test('is complete, and keeps its number and its creation time when it is created again', async () => {
      const { store } = await given(open, RESOURCE);
      const { value, ...rest } = (await reads(store).resource(1, 't.a')) ?? {};
      expect(rest).toEqual({
        resource: 2,
        id: 'res-2',
        address: 't.a',
        module: '',
        type: 't',
        name: 'a',
        position: 5,
        version: 5,
        createdAt: instant(1),
        updatedAt: instant(4),
      });
      expect(Object.keys(value ?? {}).sort()).toEqual([
        'checksum',
        'dependencies',
        'errorMessage',
        'lastApplied',
        'metadata',
        'properties',
        'state',
      ]);
    });

    test('of another stack is a different one', async () => {
      const { store } = await given(open, [...RESOURCE, createStack('db'), set('db', 'a', 9)]);
      expect(await reads(store).resource(6, 't.a')).toMatchObject({ resource: 7, value: { properties: { n: 9 } } });
      expect(await reads(store).resource(6, 't.a', 1)).toBeUndefined();
      expect(await reads(store).resource(1, 't.a')).toMatchObject({ value: { properties: { n: 3 } } });
      expect(await reads(store).resource(3, 't.a')).toBeUndefined();
    });
  });

  describe('resources', () => {
    const addresses = (items: readonly { readonly address: string }[]) => items.map(({ address }) => address);

    test('are sorted by address in UTF-8 byte order', async () => {
      const { store } = await given(open, [
        createStack('web'),
        {
          type: 'apply',
          stack: 'web',
          resources: [
            ...[LINEAR, 'b', HALFWIDTH, 'B', '__proto__'].map((name) => ({ type: 't', name })),
            { type: 't', name: 'a', module: 'module.m' },
          ],
        },
      ]);
      expect(addresses(await reads(store).resources(1))).toEqual([
        'module.m.t.a',
        't.B',
        't.__proto__',
        't.b',
        `t.${HALFWIDTH}`,
        `t.${LINEAR}`,
      ]);
    });

    test('are those that existed at the version, with their values', async () => {
      const { store } = await given(open, [...RESOURCE, set('web', 'b', 7)]);
      const at = async (version?: number) =>
        (await reads(store).resources(1, version)).map(({ address, value }) => [address, value.properties.n]);
      expect(await at(1)).toEqual([]);
      expect(await at(3)).toEqual([['t.a', 2]]);
      expect(await at(4)).toEqual([]);
      expect(await at(6)).toEqual([
        ['t.a', 3],
        ['t.b', 7],
      ]);
      expect(await at()).toEqual(await at(6));
      expect(await reads(store).resources(999)).toEqual([]);
    });

    test('can be read in pages too, with those that existed at the version', async () => {
      const { store } = await given(open, [
        createStack('web'),
        ...['a', 'b', 'c', 'd', 'e'].map((name) => set('web', name, 1)),
        remove('web', 't.b'),
        createStack('other'),
        set('other', 'd', 2),
      ]);
      const names = async (version: number | undefined, after?: string, limit?: number) =>
        (await reads(store).resources(1, version, { after, limit })).map(({ address }) => address.slice(2)).join('');
      expect(await names(undefined, undefined, 2)).toBe('ac');
      expect(await names(undefined, 't.c', 2)).toBe('de');
      expect(await names(undefined, 't.e', 2)).toBe('');
      expect(await names(undefined, 't.b')).toBe('cde');
      expect(await names(undefined, 't.bb', 1)).toBe('c');
      expect(await names(6, 't.a', 2)).toBe('bc');
      expect(await names(3, undefined, 4)).toBe('ab');
      expect(await names(undefined, undefined, 0)).toBe('');
      expect(await reads(store).resources(1, 6, {})).toEqual(await reads(store).resources(1, 6));
    });

    test('equal resource, one by one', async () => {
      const { store } = await given(open, [...RESOURCE, set('web', 'b', 7)]);
      for (const version of [undefined, 2, 3, 6]) {
        for (const one of await reads(store).resources(1, version)) {
          expect(await reads(store).resource(1, one.address, version)).toEqual(one);
        }
      }
    });
  });

  describe('nodes', () => {
    test('are the resources of the requested version, sorted by address in UTF-8 byte order', async () => {
      const { store } = await given(open, [
        ...RESOURCE,
        {
          type: 'apply',
          stack: 'web',
          resources: [LINEAR, HALFWIDTH].map((name) => ({ type: 't', name })),
        },
      ]);
      const a = { address: 't.a', base: null, type: 't' };
      expect(await reads(store).nodes(1, 1)).toEqual([]);
      expect(await reads(store).nodes(1, 2)).toEqual([{ ...a, id: 'own' }]);
      expect(await reads(store).nodes(1, 4)).toEqual([]);
      expect(await reads(store).nodes(1, 5)).toEqual([{ ...a, id: 'res-2' }]);
      expect((await reads(store).nodes(1)).map(({ address }) => address)).toEqual([
        't.a',
        `t.${HALFWIDTH}`,
        `t.${LINEAR}`,
      ]);
      expect(await reads(store).nodes(1)).toEqual(await reads(store).nodes(1, 6));
      expect(await reads(store).nodes(9)).toEqual([]);
    });

    test('equal the resources, at every version', async () => {
      const { store } = await given(open, [...RESOURCE, set('web', 'b', 7, { id: 'b' }), remove('web', 't.a')]);
      for (const version of [undefined, 0, 1, 2, 3, 4, 5, 6, 7, 8]) {
        expect((await reads(store).nodes(1, version)).map(({ address, type, id }) => [address, type, id])).toEqual(
          (await reads(store).resources(1, version)).map(({ address, type, id }) => [address, type, id]),
        );
      }
    });

    test('have the common base address of instances', async () => {
      const { store } = await given(open, [
        createStack('web'),
        set('web', 'a[0]', 1),
        set('web', 'a', 1, { module: 'module.m["x"]' }),
      ]);
      const bases = async (version?: number) =>
        (await reads(store).nodes(1, version)).map(({ address, base }) => [address, base]);
      expect(await bases()).toEqual([
        ['module.m["x"].t.a', 'module.m.t.a'],
        ['t.a[0]', 't.a'],
      ]);
      expect(await bases(2)).toEqual([['t.a[0]', 't.a']]);
    });
  });

  describe('resourceHistory', () => {
    test('contains each event of the resource, oldest first, including removals', async () => {
      const { store } = await given(open, [...RESOURCE, set('web', 'b', 7)]);
      const history = await reads(store).resourceHistory(1, 't.a');
      expect(history.map(({ type, version }) => [type, version])).toEqual([
        ['ResourceCreated', 2],
        ['ResourceUpdated', 3],
        ['ResourceRemoved', 4],
        ['ResourceCreated', 5],
      ]);
      expect(history).toEqual((await store.events({ limit: 100 })).slice(1, 5));
      expect(await reads(store).resourceHistory(1, 't.zzz')).toEqual([]);
      expect(await reads(store).resourceHistory(9, 't.a')).toEqual([]);
    });
  });

  describe('size', () => {
    test('counts the content of a stack, and all of its events, with the bytes of their documents', async () => {
      const { store } = await given(open, [...RESOURCE, createStack('other')]);
      const bytesOf = async (...positions: number[]) => {
        const events = await store.events({ stream: 1, limit: -1 });
        const data = events.filter(({ position }) => positions.includes(position)).map((event) => event.data);
        return Buffer.byteLength(data.join(''));
      };
      expect(await store.size('stacks', 10)).toEqual({ rows: 2, bytes: 0 });
      expect(await store.size('events', 10)).toMatchObject({ rows: 6 });
      expect(await store.size({ stream: 1, part: 'events' }, 10)).toEqual({
        rows: 5,
        bytes: await bytesOf(1, 2, 3, 4, 5),
      });
      const { rows, bytes } = await store.size({ stream: 1, part: 'state' }, 10);
      expect(bytes).toBe(await bytesOf(1, 5));
      expect(rows).toBeGreaterThanOrEqual(2);
    });

    test('counts one row more than the limit, and no further', async () => {
      const { store } = await given(open, RESOURCE);
      expect(await store.size({ stream: 1, part: 'events' }, 2)).toMatchObject({ rows: 3 });
      expect(await store.size('events', 2)).toMatchObject({ rows: 3 });
      expect(await store.size('events', 5)).toMatchObject({ rows: 5 });
    });

    test('counts dependencies and outputs', async () => {
      const { store, run } = await given(open, [createStack('web'), set('web', 'a', 1)]);
      const before = await store.size({ stream: 1, part: 'state' }, 10);
      await run({
        type: 'apply',
        stack: 'web',
        resources: [{ type: 't', name: 'b', dependencies: ['t.a'] }],
        outputs: [{ name: 'o', value: 1 }],
      });
      expect((await store.size({ stream: 1, part: 'state' }, 10)).rows).toBe(before.rows + 3);
    });
  });

  describe('resourceAddress', () => {
    test('is found by the assigned id and by the number, in its own stack only', async () => {
      const { store } = await given(open, [createStack('web'), createStack('db'), set('web', 'a', 1, { id: 'own' })]);
      expect(await reads(store).resourceAddress(1, 'own')).toBe('t.a');
      expect(await reads(store).resourceAddress(1, 'res-3')).toBe('t.a');
      expect(await reads(store).resourceAddress(2, 'own')).toBeUndefined();
      expect(await reads(store).resourceAddress(2, 'res-3')).toBeUndefined();
      for (const id of ['res-1', 'res-03', 'res-', 'res-99999999999999999999', 't.a', '']) {
        expect(await reads(store).resourceAddress(1, id), id).toBeUndefined();
      }
    });

    test('of a removed resource is found by its number', async () => {
      const { store } = await given(open, [createStack('web'), set('web', 'a', 1), remove('web', 't.a')]);
      expect(await reads(store).resourceAddress(1, 'res-2')).toBe('t.a');
    });

    test('of an id that moved is the address of its current holder', async () => {
      const { store } = await given(open, [
        createStack('web'),
        set('web', 'a', 1, { id: 'own' }),
        { ...set('web', 'b', 1, { id: 'own' }), remove: ['t.a'] } as Command,
      ]);
      expect(await reads(store).resourceAddress(1, 'own')).toBe('t.b');
    });
  });
}
