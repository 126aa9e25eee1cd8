import { describe, expect, test } from 'vitest';
import type { Caller, Command } from '../../src/commands/index.js';
import type { SlothError } from '../../src/lib/errors.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import type { AppendRequest } from '../../src/store/event-store.js';
import { reads } from '../support/reads.js';
import { everything } from './everything.js';
import { createStack, given, type OpenStore, set, type World } from './world.js';

const EVERY_STACK = () => true;
const callerOf = (name: string, mayReach: Caller['mayReach'] = EVERY_STACK): Caller => ({
  principal: `token:${name}`,
  mayReach,
  mayChooseStackIds: false,
  mayBreakLocks: 'no',
});
const as = (name: string, mayReach?: Caller['mayReach']) => ({ actor: name, caller: callerOf(name, mayReach) });

const addTag = (stack: string, tag: string): Command => ({ type: 'addTags', stack, tags: [tag] });

/** A commit of an earlier release: its id is recorded, its principal and content are not. */
const earlierRelease = (world: World, stack: string, commandId: string, actor = 'test') =>
  world.store.append({
    commandId,
    meta: { actor, source: 'api', command: 'tag' },
    keys: { stack },
    decide: () => [{ type: 'TagAdded', data: { tag: 'before' } }],
  } satisfies AppendRequest);

