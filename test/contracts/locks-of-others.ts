import { describe, expect, test } from 'vitest';
import type { Caller, Command, EnvelopeInput } from '../../src/commands/index.js';
import type { AppendRequest } from '../../src/store/event-store.js';
import { reads } from '../support/reads.js';
import { createStack, given, type OpenStore, set, type World } from './world.js';

type MayBreak = Caller['mayBreakLocks'];

/** A token of this name, with its name as the actor, as the server sends it. */
const as = (name: string, mayBreakLocks: MayBreak = 'no') => ({
  actor: name,
  caller: { principal: `token:${name}`, mayReach: () => true, mayChooseStackIds: false, mayBreakLocks },
});

const acquire = (more: object = {}): Command => ({
  type: 'acquireLock',
  stack: 'prod',
  id: 'one',
  operation: 'deploy',
  ttlMs: 3_600_000,
  ...more,
});

/** Commands that end, change or use the lock `one`, which another principal took. */
const USES: readonly (readonly [string, Command, Partial<EnvelopeInput>])[] = [
  ['renewLock that shortens it', { type: 'renewLock', stack: 'prod', id: 'one', ttlMs: 1_000 }, {}],
  ['renewLock by the id of the stack', { type: 'renewLock', stack: 'prod-id', id: 'one', ttlMs: 7_200_000 }, {}],
  ['releaseLock', { type: 'releaseLock', stack: 'prod', id: 'one' }, {}],
  ['deleteStack under it', { type: 'deleteStack', stack: 'prod' }, { lockId: 'one' }],
  ['apply under it', set('prod', 'a', 1), { lockId: 'one' }],
  ['apply under it and its token', set('prod', 'a', 1), { lockId: 'one', fencingToken: 2 }],
  ['updateStack under it', { type: 'updateStack', stack: 'prod', name: 'mine' }, { lockId: 'one' }],
  ['startExecution under it', { type: 'startExecution', stack: 'prod' }, { lockId: 'one' }],
  ['takeSnapshot under it', { type: 'takeSnapshot', stack: 'prod' }, { lockId: 'one' }],
  ['addTags under it', { type: 'addTags', stack: 'prod', tags: ['x'] }, { lockId: 'one' }],
];

const EVERY_USE: typeof USES = [...USES, ['breakLock', { type: 'breakLock', stack: 'prod', reason: 'stuck' }, {}]];

/** A lock taken before principals were recorded. */
const earlierLock = (world: World, actor: string) =>
  world.store.append({
    commandId: 'earlier',
    meta: { actor, source: 'api', command: 'lock' },
    keys: { stack: 'prod' },
    decide: (_, now) => [
      {
        type: 'LockAcquired',
        data: { lockId: 'one', operation: 'o', who: actor, info: '', expiresAt: now.replace('2026', '2027') },
      },
    ],
  } satisfies AppendRequest);

