import { describe, expect, onTestFinished, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { PROJECTION } from '../../src/engine.js';
import { checkChain, GENESIS_HASH } from '../../src/events/index.js';
import type { Checkpoint } from '../../src/store/event-store.js';
import { patch, remove } from '../../src/store/row-change.js';
import { reads } from '../support/reads.js';
import { everything } from './everything.js';
import { createStack, given, type OpenStore, set, type World } from './world.js';

const three: Command = {
  type: 'apply',
  stack: 'web',
  resources: [
    { type: 't', name: 'a' },
    { type: 't', name: 'b', dependencies: ['t.a'] },
  ],
};

const wholeLog = ({ store }: World) => store.events({ limit: 1_000 });

export function appending(open: OpenStore): void {
  describe('append', () => {
    test('gives events positions without gaps, chained by hashes, with revisions per stack', async () => {
      const world = await given(open, [createStack('web'), createStack('db'), three, set('db', 'x', 1)]);
      const log = await wholeLog(world);
      expect(
        log.map(({ position, stream, revision, version, type }) => [position, stream, revision, version, type]),
      ).toEqual([
        [1, 1, 1, 1, 'StackCreated'],
        [2, 2, 1, 1, 'StackCreated'],
        [3, 1, 2, 2, 'ResourceCreated'],
        [4, 1, 3, 2, 'ResourceCreated'],
        [5, 1, 4, 2, 'DependencyAdded'],
        [6, 2, 2, 2, 'ResourceCreated'],
      ]);
      const chain = checkChain();
      expect(log.map((event) => chain.next(event))).toEqual(log.map(() => undefined));
    });

    test('gives concurrent events revisions per stack too', async () => {
      const world = await given(open, [createStack('web'), createStack('db'), three, createStack('dns')]);
      const before = (await wholeLog(world)).length;
      const receipts = await Promise.all(['web', 'dns', 'db'].map((stack) => world.run(set(stack, `of-${stack}`, 1))));
      const events = (await wholeLog(world)).slice(before);
      expect(events.map(({ stream, revision, version }) => [stream, revision, version])).toEqual([
        [1, 5, 3],
        [6, 2, 2],
        [2, 2, 2],
      ]);
      expect(receipts.map(({ stackId, version }) => [stackId, version])).toEqual([
        ['web-id', 3],
        ['dns-id', 2],
        ['db-id', 2],
      ]);
    });

    test('returns a receipt with the positions, the version and the time', async () => {
      const world = await given(open, [createStack('web')]);
      const receipt = await world.run(three, { commandId: 'c1', reason: 'why', correlationId: 'k' });
      const [, ...appended] = await wholeLog(world);
      expect(receipt).toEqual({
        commandId: 'c1',
        stackId: 'web-id',
        version: 2,
        events: 3,
        firstPosition: 2,
        lastPosition: 4,
        hash: appended[2]?.hash,
        recordedAt: world.clock.now(),
      });
      for (const event of appended) {
        expect(event).toMatchObject({ commandId: 'c1', version: 2, recordedAt: receipt.recordedAt });
        expect(JSON.parse(event.meta)).toMatchObject({
          actor: 'test',
          command: 'apply',
          reason: 'why',
          correlationId: 'k',
        });
      }
    });

    test('raises the version only if state changes', async () => {
      const world = await given(open, [createStack('web')]);
      expect(await world.run({ type: 'addTags', stack: 'web', tags: ['x'] })).toMatchObject({ version: 1, events: 1 });
      expect(await world.run({ type: 'takeSnapshot', stack: 'web' })).toMatchObject({ version: 1, events: 1 });
      expect(await world.run(set('web', 'a', 1))).toMatchObject({ version: 2, events: 1 });
    });

    test('has made the events and the tables readable when it resolves', async () => {
      const world = await given(open, [createStack('web')]);
      const { hash, lastPosition } = await world.run(set('web', 'a', 1));
      expect(await world.store.head()).toEqual({ position: lastPosition, hash, recordedAt: world.clock.now() });
      expect(await reads(world.store).resource(1, 't.a')).toMatchObject({ position: lastPosition });
    });

    test.each<[string, readonly Command[], string]>([
      ['one name as two names', [createStack('a', 'one'), createStack('a', 'two')], 'NAME_TAKEN'],
      ['a name and an id that are the same', [createStack('a', 'b'), createStack('b', 'c')], 'NAME_TAKEN'],
      ['one id', [createStack('a', 'one'), createStack('b', 'one')], 'ID_TAKEN'],
      ['one id of a resource', [set('web', 'a', 1, { id: 'x' }), set('db', 'a', 1, { id: 'x' })], 'RESOURCE_ID_TAKEN'],
      ['the name a deleted stack had', [{ type: 'restoreStack', stack: 'gone-id' }, createStack('gone')], 'NAME_TAKEN'],
    ])('accepts the first of two concurrent commands with %s', async (_, commands, code) => {
      const gone: Command = { type: 'deleteStack', stack: 'gone' };
      const world = await given(open, [createStack('web'), createStack('db'), createStack('gone'), gone]);
      const [first, second] = await Promise.allSettled(commands.map((command) => world.run(command)));
      expect(first).toMatchObject({ status: 'fulfilled' });
      expect(second).toMatchObject({ status: 'rejected', reason: { code } });
      expect((await world.store.compareTables({})).problems).toEqual([]);
    });

    test('serialises concurrent commands that name one stack by its name and its id', async () => {
      const world = await given(open, [createStack('web')]);
      const refs = ['web', 'web-id', 'web', 'web-id'];
      const receipts = await Promise.all(refs.map((ref, index) => world.run(set(ref, `r${index}`, index))));
      expect(receipts.map(({ version }) => version).sort()).toEqual([2, 3, 4, 5]);
      expect((await world.store.compareTables({})).problems).toEqual([]);
    });

    test('fails alone among concurrent commands if its tables cannot be written', async () => {
      const projection: typeof PROJECTION = {
        ...PROJECTION,
        project: (events, only) => {
          if (events.some(({ data }) => (data as { name?: string }).name === 'bad')) throw new Error('no place for it');
          return PROJECTION.project(events, only);
        },
      };
      const stacks = ['a', 'b', 'c'];
      const world = await given(
        open,
        stacks.map((name) => createStack(name)),
        { projection },
      );
      const sent = [set('a', 'good', 1), set('b', 'bad', 1), set('c', 'good', 1)];
      const outcomes = await Promise.allSettled(sent.map((command) => world.run(command)));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await Promise.all(stacks.map(async (name) => (await world.stack(name)).stateVersion))).toEqual([2, 1, 2]);
      expect((await world.store.compareTables({})).problems).toEqual([]);
    });

    test('moves an id from one resource to another in the same commit, and back', async () => {
      const world = await given(open, [createStack('web'), set('web', 'a', 1, { id: 'x' })]);
      const move = (from: string, to: string): Command => ({
        type: 'apply',
        stack: 'web',
        remove: [`t.${from}`],
        resources: [{ type: 't', name: to, id: 'x' }],
      });
      for (const [from, to] of ['ab', 'ba', 'ab']) await world.run(move(from as string, to as string));
      expect(await reads(world.store).resourceAddress(1, 'x')).toBe('t.b');
      expect((await world.store.compareTables({})).problems).toEqual([]);
    });

    test.each([
      ['a NUL', 'a\u0000b'],
      ['half a pair', 'a\ud800'],
    ])('keeps %s where a document may contain it, also as a value that may identify a resource', async (_, text) => {
      const world = await given(open, [createStack('web')]);
      const held = { type: 't', name: 'a', properties: { id: text, [text]: text }, metadata: { identity: text } };
      await world.run({ type: 'apply', stack: 'web', resources: [held] });
      await world.run({
        type: 'apply',
        stack: 'web',
        resources: [{ type: 't', name: 'b', properties: { of: text } }],
        outputs: [{ name: 'o', value: text }],
        document: { metadata: { text } },
      });
      expect(await reads(world.store).resource(1, 't.a')).toMatchObject({ value: { properties: held.properties } });
      expect(await reads(world.store).output(1, 'o')).toMatchObject({ value: text });
      expect(await reads(world.store).dependencies(1)).toEqual([]);
      expect((await world.store.compareTables({})).problems).toEqual([]);
    });

    test.each([
      ['an id', 'held-by-db', { id: 'held-by-db' }],
      ['an id among its properties', 'held-by-db', { properties: { id: 'held-by-db' } }],
      ['an identity', 'held-by-db', { metadata: { identity: 'held-by-db' } }],
      ['a number', 'res-3', {}],
    ])('resolves %s only within the same stack', async (_, value, known) => {
      const user: Command = {
        type: 'apply',
        stack: 'web',
        resources: [{ type: 't', name: 'b', properties: { of: value } }],
      };
      const world = await given(open, [
        createStack('web'),
        createStack('db'),
        { type: 'apply', stack: 'db', resources: [{ type: 't', name: 'a', ...known }] },
        set('web', 'a', 1),
        user,
        { ...user, stack: 'db' },
      ]);
      expect(await reads(world.store).dependencies(1)).toEqual([]);
      expect(await reads(world.store).dependencies(2)).toMatchObject([
        { address: 't.b', target: 't.a', type: 'implicit' },
      ]);
    });

    test('refuses an id that is the id or name of another stack, and a name that is its id', async () => {
      const world = await given(open, [createStack('web')]);
      await world.refused('ID_TAKEN', { type: 'createStack', name: 'x', id: 'web-id' });
      await world.refused('ID_TAKEN', { type: 'createStack', name: 'x', id: 'web' });
      await world.refused('ID_TAKEN', { type: 'apply', stack: 'x', create: { id: 'web-id' } });
      await world.refused('ID_TAKEN', { type: 'apply', stack: 'x', create: { id: 'web' } });
      await world.refused('NAME_TAKEN', { type: 'createStack', name: 'web-id', id: 'x' });
      await world.refused('NAME_TAKEN', { type: 'createStack', name: 'web', id: 'x' });
    });

    test('allows removing instances while one with dependents remains', async () => {
      const instances = [0, 1, 2].map((n) => ({ type: 't', name: `i[${n}]` }));
      const user = { type: 't', name: 'user', dependencies: ['t.i'] };
      const without = (...numbers: readonly number[]): Command => ({
        type: 'apply',
        stack: 'web',
        remove: numbers.map((n) => `t.i[${n}]`),
      });
      const world = await given(open, [
        createStack('web'),
        { type: 'apply', stack: 'web', resources: instances },
        { type: 'apply', stack: 'web', resources: [user] },
      ]);
      await world.refused('HAS_DEPENDENTS', without(0, 1, 2));
      await world.run(without(0));
      await world.refused('HAS_DEPENDENTS', without(1, 2));
      await world.run(without(2));
      await world.refused('HAS_DEPENDENTS', without(1));
      expect(await reads(world.store).dependencies(1)).toMatchObject([{ address: 't.user', target: 't.i' }]);
    });

    test('appends nothing if nothing changes, and points to the head', async () => {
      const world = await given(open, [createStack('web'), set('web', 'a', 1)]);
      const before = await everything(world.store);
      const { position, hash } = await world.store.head();
      expect(await world.run(set('web', 'a', 1))).toMatchObject({
        stackId: 'web-id',
        version: 2,
        events: 0,
        firstPosition: position,
        lastPosition: position,
        hash,
      });
      expect(await everything(world.store)).toEqual(before);
    });

    test('sees the changes of the previous command, even if neither was awaited', async () => {
      const world = await given(open);
      const receipts = await Promise.all([
        world.run(createStack('web')),
        world.run(three),
        world.run(set('web', 'a', 1)),
      ]);
      expect(receipts.map(({ version }) => version)).toEqual([1, 2, 3]);
    });

    test('settles concurrent commands separately: a refused one does not affect the others', async () => {
      const world = await given(open, [createStack('web')]);
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) =>
          world.run(set('web', `r${n}`, n), n % 5 === 3 ? { expectedVersion: 999 } : {}),
        ),
      );
      const done = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(done.map(({ lastPosition }) => lastPosition)).toEqual(Array.from({ length: 16 }, (_, n) => n + 2));
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
      expect(refused).toEqual(Array(4).fill('VERSION_CONFLICT'));
      const log = await wholeLog(world);
      expect(done.map(({ hash }) => hash)).toEqual(log.slice(1).map(({ hash }) => hash));
      expect(await reads(world.store).resources(1)).toHaveLength(16);
    });
  });

  describe('commands together', () => {
    const activity = (action: string): Command => ({ type: 'recordActivity', stack: 'web', action });
    const together = (world: World, commands: readonly Command[], ids: readonly string[] = []) =>
      world.together(commands.map((command, n) => [command, ids[n] === undefined ? {} : { commandId: ids[n] }]));

    test('are executed in order, each as its own commit', async () => {
      const world = await given(open);
      const receipts = await together(world, [
        createStack('web'),
        set('web', 'a', 1),
        set('web', 'a', 2),
        activity('x'),
      ]);
      expect(receipts.map(({ version, firstPosition }) => [version, firstPosition])).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
        [3, 4],
      ]);
      expect(await reads(world.store).resource(1, 't.a', 2)).toMatchObject({ value: { properties: { n: 1 } } });
      expect(await reads(world.store).commits(1)).toHaveLength(4);
    });

    test('leave nothing if one is refused, whatever the others changed', async () => {
      const world = await given(open, [createStack('web'), three, createStack('other')]);
      const before = await everything(world.store);
      await expect(
        together(world, [
          createStack('new'),
          { type: 'updateStack', stack: 'web', name: 'renamed' },
          { type: 'apply', stack: 'renamed', resources: [{ type: 't', name: 'z' }], remove: ['t.b'] },
          { type: 'addTags', stack: 'renamed', tags: ['x'] },
          { type: 'removeTags', stack: 'renamed', tags: ['x'] },
          { type: 'deleteStack', stack: 'other' },
          { type: 'addTags', stack: 'other', tags: ['x'] },
        ]),
      ).rejects.toMatchObject({ code: 'STACK_DELETED' });
      expect(await everything(world.store)).toEqual(before);
      await together(world, [createStack('new', 'new-2'), activity('x')]);
      expect(await world.store.checkpoints()).toSatisfy((all: Checkpoint[]) =>
        all.every(({ position }) => position === 7),
      );
    });

    test('settle separately from concurrent commands', async () => {
      const world = await given(open, [createStack('web')]);
      const [one, refused, other] = await Promise.allSettled([
        together(world, [set('web', 'a', 1), set('web', 'b', 1)]),
        together(world, [set('web', 'c', 1), set('missing', 'd', 1)]),
        world.run(set('web', 'e', 1)),
      ]);
      expect(one).toMatchObject({ status: 'fulfilled', value: [{ version: 2 }, { version: 3 }] });
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'STACK_NOT_FOUND' } });
      expect(other).toMatchObject({ status: 'fulfilled', value: { version: 4 } });
    });

    test('leave nothing if the last of the concurrent ones are refused', async () => {
      const world = await given(open, [createStack('web')]);
      await Promise.allSettled([
        world.run(set('web', 'a', 1)),
        together(world, [set('web', 'b', 1), set('web', 'c', 1), set('missing', 'd', 1)]),
      ]);
      expect((await world.store.checkpoints()).map(({ position }) => position)).toEqual(
        Array.from({ length: PROJECTION.projectors.length }, () => 2),
      );
      expect(await world.run(set('web', 'e', 1))).toMatchObject({ firstPosition: 3 });
    });

    test('skip those that were executed before', async () => {
      const world = await given(open, [createStack('web')]);
      const first = await together(world, [set('web', 'a', 1)], ['c1']);
      await world.run(set('web', 'a', 2));
      const again = await together(world, [set('web', 'a', 1), set('web', 'b', 1)], ['c1', 'c2']);
      expect(again).toEqual([first[0], expect.objectContaining({ version: 4 })]);
      expect(await reads(world.store).commitOf('c1')).toMatchObject({ position: first[0]?.lastPosition, version: 2 });
    });

    test('notify listeners once', async () => {
      const world = await given(open);
      let calls = 0;
      onTestFinished(world.store.onAppend(() => calls++));
      await together(world, [createStack('web'), set('web', 'a', 1)]);
      expect(calls).toBe(1);
    });

    test('of an empty list return no receipts', async () => {
      const world = await given(open);
      expect(await together(world, [])).toEqual([]);
    });
  });

  describe('an imported command', () => {
    const imported = {
      migration: 'm1',
      by: 'ana',
      at: '2026-01-01T00:00:00.000Z',
      happened: '2025-03-04T05:06:07.000Z',
    };

    test('has its own time, and names its migration', async () => {
      const world = await given(open);
      const receipt = await world.run(createStack('web'), { imported });
      expect(receipt.recordedAt).toBe(imported.happened);
      const [event] = await wholeLog(world);
      expect(event).toMatchObject({ recordedAt: imported.happened });
      expect(JSON.parse(event?.meta ?? '')).toMatchObject({
        imported: { migration: 'm1', by: 'ana', at: imported.at },
      });
      expect(await world.stack('web')).toMatchObject({ createdAt: imported.happened });
      expect(await reads(world.store).moment(1, { time: '2025-03-04T05:06:06.999Z' })).toBeUndefined();
      expect(await reads(world.store).moment(1, { time: imported.happened })).toMatchObject({ version: 1 });
    });

    test('is decided at its own time', async () => {
      const world = await given(open, [createStack('web')]);
      const events = await world.preview(
        { type: 'acquireLock', stack: 'web', operation: 'o', ttlMs: 1_000 },
        { imported },
      );
      expect(events).toMatchObject([{ data: { expiresAt: '2025-03-04T05:06:08.000Z' } }]);
    });

    test('cannot be later than its import', async () => {
      const world = await given(open);
      await world.refused('INVALID_INPUT', createStack('web'), {
        imported: { ...imported, happened: '2026-01-01T00:00:00.001Z' },
      });
    });
  });

  describe('a repeated command', () => {
    test('gets its first receipt and appends nothing, whatever happened since', async () => {
      const world = await given(open, [createStack('web')]);
      const first = await world.run(three, { commandId: 'c1' });
      world.clock.advance(5_000);
      await world.run({ type: 'updateStack', stack: 'web', name: 'renamed' });
      await world.run({ type: 'deleteStack', stack: 'renamed' });
      const before = await everything(world.store);
      expect(await world.run(three, { commandId: 'c1', expectedVersion: 1 })).toEqual(first);
      expect(await everything(world.store)).toEqual(before);
    });

    test('is recognised even if it had nothing to change', async () => {
      const world = await given(open, [createStack('web'), set('web', 'a', 1)]);
      const first = await world.run(set('web', 'a', 1), { commandId: 'c1' });
      expect(first).toMatchObject({ version: 2, events: 1 });
      expect((await wholeLog(world)).map(({ type }) => type)).toEqual([
        'StackCreated',
        'ResourceCreated',
        'NothingChanged',
      ]);
      await world.run(set('web', 'a', 2));
      expect(await world.run(set('web', 'a', 1), { commandId: 'c1' })).toEqual(first);
      expect(await reads(world.store).resource(1, 't.a')).toMatchObject({ value: { properties: { n: 2 } } });
    });

    test('is executed once while the first is still running', async () => {
      const world = await given(open, [createStack('web')]);
      const [first, second] = await Promise.all([
        world.run(three, { commandId: 'c1' }),
        world.run(three, { commandId: 'c1' }),
      ]);
      expect(second).toEqual(first);
      expect(await world.store.head()).toMatchObject({ position: first.lastPosition });
    });

    test('is decided again after a refusal, which is not remembered', async () => {
      const world = await given(open);
      await world.refused('STACK_NOT_FOUND', three, { commandId: 'c1' });
      await world.run(createStack('web'));
      expect(await world.run(three, { commandId: 'c1' })).toMatchObject({ events: 3 });
    });

    test('with the id of a different command is refused and appends nothing', async () => {
      const world = await given(open, [createStack('web')]);
      await world.run(three, { commandId: 'c1' });
      const before = await everything(world.store);
      await world.refused('COMMAND_ID_REUSED', { type: 'addTags', stack: 'web', tags: ['x'] }, { commandId: 'c1' });
      expect(await everything(world.store)).toEqual(before);
    });
  });

  describe('nothing remains of a command', () => {
    test('that was refused', async () => {
      const world = await given(open, [createStack('web'), three]);
      const before = await everything(world.store);
      await world.refused('NAME_TAKEN', createStack('web', 'other'));
      await world.refused('STACK_NOT_FOUND', set('nowhere', 'a', 1));
      await world.refused('RESOURCE_NOT_FOUND', { ...three, ...set('web', 'a', 5), remove: ['t.zzz'] } as Command);
      expect(await everything(world.store)).toEqual(before);
    });

    test('whose projection failed part-way', async () => {
      let broken = false;
      const projection = {
        ...PROJECTION,
        project: (...args: Parameters<typeof PROJECTION.project>) => {
          const changes = PROJECTION.project(...args);
          if (broken) throw new Error(`failed after ${changes.length} changes`);
          return changes;
        },
      };
      const world = await given(open, [createStack('web')], { projection });
      const before = await everything(world.store);
      broken = true;
      await expect(world.run(three, { commandId: 'c1' })).rejects.toThrow('failed after');
      broken = false;
      expect(await everything(world.store)).toEqual(before);
      expect(await world.run(three, { commandId: 'c1' })).toMatchObject({ firstPosition: 2, version: 2 });
    });
  });

  describe('a row change', () => {
    test('of a missing row changes nothing', async () => {
      const projection = {
        ...PROJECTION,
        project: (...args: Parameters<typeof PROJECTION.project>) => [
          ...PROJECTION.project(...args),
          patch('lock_rows', { stream: 99 }, { who: 'nobody' }),
          patch('stack_rows', { stream: 99 }, {}, { resource_count: 1 }),
          remove('tag_rows', { stream: 1, tag: 'none' }),
        ],
      };
      const { store } = await given(open, [createStack('web')], { projection });
      expect(await reads(store).lock(99)).toBeUndefined();
      expect((await reads(store).stacks({})).map(({ stream, resourceCount }) => [stream, resourceCount])).toEqual([
        [1, 0],
      ]);
      const { tables } = await store.compareTables({});
      expect(tables.filter(({ rows }) => rows > 0).map(({ name }) => name)).toEqual(
        expect.not.arrayContaining(['lock_rows', 'tag_rows']),
      );
    });

    test('that increments keeps the sum over many commands', async () => {
      const { store } = await given(open, [createStack('web'), three, set('web', 'c', 1), set('web', 'c', 2)]);
      expect(await reads(store).stack('web')).toMatchObject({ resourceCount: 3 });
    });
  });

  describe('preview', () => {
    test('returns the events that the command then appends, and changes nothing', async () => {
      const world = await given(open, [createStack('web')]);
      const before = await everything(world.store);
      const foreseen = await world.preview(three, { commandId: 'c1' });
      expect(await everything(world.store)).toEqual(before);
      await world.run(three, { commandId: 'c1' });
      const [, ...appended] = await wholeLog(world);
      expect(appended.map(({ type, data }) => ({ type, data: JSON.parse(data) }))).toEqual(foreseen);
    });

    test('refuses what execution would refuse', async () => {
      const world = await given(open);
      await expect(world.preview(three)).rejects.toMatchObject({ code: 'STACK_NOT_FOUND' });
    });

    test('returns no events for a command that was executed before', async () => {
      const world = await given(open, [createStack('web')]);
      await world.run(three, { commandId: 'c1' });
      await world.run({ type: 'apply', stack: 'web', remove: ['t.b'] });
      expect(await world.preview(three, { commandId: 'c1' })).toEqual([]);
      expect(await world.preview(three)).not.toEqual([]);
    });
  });

  describe('onAppend', () => {
    test('calls back after events were appended, until it is unsubscribed', async () => {
      const world = await given(open, [createStack('web')]);
      const heads: Promise<{ position: number }>[] = [];
      const stop = world.store.onAppend(() => heads.push(world.store.head()));
      await world.run(set('web', 'a', 1));
      await expect.poll(() => heads.length).toBe(1);
      expect(await heads[0]).toMatchObject({ position: 2 });
      await world.refused('STACK_NOT_FOUND', set('nowhere', 'a', 1));
      await world.run(set('web', 'a', 1)); // nothing to do
      await world.preview(set('web', 'a', 2));
      expect(heads).toHaveLength(1);
      stop();
      await world.run(set('web', 'a', 2));
      expect(heads).toHaveLength(1);
    });

    test('listeners are independent of each other', async () => {
      const world = await given(open, [createStack('web')]);
      const calls: string[] = [];
      const stopFirst = world.store.onAppend(() => calls.push('first'));
      const stopSecond = world.store.onAppend(() => calls.push('second'));
      await world.run(set('web', 'a', 1));
      stopFirst();
      stopFirst();
      await world.run(set('web', 'a', 2));
      stopSecond();
      expect(calls).toEqual(['first', 'second', 'second']);
    });
  });

  describe('an empty store', () => {
    test('has a head before the first position, and nothing else', async () => {
      const { store } = await given(open);
      expect(await store.head()).toEqual({ position: 0, hash: GENESIS_HASH, recordedAt: null });
      expect(await store.events({ limit: 10 })).toEqual([]);
      expect(await reads(store).stacks({})).toEqual([]);
      expect((await store.checkpoints()).map(({ position }) => position)).toEqual(PROJECTION.projectors.map(() => 0));
    });
  });
}
