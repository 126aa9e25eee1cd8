import { describe, expect, test } from 'vitest';
import { reads } from '../support/reads.js';
import { HALFWIDTH, LINEAR } from './life.js';
import { createStack, given, instant, type OpenStore, set } from './world.js';

export function readingStacks(open: OpenStore): void {
  describe('stack', () => {
    test('is found by its id and by its name, with its current state', async () => {
      const { store, run, clock } = await given(open, [createStack('web'), createStack('db'), set('web', 'a', 1)]);
      await run({ type: 'startExecution', stack: 'web', executionId: 'r' });
      clock.advance(2_500);
      await run({ type: 'failExecution', stack: 'web', executionId: 'r', error: 'boom' });
      const web = await reads(store).stack('web');
      expect(web).toEqual({
        stream: 1,
        id: 'web-id',
        name: 'web',
        description: '',
        version: '',
        status: 'failed',
        workflowFile: '',
        stateVersion: 4,
        revision: 4,
        resourceCount: 1,
        createdAt: instant(0),
        updatedAt: instant(5.5),
        completedAt: instant(5.5),
        executionCount: 1,
        lastDuration: 2_500,
        lastError: 'boom',
        deletedAt: null,
      });
      expect(await reads(store).stack('web-id')).toEqual(web);
      expect(await reads(store).stack('we')).toBeUndefined();
      expect(await reads(store).stack('')).toBeUndefined();
    });

    test('is found by its new name only, once renamed', async () => {
      const { store } = await given(open, [createStack('web'), { type: 'updateStack', stack: 'web', name: 'shop' }]);
      expect(await reads(store).stack('shop')).toMatchObject({ id: 'web-id' });
      expect(await reads(store).stack('web')).toBeUndefined();
      expect(await reads(store).stack('web', { deleted: true })).toBeUndefined();
    });

    test('that was deleted is found only on request', async () => {
      const { store } = await given(open, [createStack('web'), { type: 'deleteStack', stack: 'web' }]);
      for (const ref of ['web', 'web-id']) {
        expect(await reads(store).stack(ref)).toBeUndefined();
        expect(await reads(store).stack(ref, { deleted: false })).toBeUndefined();
        expect(await reads(store).stack(ref, { deleted: true })).toMatchObject({ id: 'web-id', deletedAt: instant(1) });
      }
    });

    test('that is live takes precedence over deleted ones with its name', async () => {
      const { store } = await given(open, [
        createStack('web', 'old'),
        { type: 'deleteStack', stack: 'web' },
        createStack('web', 'new'),
      ]);
      expect(await reads(store).stack('web', { deleted: true })).toMatchObject({ id: 'new', deletedAt: null });
      expect(await reads(store).stack('old', { deleted: true })).toMatchObject({ id: 'old' });
      expect(await reads(store).stack('old')).toBeUndefined();
    });

    test('of several deleted ones with a name, the last deleted is found', async () => {
      const { store, clock, run } = await given(open, [
        createStack('web', 'first'),
        { type: 'updateStack', stack: 'first', name: 'aside' },
        createStack('web', 'second'),
        { type: 'deleteStack', stack: 'second' },
        { type: 'updateStack', stack: 'first', name: 'web' },
        { type: 'deleteStack', stack: 'first' },
      ]);
      expect(await reads(store).stack('web', { deleted: true })).toMatchObject({ id: 'first' });
      clock.advance(-1_000); // the same time as the last: then the younger stack
      await run(createStack('web', 'third'));
      await run({ type: 'deleteStack', stack: 'third' });
      expect(await reads(store).stack('web', { deleted: true })).toMatchObject({ id: 'third' });
    });
  });

  describe('stacks', () => {
    const names = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name);

    test('are sorted by name in UTF-8 byte order', async () => {
      const all = ['b', LINEAR, 'é', 'a', HALFWIDTH, 'Z'];
      const { store } = await given(
        open,
        all.map((name, n) => createStack(name, `id-${n}`)),
      );
      expect(names(await reads(store).stacks({}))).toEqual(['Z', 'a', 'b', 'é', HALFWIDTH, LINEAR]);
    });

    test('are the live ones, or the deleted ones on request', async () => {
      const { store } = await given(open, [createStack('a'), createStack('b'), { type: 'deleteStack', stack: 'a' }]);
      expect(names(await reads(store).stacks({}))).toEqual(['b']);
      expect(names(await reads(store).stacks({ deleted: false }))).toEqual(['b']);
      expect(names(await reads(store).stacks({ deleted: true }))).toEqual(['a']);
    });

    test('can be filtered by status', async () => {
      const { store } = await given(open, [
        createStack('a'),
        createStack('b'),
        { type: 'updateStack', stack: 'b', status: 'ready' },
      ]);
      expect(names(await reads(store).stacks({ status: 'ready' }))).toEqual(['b']);
      expect(names(await reads(store).stacks({ status: 'created' }))).toEqual(['a']);
      expect(names(await reads(store).stacks({ status: 'read' }))).toEqual([]);
    });

    test('can be filtered by tags, all of which they must have, and list their own in order', async () => {
      const { store } = await given(open, [
        createStack('a'),
        createStack('b'),
        createStack('c'),
        { type: 'addTags', stack: 'a', tags: ['x', LINEAR, HALFWIDTH, 'W'] },
        { type: 'addTags', stack: 'b', tags: ['x', 'y'] },
        { type: 'removeTags', stack: 'b', tags: ['y'] },
      ]);
      expect((await reads(store).stacks({})).map(({ tags }) => tags)).toEqual([
        ['W', 'x', HALFWIDTH, LINEAR],
        ['x'],
        [],
      ]);
      expect(names(await reads(store).stacks({ tags: ['x'] }))).toEqual(['a', 'b']);
      expect(names(await reads(store).stacks({ tags: ['x', LINEAR] }))).toEqual(['a']);
      expect(names(await reads(store).stacks({ tags: ['x', 'y'] }))).toEqual([]);
      expect(names(await reads(store).stacks({ tags: [] }))).toEqual(['a', 'b', 'c']);
      expect(names(await reads(store).stacks({ tags: ['x'], status: 'ready' }))).toEqual([]);
    });

    test('show which of them are locked now', async () => {
      const { store, clock } = await given(open, [
        createStack('a'),
        createStack('b'),
        { type: 'acquireLock', stack: 'b', operation: 'o', ttlMs: 5_000 },
      ]);
      const locked = async () => (await reads(store).stacks({}, clock.now())).map((item) => item.locked);
      expect(await locked()).toEqual([false, true]);
      clock.advance(3_999);
      expect(await locked()).toEqual([false, true]);
      clock.advance(1);
      expect(await locked()).toEqual([false, false]);
    });
  });

  describe('document', () => {
    test('is that of the requested version, with the status whatever set it last', async () => {
      const { store } = await given(open, [
        { type: 'createStack', id: 'web-id', name: 'web', configuration: { a: 1 } },
        { type: 'updateStack', stack: 'web', configuration: [2], status: 'ready' },
        { type: 'startExecution', stack: 'web', executionId: 'r1' },
        { type: 'completeExecution', stack: 'web', executionId: 'r1', taskResults: { ok: true }, durationMs: 7 },
        { type: 'updateStack', stack: 'web', status: 'fixed' },
        { type: 'startExecution', stack: 'web', executionId: 'r2' },
        { type: 'failExecution', stack: 'web', executionId: 'r2', error: 'boom' },
      ]);
      const at = async (version?: number) => {
        const { document, ...rest } = await reads(store).document(1, version);
        return [document.status, document.configuration, rest];
      };
      const never = { executionCount: 0, completedAt: null, lastDuration: null, lastError: null, taskResults: null };
      const once = {
        executionCount: 1,
        completedAt: instant(3),
        lastDuration: 7,
        lastError: null,
        taskResults: { ok: true },
      };
      expect(await at(1)).toEqual(['created', { a: 1 }, never]);
      expect(await at(2)).toEqual(['ready', [2], never]);
      expect(await at(3)).toEqual(['running', [2], { ...never, executionCount: 1 }]);
      expect(await at(4)).toEqual(['completed', [2], once]);
      expect(await at(5)).toEqual(['fixed', [2], once]);
      expect(await at(6)).toEqual(['running', [2], { ...once, executionCount: 2 }]);
      const failed = {
        executionCount: 2,
        completedAt: instant(6),
        lastDuration: 1_000,
        lastError: 'boom',
        taskResults: null,
      };
      expect(await at(7)).toEqual(['failed', [2], failed]);
      expect(await at()).toEqual(await at(7));
    });

    test('is complete: every field, and nothing else', async () => {
      const { store } = await given(open, [createStack('web')]);
      expect((await reads(store).document(1)).document).toEqual({
        name: 'web',
        description: '',
        version: '',
        status: 'created',
        workflowFile: '',
        configuration: {},
        metadata: {},
        origin: null,
      });
    });
  });
}