export function locksOfOthers(open: OpenStore): void {
  describe('a lock that another principal took', () => {
    const locked = async (taker: Partial<EnvelopeInput> = as('b'), more: object = {}): Promise<World> => {
      const world = await given(open, [createStack('prod')]);
      await world.run(acquire(more), taker);
      return world;
    };
    const lockOf = async (world: World) => reads(world.store).lock((await world.stack('prod-id')).stream);

    test.each(EVERY_USE)('%s: refused without the permission, and nothing changes', async (_, command, envelope) => {
      const world = await locked();
      const [head, lock] = [await world.store.head(), await lockOf(world)];
      const call = { ...as('b2'), ...envelope };
      await expect(world.run(command, call)).rejects.toMatchObject({ code: 'PERMISSION_MISSING', exitCode: 1 });
      await expect(world.run(command, { ...call, commandId: 'key' })).rejects.toMatchObject({
        code: 'PERMISSION_MISSING',
      });
      await expect(world.preview(command, call)).rejects.toMatchObject({ code: 'PERMISSION_MISSING' });
      await expect(world.run(command, { ...as('b2', 'never'), ...envelope })).rejects.toMatchObject({
        code: 'FORCE_UNLOCK_REFUSED',
      });
      expect(await world.store.head()).toEqual(head);
      expect(await lockOf(world)).toEqual(lock);
    });

    test.each(EVERY_USE)('%s: allowed with the permission, and to a local caller', async (_, command, envelope) => {
      for (const caller of [as('b2', 'yes'), { actor: 'x' }]) {
        const world = await locked();
        expect((await world.run(command, { ...caller, ...envelope })).events).toBeGreaterThan(0);
      }
    });

    test.each(USES)('%s: allowed to the principal that took it', async (_, command, envelope) => {
      const taken = [as('b'), as('b', 'never'), { ...as('b'), commandId: 'key' }];
      for (const taker of taken) {
        const world = await locked(taker);
        const { commandId: __, ...call } = { commandId: '', ...taker };
        expect((await world.run(command, { ...call, ...envelope })).events).toBeGreaterThan(0);
      }
    });

    test.each(USES)('%s: the actor of a local lock does not make it the token’s', async (_, command, envelope) => {
      const world = await locked({ actor: 'b' });
      await world.refused('PERMISSION_MISSING', command, { ...as('b'), ...envelope });
      const withId = await locked({ actor: 'b', commandId: 'key' });
      await withId.refused('PERMISSION_MISSING', command, { ...as('b'), ...envelope });
    });

    test.each(USES)('%s: a lock without a recorded principal is checked by its actor', async (_, command, envelope) => {
      const world = await given(open, [createStack('prod')]);
      await earlierLock(world, 'b');
      await world.refused('PERMISSION_MISSING', command, { ...as('b2'), ...envelope });
      expect((await world.run(command, { ...as('b'), ...envelope })).events).toBeGreaterThan(0);
    });

    test('is not returned to another principal for its id, who is refused as with any other id', async () => {
      const world = await locked();
      await world.refused('STACK_LOCKED', acquire(), as('b2'));
      await world.refused('STACK_LOCKED', acquire({ id: 'two' }), as('b2'));
      for (const again of [as('b'), as('b2', 'yes'), { actor: 'x' }]) {
        expect(await world.run(acquire(), again)).toMatchObject({ events: 0 });
      }
    });

    test('is seen by the next command in the same transaction or group', async () => {
      const world = await given(open, [createStack('prod')]);
      const shorten: Command = { type: 'renewLock', stack: 'prod', id: 'one', ttlMs: 1_000 };
      await expect(
        world.together([
          [acquire(), as('b')],
          [shorten, as('b2')],
        ]),
      ).rejects.toMatchObject({ code: 'PERMISSION_MISSING' });
      expect(await lockOf(world)).toBeUndefined();
      const [taken, shortened] = await Promise.allSettled([
        world.run(acquire(), as('b')),
        world.run(shorten, as('b2')),
      ]);
      expect([taken, shortened]).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'PERMISSION_MISSING' } }]);
    });

    test('is broken only if its id matches', async () => {
      const world = await locked();
      const breakLock = (id: string): Command => ({ type: 'breakLock', stack: 'prod', id, reason: 'stuck' });
      await world.refused('STACK_LOCKED', breakLock('two'), as('b2', 'yes'));
      expect(await lockOf(world)).toMatchObject({ lockId: 'one' });
      expect(await world.run(breakLock('one'), as('b2', 'yes'))).toMatchObject({ events: 1 });
    });

    test('is free after its expiry', async () => {
      const world = await locked(as('b'), { ttlMs: 1_000 });
      world.clock.advance(2_000);
      await world.refused('LOCK_NOT_HELD', { type: 'renewLock', stack: 'prod', id: 'one', ttlMs: 60_000 }, as('b2'));
      await world.run(acquire(), as('b2'));
      await world.refused('PERMISSION_MISSING', { type: 'releaseLock', stack: 'prod', id: 'one' }, as('b'));
    });

    test('does not affect a repeat: nothing is done', async () => {
      const world = await locked();
      const call = { ...as('b'), lockId: 'one', commandId: 'key' };
      const first = await world.run(set('prod', 'a', 1), call);
      await world.run({ type: 'releaseLock', stack: 'prod', id: 'one' }, as('b'));
      await world.run(acquire(), as('b2'));
      expect(await world.run(set('prod', 'a', 1), call)).toEqual(first);
    });
  });
}
