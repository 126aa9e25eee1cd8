import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { reads } from '../support/reads.js';
import { HALFWIDTH, LINEAR } from './life.js';
import { createStack, given, instant, type OpenStore, set } from './world.js';

export function readingAnnotations(open: OpenStore): void {
  describe('lock', () => {
    const take: Command = { type: 'acquireLock', stack: 'web', id: 'l1', operation: 'deploy', info: 'i', ttlMs: 5_000 };

    test('exists from when it is taken until it is released', async () => {
      const { store, run, clock } = await given(open, [createStack('web'), take]);
      const lock = {
        lockId: 'l1',
        token: 2,
        operation: 'deploy',
        who: 'test',
        info: 'i',
        createdAt: instant(1),
        expiresAt: instant(6),
      };
      expect(await reads(store).lock(1)).toEqual(lock);
      await run({ type: 'renewLock', stack: 'web', id: 'l1', ttlMs: 60_000 });
      expect(await reads(store).lock(1)).toEqual({ ...lock, expiresAt: instant(62) });
      clock.advance(1_000);
      await run({ type: 'releaseLock', stack: 'web', id: 'l1' });
      expect(await reads(store).lock(1)).toBeUndefined();
      expect(await reads(store).lock(9)).toBeUndefined();
    });

    test('that expired remains until the next command records it', async () => {
      const { store, run, clock } = await given(open, [createStack('web'), take]);
      clock.advance(10_000);
      expect(await reads(store).lock(1)).toMatchObject({ lockId: 'l1' });
      await run({ type: 'addTags', stack: 'web', tags: ['x'] });
      expect(await reads(store).lock(1)).toBeUndefined();
    });

    test('that was broken no longer exists, and the next one has a larger token', async () => {
      const { store, run } = await given(open, [
        createStack('web'),
        take,
        { type: 'breakLock', stack: 'web', reason: 'r' },
      ]);
      expect(await reads(store).lock(1)).toBeUndefined();
      await run(take);
      expect(await reads(store).lock(1)).toMatchObject({ token: 4 });
    });
  });

  describe('tags', () => {
    test('are sorted in UTF-8 byte order, with actor and time', async () => {
      const { store, run } = await given(open, [
        createStack('web'),
        { type: 'addTags', stack: 'web', tags: [LINEAR, 'b', HALFWIDTH, 'gone'] },
        { type: 'removeTags', stack: 'web', tags: ['gone'] },
      ]);
      await run({ type: 'addTags', stack: 'web', tags: ['B', 'b'] }, { actor: 'ana' });
      const first = { createdAt: instant(1), createdBy: 'test' };
      expect(await reads(store).tags(1)).toEqual([
        { tag: 'B', createdAt: instant(3), createdBy: 'ana' },
        { tag: 'b', ...first },
        { tag: HALFWIDTH, ...first },
        { tag: LINEAR, ...first },
      ]);
      expect(await reads(store).tags(9)).toEqual([]);
    });
  });

  describe('drift', () => {
    const FOUND: readonly Command[] = [
      createStack('web'),
      set('web', 'a', 1),
      { type: 'detectDrift', stack: 'web', findings: [{ resource: 't.a', actual: { n: 2 } }] },
      { type: 'detectDrift', stack: 'web', findings: [{ resource: 'ghost', expected: 1, actual: 2 }] },
    ];

    test('is sorted newest first, with the expected and the actual state', async () => {
      const { store } = await given(open, FOUND);
      const [ghost, known] = await reads(store).drift(1);
      expect(known).toEqual({
        id: 3,
        resource: 2,
        resourceId: 'res-2',
        detectedAt: instant(2),
        expected: { n: 1 },
        actual: { n: 2 },
        fields: ['n'],
        changes: [{ path: '$.n', expected: 1, actual: 2 }],
        isDrifted: true,
        resolutionStatus: 'pending',
        resolvedAt: null,
        reason: null,
        ignoredUntil: null,
      });
      expect(ghost).toMatchObject({ id: 4, resource: null, resourceId: 'ghost', fields: ['$'] });
      expect(await reads(store).drift(9)).toEqual([]);
    });

    test('has the status of each finding', async () => {
      const { store } = await given(open, [
        ...FOUND,
        { type: 'ignoreDrift', stack: 'web', resource: 'ghost', reason: 'known', expiresAt: instant(60) },
        { type: 'resolveDrift', stack: 'web', resource: 't.a', reason: 'done' },
        { type: 'detectDrift', stack: 'web', findings: [{ resource: 't.a', actual: { n: 3 } }] },
        { type: 'detectDrift', stack: 'web', findings: [{ resource: 't.a', actual: { n: 1 } }] },
      ]);
      const outcomes = (await reads(store).drift(1)).map((one) => [
        one.id,
        one.isDrifted,
        one.resolutionStatus,
        one.resolvedAt,
        one.reason,
        one.ignoredUntil,
      ]);
      expect(outcomes).toEqual([
        [7, false, 'resolved', instant(7), null, null],
        [4, true, 'ignored', instant(4), 'known', instant(60)],
        [3, false, 'resolved', instant(5), 'done', null],
      ]);
    });
  });

  describe('drift rules', () => {
    test('are sorted oldest first, with actor and time, until they are removed', async () => {
      const rule = (path: string, more: object = {}): Command => ({
        type: 'addDriftRule',
        stack: 'web',
        path,
        reason: 'known',
        ...more,
      });
      const { store, run, clock } = await given(open, [
        createStack('web'),
        rule('gone'),
        rule(LINEAR, { resourceType: 'aws_*', expiresAt: instant(5) }),
        { type: 'removeDriftRule', stack: 'web', rule: 2 },
      ]);
      await run(rule('a'), { actor: 'ana' });
      clock.advance(10_000); // an expired rule still exists
      expect(await reads(store).driftRules(1)).toEqual([
        {
          id: 3,
          resourceType: 'aws_*',
          path: LINEAR,
          reason: 'known',
          expiresAt: instant(5),
          createdBy: 'test',
          createdAt: instant(2),
        },
        {
          id: 5,
          resourceType: '*',
          path: 'a',
          reason: 'known',
          expiresAt: null,
          createdBy: 'ana',
          createdAt: instant(4),
        },
      ]);
      expect(await reads(store).driftRules(9)).toEqual([]);
    });
  });
}
