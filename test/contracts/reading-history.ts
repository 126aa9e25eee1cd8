import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { reads } from '../support/reads.js';
import { createStack, given, instant, type OpenStore, set } from './world.js';

/** Positions 1 to 6, versions 1, 2, 2, 2, 3; db in between. */
const HISTORY: readonly Command[] = [
  createStack('web'), // position 1, version 1
  set('web', 'a', 1), // 2, version 2
  createStack('db'), // 3
  { type: 'addTags', stack: 'web', tags: ['x'] }, // 4, still 2
  {
    ...set('web', 'a', 2),
    resources: [
      { type: 't', name: 'a', properties: { n: 2 } },
      { type: 't', name: 'b' },
    ],
  } as Command, // 5 and 6, version 3
];

export function readingHistory(open: OpenStore): void {
  describe('commits', () => {
    const summary = (items: readonly { readonly version: number; readonly kind: string }[]) =>
      items.map(({ version, kind }) => [version, kind]);

    test('are sorted newest first, including those that raised no version', async () => {
      const { store } = await given(open, HISTORY);
      expect(summary(await reads(store).commits(1))).toEqual([
        [3, 'apply'],
        [2, 'tag'],
        [2, 'apply'],
        [1, 'create'],
      ]);
    });

    test('have all fields of a command', async () => {
      const { store, run, clock } = await given(open, HISTORY);
      const receipt = await run({ ...set('web', 'c', 1), remove: ['t.b'] } as Command, {
        actor: 'ana',
        reason: 'because',
        commandId: 'c1',
      });
      const [last] = await reads(store).commits(1, { limit: 1 });
      expect(last).toEqual({
        firstPosition: 7,
        position: 8,
        stream: 1,
        version: 4,
        raised: true,
        kind: 'apply',
        added: 1,
        changed: 0,
        removed: 1,
        commandId: 'c1',
        actor: 'ana',
        at: clock.now(),
        description: 'because',
        hash: receipt.hash,
      });
    });

    test('can be filtered: a number, up to a version, only those that raised it', async () => {
      const { store } = await given(open, HISTORY);
      expect(summary(await reads(store).commits(1, { limit: 2 }))).toEqual([
        [3, 'apply'],
        [2, 'tag'],
      ]);
      expect(await reads(store).commits(1, { limit: 0 })).toEqual([]);
      expect(summary(await reads(store).commits(1, { upTo: 2 }))).toEqual([
        [2, 'tag'],
        [2, 'apply'],
        [1, 'create'],
      ]);
      expect(summary(await reads(store).commits(1, { upTo: 2, raised: true, limit: 1 }))).toEqual([[2, 'apply']]);
      expect(summary(await reads(store).commits(1, { raised: false }))).toHaveLength(4);
      expect(await reads(store).commits(9)).toEqual([]);
    });

    test('identify a rollback by its target version', async () => {
      const { store } = await given(open, [...HISTORY, { type: 'rollback', stack: 'web', toVersion: 2 }]);
      expect(await reads(store).commit(1, 4)).toMatchObject({
        kind: 'rollback',
        description: 'rolled back to version 2',
      });
    });
  });

  describe('commit', () => {
    test('is the one that created the version, whatever followed it', async () => {
      const { store } = await given(open, HISTORY);
      expect(await reads(store).commit(1, 2)).toMatchObject({ position: 2, kind: 'apply', raised: true });
      expect(await reads(store).commit(1, 3)).toMatchObject({ firstPosition: 5, position: 6, added: 1, changed: 1 });
      expect(await reads(store).commit(3, 1)).toMatchObject({ position: 3, stream: 3 });
      expect(await reads(store).commit(1, 0)).toBeUndefined();
      expect(await reads(store).commit(1, 4)).toBeUndefined();
      expect(await reads(store).commit(9, 1)).toBeUndefined();
    });
  });

  describe('moment', () => {
    test('by version is the last event at that version', async () => {
      const { store } = await given(open, HISTORY);
      expect(await reads(store).moment(1, { version: 0 })).toBeUndefined();
      expect(await reads(store).moment(1, { version: 1 })).toEqual({ version: 1, position: 1 });
      expect(await reads(store).moment(1, { version: 2 })).toEqual({ version: 2, position: 4 });
      expect(await reads(store).moment(1, { version: 9 })).toEqual({ version: 3, position: 6 });
    });

    test('by time includes events at exactly that time', async () => {
      const { store } = await given(open, HISTORY);
      expect(await reads(store).moment(1, { time: '2025-12-31T23:59:59.999Z' })).toBeUndefined();
      expect(await reads(store).moment(1, { time: instant(0) })).toEqual({ version: 1, position: 1 });
      expect(await reads(store).moment(1, { time: instant(0.999) })).toEqual({ version: 1, position: 1 });
      expect(await reads(store).moment(1, { time: instant(2) })).toEqual({ version: 2, position: 2 });
      expect(await reads(store).moment(1, { time: '2030-01-01T00:00:00.000Z' })).toEqual({ version: 3, position: 6 });
      expect(await reads(store).moment(3, { time: instant(1) })).toBeUndefined();
    });

    test('by position is the last whole commit up to there', async () => {
      const { store } = await given(open, HISTORY);
      expect(await reads(store).moment(1, { position: 0 })).toBeUndefined();
      expect(await reads(store).moment(1, { position: 3 })).toEqual({ version: 2, position: 2 });
      expect(await reads(store).moment(1, { position: 5 })).toEqual({ version: 2, position: 4 });
      expect(await reads(store).moment(1, { position: 6 })).toEqual({ version: 3, position: 6 });
      expect(await reads(store).moment(9, { position: 6 })).toBeUndefined();
    });
  });

  describe('snapshots', () => {
    test('are sorted newest first, each with its version', async () => {
      const { store, run } = await given(open, [
        createStack('web'),
        { type: 'takeSnapshot', stack: 'web', description: 'one' },
        { type: 'takeSnapshot', stack: 'web', description: 'two' },
        set('web', 'a', 1),
      ]);
      await run({ type: 'takeSnapshot', stack: 'web' }, { actor: 'ana' });
      const snapshots = await reads(store).snapshots(1);
      expect(snapshots.map(({ version, description }) => [version, description])).toEqual([
        [2, ''],
        [1, 'two'],
        [1, 'one'],
      ]);
      expect(snapshots[0]).toEqual({
        position: 5,
        version: 2,
        description: '',
        createdBy: 'ana',
        createdAt: instant(4),
      });
      expect(await reads(store).snapshots(9)).toEqual([]);
    });
  });

  describe('executions', () => {
    test('are sorted newest first, limited to the requested number, with their results', async () => {
      const { store } = await given(open, [
        createStack('web'),
        { type: 'startExecution', stack: 'web', executionId: 'r1' },
        { type: 'completeExecution', stack: 'web', executionId: 'r1', taskResults: [1], durationMs: 7 },
        { type: 'startExecution', stack: 'web', executionId: 'r2' },
        { type: 'failExecution', stack: 'web', executionId: 'r2', error: 'boom' },
        { type: 'startExecution', stack: 'web', executionId: 'r3' },
      ]);
      const open3 = {
        number: 3,
        id: 'r3',
        status: 'running',
        startedAt: instant(5),
        completedAt: null,
        duration: null,
        error: null,
        taskResults: null,
      };
      const all = await reads(store).executions(1, 10);
      expect(all).toEqual([
        open3,
        {
          ...open3,
          number: 2,
          id: 'r2',
          status: 'failed',
          startedAt: instant(3),
          completedAt: instant(4),
          duration: 1_000,
          error: 'boom',
        },
        {
          ...open3,
          number: 1,
          id: 'r1',
          status: 'completed',
          startedAt: instant(1),
          completedAt: instant(2),
          duration: 7,
          taskResults: [1],
        },
      ]);
      expect(await reads(store).executions(1, 2)).toEqual(all.slice(0, 2));
      expect(await reads(store).executions(1, 0)).toEqual([]);
      expect(await reads(store).executions(9, 10)).toEqual([]);
    });
  });
}
