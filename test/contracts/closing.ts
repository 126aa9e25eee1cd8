import { describe, expect, test } from 'vitest';
import { COMMANDS, prepare } from '../../src/commands/index.js';
import { GENESIS_HASH } from '../../src/events/index.js';
import type { EventStore } from '../../src/store/event-store.js';
import { createStack, given, type OpenStore, set } from './world.js';

const request = prepare(COMMANDS.createStack, createStack('late'), { actor: 'test' });

/** Every method that must be refused on a closed store: a new one does not compile until it is listed here. */
const CALLS: {
  readonly [M in Exclude<keyof EventStore, 'close' | 'onAppend'>]: (store: EventStore) => Promise<unknown>;
} = {
  append: (store) => store.append(request),
  appendTogether: (store) => store.appendTogether([request]),
  preview: (store) => store.preview(request),
  head: (store) => store.head(),
  events: (store) => store.events({ limit: 1 }),
  page: (store) => store.page({ limit: 1 }),
  size: (store) => store.size('events', 1),
  checkpoints: (store) => store.checkpoints(),
  describe: (store) => store.describe(),
  read: (store) => store.read((s) => s.head()),
  projections: (store) => store.projections(),
  rebuild: (store) => store.rebuild(),
  compareTables: (store) => store.compareTables({}),
  checkStorage: (store) => store.checkStorage(),
  importLog: (store) => store.importLog([], { position: 0, hash: GENESIS_HASH }),
  extendLog: (store) => store.extendLog([]),
  backup: (store) => store.backup('/tmp/never-written.db'),
};

export function closing(open: OpenStore): void {
  describe('close', () => {
    test.each(Object.entries(CALLS))('refuses %s afterwards', async (_, call) => {
      const { store } = await given(open, [createStack('web'), set('web', 'a', 1)]);
      await store.close();
      await expect(call(store)).rejects.toMatchObject({ code: 'STORE_CLOSED', exitCode: 1 });
    });

    test('refuses new listeners afterwards', async () => {
      const { store } = await given(open);
      await store.close();
      expect(() => store.onAppend(() => {})).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }));
    });

    test('may be called twice', async () => {
      const { store } = await given(open);
      await store.close();
      await expect(store.close()).resolves.toBeUndefined();
    });

    test('waits for accepted work', async () => {
      const { store, run } = await given(open, [createStack('web')]);
      const accepted = Promise.all(Array.from({ length: 5 }, (_, n) => run(set('web', `r${n}`, n))));
      await Promise.resolve(); // a command reaches its store one turn after the engine accepts it
      await store.close();
      expect((await accepted).map(({ lastPosition }) => lastPosition)).toEqual([2, 3, 4, 5, 6]);
    });

    test('refuses calls while it is closing', async () => {
      const { store } = await given(open);
      const closed = store.close();
      await expect(store.append(request)).rejects.toMatchObject({ code: 'STORE_CLOSED' });
      await closed;
    });

    test('waits for a running rebuild, or ends it between two steps', async () => {
      const { store } = await given(open, [createStack('web'), set('web', 'a', 1)]);
      const rebuilt = store.rebuild().catch((error: unknown) => error);
      await store.close();
      const outcome = (await rebuilt) as { readonly events?: number; readonly code?: string };
      expect(outcome.events ?? outcome.code).toBeOneOf([2, 'STORE_CLOSED']);
    });

    test('allows a listener to unsubscribe afterwards', async () => {
      const { store } = await given(open);
      const stop = store.onAppend(() => {});
      await store.close();
      expect(stop).not.toThrow();
    });
  });
}