export function repeating(open: OpenStore): void {
  describe('a command id', () => {
    const stacks = [createStack('mine'), createStack('prod')];

    test('of one principal does not make another one’s command a repeat, whatever the stack', async () => {
      const world = await given(open, stacks);
      const first = await world.run(set('prod', 'a', 1), { ...as('a'), commandId: 'key' });
      const other = await world.run(set('mine', 'a', 1), { ...as('b'), commandId: 'key' });
      expect(other).toMatchObject({ stackId: 'mine-id', events: 1, firstPosition: first.lastPosition + 1 });
      const same = await world.run(set('prod', 'a', 2), { ...as('b'), commandId: 'key' });
      expect(same).toMatchObject({ stackId: 'prod-id', version: 3, firstPosition: other.lastPosition + 1 });
      const local = await world.run(set('prod', 'a', 3), { commandId: 'key' });
      expect(local).toMatchObject({ version: 4, firstPosition: same.lastPosition + 1 });
    });

    test('of one stack is free for another stack of the same principal', async () => {
      const world = await given(open, stacks);
      const first = await world.run(addTag('prod', 'x'), { ...as('a'), commandId: 'key' });
      const second = await world.run(addTag('mine', 'y'), { ...as('a'), commandId: 'key' });
      expect(second).toMatchObject({ stackId: 'mine-id', firstPosition: first.lastPosition + 1 });
      expect(await world.run(addTag('prod', 'x'), { ...as('a'), commandId: 'key' })).toEqual(first);
      expect(await world.run(addTag('mine', 'y'), { ...as('a'), commandId: 'key' })).toEqual(second);
    });

    test.each<[string, Command, object]>([
      ['another value', set('prod', 'a', 2), {}],
      ['another kind of command', addTag('prod', 'x'), {}],
      ['another reason', set('prod', 'a', 1), { reason: 'because' }],
      ['another way to name the stack', set('prod-id', 'a', 1), {}],
    ])('with %s is refused, with nothing of the first receipt in the error', async (_, command, envelope) => {
      const world = await given(open, stacks);
      const first = await world.run(set('prod', 'a', 1), { ...as('a'), commandId: 'key' });
      const before = await everything(world.store);
      const error = (await world
        .run(command, { ...as('a'), commandId: 'key', ...envelope })
        .catch((refusal) => refusal)) as SlothError;
      expect(error).toMatchObject({ code: 'COMMAND_ID_REUSED', exitCode: 5 });
      const text = JSON.stringify([error.message, error.hint, error.details]);
      for (const secret of [first.hash, first.recordedAt, first.stackId, 'set', 'apply']) {
        expect(text).not.toContain(`"${secret}"`);
      }
      await expect(world.preview(command, { ...as('a'), commandId: 'key', ...envelope })).rejects.toMatchObject({
        code: 'COMMAND_ID_REUSED',
      });
      expect(await everything(world.store)).toEqual(before);
    });

    test('with the same content repeats it, in another order of keys, under another lock and version, and after a rename', async () => {
      const world = await given(open, stacks);
      const call = { ...as('a'), commandId: 'key' };
      const first = await world.run({ type: 'updateStack', stack: 'prod', name: 'live', description: 'x' }, call);
      const again: Command = { description: 'x', name: 'live', stack: 'prod', type: 'updateStack', status: undefined };
      expect(await world.run(again, { ...call, lockId: 'another', expectedVersion: 7 })).toEqual(first);
      expect(await world.preview(again, call)).toEqual([]);
      expect(await world.store.head()).toMatchObject({ position: first.lastPosition });
    });

    test('belongs to the stack that has the name now: after a rename it is another command', async () => {
      const world = await given(open, stacks);
      const call = { ...as('a'), commandId: 'key' };
      const first = await world.run(set('prod', 'a', 1), call);
      await world.run({ type: 'updateStack', stack: 'prod', name: 'former' });
      expect(await world.run(set('prod', 'a', 1), call)).toEqual(first); // no stack has the name: executed before
      await world.run({ type: 'updateStack', stack: 'mine', name: 'prod' });
      expect(await world.preview(set('prod', 'a', 1), call)).toMatchObject([{ type: 'ResourceCreated' }]);
      const second = await world.run(set('prod', 'a', 1), call);
      expect(second).toMatchObject({ stackId: 'mine-id', version: 3 });
      expect(second.firstPosition).toBeGreaterThan(first.lastPosition);
      expect(await reads(world.store).resources((await world.stack('prod')).stream)).toMatchObject([
        { address: 't.a' },
      ]);
      expect(await world.run(set('prod', 'a', 1), call)).toEqual(second);
      await world.refused('COMMAND_ID_REUSED', set('former', 'a', 1), call);
    });

    test('of a command that created a stack creates no second one, whatever happened to the first', async () => {
      const world = await given(open);
      const call = { ...as('a'), commandId: 'key' };
      const create: Command = { ...set('new', 'a', 1), create: {} } as Command;
      const first = await world.run(create, call);
      await world.run({ type: 'updateStack', stack: 'new', name: 'former' });
      expect(await world.run(create, call)).toEqual(first);
      await world.run({ type: 'createStack', name: 'new' });
      const second = await world.run(create, call);
      expect(second).toMatchObject({ events: 1, version: 2 });
      expect(second.stackId).not.toBe(first.stackId);
    });

    test('repeats a command that created a stack with a generated id, or deleted it', async () => {
      const world = await given(open);
      const made = await world.run({ type: 'createStack', name: 'new' }, { ...as('a'), commandId: 'make' });
      expect(await world.run({ type: 'createStack', name: 'new' }, { ...as('a'), commandId: 'make' })).toEqual(made);
      const gone = await world.run({ type: 'deleteStack', stack: 'new' }, { ...as('a'), commandId: 'end' });
      expect(await world.run({ type: 'deleteStack', stack: 'new' }, { ...as('a'), commandId: 'end' })).toEqual(gone);
      expect(await world.run({ type: 'createStack', name: 'new' }, { ...as('a'), commandId: 'make' })).toEqual(made);
    });

    test('of an earlier release repeats by stack, kind and actor', async () => {
      const world = await given(open, stacks);
      const first = await earlierRelease(world, 'prod', 'key');
      expect(await world.run(addTag('prod', 'anything'), { commandId: 'key' })).toEqual(first);
      await world.refused('COMMAND_ID_REUSED', addTag('prod', 'x'), { commandId: 'key', actor: 'else' });
      await world.refused('COMMAND_ID_REUSED', set('prod', 'a', 1), { commandId: 'key' });
      const other = await world.run(addTag('mine', 'x'), { commandId: 'key' });
      expect(other.firstPosition).toBe(first.lastPosition + 1);
    });

    test('of an imported log repeats by stack, kind and actor', async () => {
      const source = await given(open, stacks);
      const first = await source.run(addTag('prod', 'x'), { ...as('a'), commandId: 'key' });
      const world = await given(open);
      await world.store.importLog(await source.store.events({ limit: -1 }), await source.store.head());
      expect(await world.run(addTag('prod', 'x'), { ...as('a'), commandId: 'key' })).toEqual(first);
      await world.refused('COMMAND_ID_REUSED', set('prod', 'a', 1), { ...as('a'), commandId: 'key' });
      expect(await world.run(addTag('prod', 'y'), { ...as('b'), commandId: 'key' })).toMatchObject({ events: 1 });
    });

    test('that the engine generated cannot be repeated by any caller', async () => {
      const world = await given(open, stacks);
      const { commandId } = await world.run(addTag('prod', 'x'), as('a'));
      await world.refused('INVALID_INPUT', addTag('prod', 'y'), { ...as('a'), commandId });
      await world.refused('INVALID_INPUT', addTag('prod', 'y'), { ...as('a'), commandId: 'terraform-1' });
    });

    test("leaves nothing in the log from which the command's content could be guessed", async () => {
      const [one, two] = [await given(open, stacks), await given(open, stacks)];
      const metas = [];
      for (const world of [one, two]) {
        const { lastPosition } = await world.run(set('prod', 'a', 1), { ...as('a'), commandId: 'key' });
        const [event] = await world.store.events({ after: lastPosition - 1, limit: 1 });
        metas.push(JSON.parse(event?.meta ?? '') as Record<string, unknown>);
      }
      expect(metas[0]).toMatchObject({
        principal: 'token:a',
        content: expect.stringMatching(/^[0-9a-f]{16}:[\w-]{43}$/),
      });
      expect(metas[0]?.content).not.toBe(metas[1]?.content);
    });

    test('used concurrently in one stack gives separate commits: tables, rebuild and verification agree', async () => {
      const world = await given(open, stacks);
      await Promise.all([
        world.run(set('prod', 'a', 1), { ...as('a'), commandId: 'key' }),
        world.run(set('prod', 'a', 2), { ...as('b'), commandId: 'key' }),
        world.run(set('mine', 'a', 2), { ...as('b'), commandId: 'key' }),
        world.run(set('prod', 'a', 3), { commandId: 'key' }),
      ]);
      const { stream } = await world.stack('prod');
      const versions = await reads(world.store).commits(stream, { raised: true });
      expect(versions.map(({ version, changed, added }) => [version, added + changed])).toEqual([
        [4, 1],
        [3, 1],
        [2, 1],
        [1, 0],
      ]);
      for (const { version, position } of versions) {
        expect(await reads(world.store).commit(stream, version)).toMatchObject({ version, position });
      }
      expect(await verifyStore(world.store)).toMatchObject({ problems: [] });
      const before = await everything(world.store);
      await world.store.rebuild();
      expect(await everything(world.store)).toEqual(before);
    });
  });

  describe('a caller', () => {
    const mine = (name: string) => name.startsWith('mine');

    test('is refused stacks it may not access, by name and by id, also for a repeat and a preview', async () => {
      const world = await given(open, [createStack('mine'), createStack('prod')]);
      await world.run(addTag('prod', 'x'), { ...as('a'), commandId: 'key' });
      const before = await everything(world.store);
      for (const stack of ['prod', 'prod-id', 'nowhere']) {
        await world.refused('OUT_OF_REACH', addTag(stack, 'x'), { ...as('a', mine), commandId: 'key' });
        await world.refused('OUT_OF_REACH', addTag(stack, 'x'), as('a', mine));
        await expect(world.preview(addTag(stack, 'x'), as('a', mine))).rejects.toMatchObject({ code: 'OUT_OF_REACH' });
      }
      expect(await everything(world.store)).toEqual(before);
      await world.run(addTag('mine-id', 'x'), as('a', mine));
    });

    test("is checked by the stack's name when the command is decided", async () => {
      const world = await given(open, [createStack('mine')]);
      const [, refused] = await Promise.allSettled([
        world.run({ type: 'updateStack', stack: 'mine', name: 'prod' }),
        world.run(addTag('mine-id', 'x'), as('a', mine)),
      ]);
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'OUT_OF_REACH' } });
    });

    test('is refused names outside its patterns for stacks it creates or renames', async () => {
      const world = await given(open, [createStack('mine')]);
      await world.refused('OUT_OF_REACH', { type: 'createStack', name: 'prod' }, as('a', mine));
      await world.refused('OUT_OF_REACH', { type: 'updateStack', stack: 'mine', name: 'prod' }, as('a', mine));
      await world.refused('OUT_OF_REACH', { ...set('prod', 'a', 1), create: {} } as Command, as('a', mine));
      await world.run({ ...set('mine-2', 'a', 1), create: {} } as Command, as('a', mine));
    });

    test('does not choose the id of a stack', async () => {
      const world = await given(open);
      const byId: Command = { ...set('mine', 'a', 1), create: { id: 'prod-db' } } as Command;
      for (const command of [{ type: 'createStack', name: 'mine', id: 'prod-db' } as const, byId]) {
        await world.refused('INVALID_INPUT', command, as('a', mine));
      }
      expect(await world.store.head()).toMatchObject({ position: 0 });
    });

    test('cannot prevent another from rolling back by using an id of its past', async () => {
      const world = await given(open, [createStack('mine'), createStack('prod')]);
      await world.run(set('prod', 'a', 1, { id: 'i-0abc' }), as('b'));
      await world.run({ type: 'apply', kind: 'remove', stack: 'prod', remove: ['t.a'] } as Command, as('b'));
      await world.run(set('mine', 'x', 1, { id: 'i-0abc' }), as('a', mine));
      const back: Command = { type: 'rollback', stack: 'prod', toVersion: 2 };
      const resources = async () => reads(world.store).resources((await world.stack('prod')).stream);
      const rolledBack = await world.run(back, as('b'));
      const [resource] = await resources();
      expect(resource).toMatchObject({ address: 't.a', value: { properties: { n: 1 } } });
      expect(resource?.id).toMatch(/^res-\d+$/);
      expect(await world.run(back, as('b'))).toMatchObject({ events: 0, version: rolledBack.version });
      await world.run({ type: 'apply', kind: 'remove', stack: 'mine', remove: ['t.x'] } as Command, as('a', mine));
      await world.run(back, as('b'));
      expect(await resources()).toMatchObject([{ address: 't.a', id: 'i-0abc' }]);
      expect(await verifyStore(world.store)).toMatchObject({ problems: [] });
    });

    test('learns nothing about another stack from a resource id that is taken there', async () => {
      const world = await given(open, [
        createStack('mine'),
        createStack('prod'),
        set('prod', 'secret-name', 1, { id: 'taken' }),
      ]);
      const error = (await world
        .run(set('mine', 'a', 1, { id: 'taken' }), as('a', mine))
        .catch((refusal) => refusal)) as SlothError;
      expect(error).toMatchObject({ code: 'RESOURCE_ID_TAKEN' });
      expect(JSON.stringify([error.message, error.hint, error.details])).not.toMatch(/secret-name|prod/);
    });
  });
}
