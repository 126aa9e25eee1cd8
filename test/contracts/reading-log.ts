import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { PROJECTION } from '../../src/engine.js';
import type { EventFilter, EventStore } from '../../src/store/event-store.js';
import { createStack, given, instant, type OpenStore, set } from './world.js';

/** Seven events, one second apart: web has 1, 3, 4, 5 and 7, db has 2 and 6. */
const LOG: readonly Command[] = [
  createStack('web'),
  createStack('db'),
  set('web', 'a', 1),
  { type: 'addTags', stack: 'web', tags: ['x'] },
  set('web', 'a', 2),
  { type: 'addTags', stack: 'db', tags: ['x'] },
  { type: 'removeTags', stack: 'web', tags: ['x'] },
];

export function readingTheLog(open: OpenStore): void {
  describe('events', () => {
    const positions = async (store: EventStore, filter: Partial<EventFilter>) =>
      (await store.events({ limit: 100, ...filter })).map(({ position }) => position);

    test.each<[string, Partial<EventFilter>, readonly number[]]>([
      ['all, oldest first', {}, [1, 2, 3, 4, 5, 6, 7]],
      ['newest first', { descending: true }, [7, 6, 5, 4, 3, 2, 1]],
      ['the first few', { limit: 2 }, [1, 2]],
      ['the last few', { limit: 2, descending: true }, [7, 6]],
      ['none', { limit: 0 }, []],
      ['after a position', { after: 5 }, [6, 7]],
      ['after the head', { after: 7 }, []],
      ['up to a position', { upTo: 2 }, [1, 2]],
      ['between two positions', { after: 2, upTo: 4 }, [3, 4]],
      ['between two positions, newest first', { after: 2, upTo: 5, descending: true, limit: 2 }, [5, 4]],
      ['of a stream', { stream: 2 }, [2, 6]],
      ['of a stream, newest first', { stream: 1, descending: true, limit: 2 }, [7, 5]],
      ['of a stream, after a position', { stream: 1, after: 3, upTo: 5 }, [4, 5]],
      ['of a stream that is not there', { stream: 3 }, []],
      ['of some types', { types: ['TagAdded', 'ResourceUpdated'] }, [4, 5, 6]],
      ['of no types', { types: [] }, []],
      ['of a type nobody knows', { types: ['Unheard'] }, []],
      ['of some types in a stream', { stream: 1, types: ['TagAdded', 'TagRemoved'] }, [4, 7]],
      [
        'of some types in a stream, newest first',
        { stream: 1, types: ['TagAdded', 'TagRemoved'], descending: true },
        [7, 4],
      ],
      ['since an instant, that one included', { since: instant(5) }, [6, 7]],
      ['until an instant, that one included', { until: instant(1) }, [1, 2]],
      ['between two instants', { since: instant(2), until: instant(3) }, [3, 4]],
      [
        'between two instants in a stream, newest first',
        { since: instant(2), until: instant(4), stream: 1, descending: true },
        [5, 4, 3],
      ],
      [
        'since an instant in a stream, of a type',
        { since: instant(4), stream: 1, types: ['TagAdded', 'TagRemoved'] },
        [7],
      ],
      ['after the last instant', { since: instant(6.001) }, []],
      ['by an actor who did nothing', { actor: 'nobody' }, []],
    ])('returns %s', async (_, filter, expected) => {
      const { store } = await given(open, LOG);
      expect(await positions(store, filter)).toEqual(expected);
    });

    test('by an actor are found by the full name, in every order and stream', async () => {
      const { store, run } = await given(open, LOG);
      await run({ type: 'addTags', stack: 'web', tags: ['y'] }, { actor: 'ana' });
      await run({ type: 'addTags', stack: 'db', tags: ['y'] }, { actor: 'ana"' });
      await run(set('web', 'b', 1), { actor: 'ana' });
      expect(await positions(store, { actor: 'ana' })).toEqual([8, 10]);
      expect(await positions(store, { actor: 'ana', descending: true, limit: 1 })).toEqual([10]);
      expect(await positions(store, { actor: 'ana', stream: 1, types: ['TagAdded'] })).toEqual([8]);
      expect(await positions(store, { actor: 'ana', stream: 2 })).toEqual([]);
      expect(await positions(store, { actor: 'ana"' })).toEqual([9]);
      expect(await positions(store, { actor: 'an' })).toEqual([]);
      expect(await positions(store, { actor: 'test', since: instant(5) })).toEqual([6, 7]);
    });

    test('that are returned do not let their holder change history', async () => {
      const { store } = await given(open, LOG);
      const before = await store.events({ limit: 100 });
      const [mine] = await store.events({ limit: 1 });
      try {
        Object.assign(mine as object, { data: '{}', type: 'Forged' });
      } catch {
        // refusing is as good as returning a copy
      }
      expect((await store.events({ limit: 1 }))[0]).toEqual({
        ...before[0],
        type: 'StackCreated',
        data: expect.stringContaining('"name":"web"'),
      });
    });
  });

  describe('checkpoints', () => {
    test('of every projection, sorted by name, are at the head', async () => {
      const { store } = await given(open, LOG);
      const expected = PROJECTION.projectors.map(({ name, version }) => ({ name, version, position: 7 }));
      expect(await store.checkpoints()).toEqual(expected.sort((a, b) => (a.name < b.name ? -1 : 1)));
    });
  });

  describe('describe', () => {
    test('counts events, live stacks and valid locks', async () => {
      const { store, clock, run } = await given(open, [
        ...LOG,
        createStack('gone'),
        { type: 'deleteStack', stack: 'gone' },
        { type: 'acquireLock', stack: 'web', operation: 'o', ttlMs: 60_000 },
        { type: 'acquireLock', stack: 'db', operation: 'o', ttlMs: 5_000 },
      ]);
      expect(await store.describe()).toMatchObject({ events: 11, stacks: 2, locks: 2 });
      clock.advance(10_000);
      expect(await store.describe()).toMatchObject({ events: 11, stacks: 2, locks: 1 });
      await run({ type: 'breakLock', stack: 'web', reason: 'r' });
      expect(await store.describe()).toMatchObject({ events: 12, stacks: 2, locks: 0 });
    });

    test('reads head, checkpoints and counts from one snapshot while others write', async () => {
      const { store, run } = await given(open, LOG);
      const writing = Array.from({ length: 20 }, (_, n) => run({ type: 'addTags', stack: 'web', tags: [`t${n}`] }));
      for (const _ of writing) {
        const { head, events, projections } = await store.describe();
        expect(head.position).toBe(events);
        expect(new Set(projections.map(({ position }) => position))).toEqual(new Set([events]));
      }
      await Promise.all(writing);
      expect(await store.describe()).toMatchObject({
        head: await store.head(),
        projections: await store.checkpoints(),
      });
    });

    test('returns the kind of store, and its size', async () => {
      const { store, run } = await given(open, LOG);
      const before = await store.describe();
      expect(before.kind).not.toBe('');
      expect(before.engine).toMatch(/\d/);
      await run({ type: 'updateStack', stack: 'web', metadata: randomBytes(400_000).toString('hex') }); // nothing compresses it
      expect((await store.describe()).bytes).toBeGreaterThan(before.bytes + 500_000);
    });
  });
}
