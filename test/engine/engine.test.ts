import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { COMMANDS, type Command } from '../../src/commands/index.js';
import { hashEvent, StateBackend, stateHash } from '../../src/index.js';
import { scratchFolder } from '../support/folder.js';
import { world } from '../support/world.js';

const ACTOR = { actor: 'test' };

describe('opening', () => {
  test('makes the file and its folders for the owner alone, with full sync', async () => {
    const path = join(scratchFolder(), 'deep', 'er', 'stacks.db');
    await using backend = await StateBackend.open(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await backend.describe()).settings).toMatchObject({ journal_mode: 'wal', synchronous: 'FULL' });
  });

  test('two at once make one database', async () => {
    const path = join(scratchFolder(), 'stacks.db');
    const backends = await Promise.all([StateBackend.open(path), StateBackend.open(path)]);
    await backends[0].getStackManager().createStack({ name: 'a' });
    expect(await backends[1].getStackManager().listStacks()).toHaveLength(1);
    for (const backend of backends) await backend.close();
  });

  test.each(['mysql://host/db', 'memory:x', 'MEMORY:', ':memory', 'file::memory:', 'sqlite:x.db', 'postgres:x'])(
    'the name %s, which looks like a URL or a database in memory, is refused and makes no file',
    async (name) => {
      await expect(StateBackend.open(name)).rejects.toMatchObject({ code: 'UNSUPPORTED_DATABASE', exitCode: 2 });
      await expect(StateBackend.restore(name, 'backup.db')).rejects.toMatchObject({ code: 'NOT_A_FILE', exitCode: 2 });
      expect(existsSync(name)).toBe(false);
    },
  );

  test.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['a number', 7],
  ])('%s is no database: that is said', async (_, location) => {
    await expect(StateBackend.open(location as string)).rejects.toMatchObject({
      code: 'NO_DATABASE',
      exitCode: 2,
      details: { field: 'db' },
    });
  });

  test('after close every call is refused; closing twice is fine', async () => {
    const backend = await StateBackend.open(':memory:');
    await backend.close();
    await backend.close();
    await expect(backend.head()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await expect(backend.getStackManager().createStack({ name: 'a' })).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  });
});

describe('commits', () => {
  test('10,000 resources are one commit and one version', async () => {
    await using backend = await StateBackend.open(':memory:');
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'a' });
    const resources = Array.from({ length: 10_000 }, (_, n) => ({ type: 't', name: `r${n}`, properties: { n } }));
    const receipt = await manager.apply({ stack: 'a', resources });
    expect(receipt).toMatchObject({ version: 2, events: 10_000, firstPosition: 2, lastPosition: 10_001 });
    expect((await manager.getStack('a')).resourceCount).toBe(10_000);
    expect(await manager.listResources('a', { version: 1 })).toEqual([]);
  });

  test('callers at the same time share a transaction; a refused one hurts no other', async () => {
    const path = join(scratchFolder(), 'stacks.db');
    await using backend = await StateBackend.open(path);
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'a' });
    const others = new Database(path, { readonly: true });
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, async (_, n) => {
        const call = n % 10 === 3 ? { expectedVersion: 999 } : {};
        const receipt = await manager.setResource('a', { type: 't', name: `r${n}` }, call);
        // Acknowledged: another connection sees it.
        const seen = others.prepare('SELECT hash FROM events WHERE position = ?').pluck().get(receipt.lastPosition);
        expect(seen).toBe(receipt.hash);
        return receipt;
      }),
    );
    const done = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value.lastPosition);
    expect(done).toEqual(Array.from({ length: 90 }, (_, n) => n + 2));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map(({ reason }) => reason.code)).toEqual(Array(10).fill('VERSION_CONFLICT'));
    others.close();
  });

  test('a command sent again returns its first receipt; another under its id is refused', async () => {
    const engine = await world();
    const create: Command = { type: 'createStack', name: 'a' };
    const first = await engine.execute(create, { ...ACTOR, commandId: 'c1' });
    expect(await engine.execute(create, { ...ACTOR, commandId: 'c1' })).toEqual(first);
    await expect(
      engine.execute({ type: 'addTags', stack: 'a', tags: ['t'] }, { ...ACTOR, commandId: 'c1' }),
    ).rejects.toMatchObject({
      code: 'COMMAND_ID_REUSED',
    });
    expect(await engine.store.head()).toMatchObject({ position: 1 });
  });
});

describe('a locked stack', () => {
  const HELD: readonly Command[] = [
    { type: 'updateStack', stack: 'a', description: 'x' },
    { type: 'apply', stack: 'a', resources: [{ type: 't', name: 'n', properties: { x: 2 } }] },
    { type: 'setResource', stack: 'a', resource: 't.n', properties: { x: 2 } },
    { type: 'addDependency', stack: 'a', resource: 't.n', dependsOn: 't.o', allowMissing: true },
    { type: 'removeDependency', stack: 'a', resource: 't.m', dependsOn: 't.n' },
    { type: 'acceptDrift', stack: 'a', resource: 't.n' },
    { type: 'rollback', stack: 'a', toVersion: 1 },
    { type: 'startExecution', stack: 'a' },
    { type: 'completeExecution', stack: 'a', executionId: 'run' },
    { type: 'failExecution', stack: 'a', executionId: 'run', error: 'x' },
    { type: 'deleteStack', stack: 'a' },
  ];

  async function lockedStack() {
    const engine = await world();
    const resources = [
      { type: 't', name: 'n', properties: { x: 1 } },
      { type: 't', name: 'm', dependencies: ['t.n'] },
    ];
    await engine.runAll([
      { type: 'createStack', name: 'a' },
      { type: 'apply', stack: 'a', resources },
      { type: 'startExecution', stack: 'a', executionId: 'run' },
      { type: 'detectDrift', stack: 'a', findings: [{ resource: 't.n', actual: { x: 3 } }] },
    ]);
    const lock = await engine.run({ type: 'acquireLock', stack: 'a', id: 'mine', operation: 'o', ttlMs: 60_000 });
    return { clock: engine.clock, engine, token: lock.lastPosition };
  }

  test.each(HELD.map((command) => [command.type, command] as const))('%s needs the lock', async (_, command) => {
    const { engine, clock, token } = await lockedStack();
    const refused = (envelope: object, code: string) =>
      expect(engine.execute(command, { ...ACTOR, ...envelope })).rejects.toMatchObject({ code, exitCode: 4 });
    await refused({}, 'STACK_LOCKED');
    await refused({ lockId: 'other' }, 'STACK_LOCKED');
    await refused({ lockId: 'mine', fencingToken: token + 1 }, 'LOCK_NOT_HELD');
    clock.advance(60_000);
    await refused({ lockId: 'mine' }, 'LOCK_NOT_HELD'); // it overslept, though nobody took the lock
    clock.advance(-1);
    const { lastPosition } = await engine.execute(command, { ...ACTOR, lockId: 'mine', fencingToken: token });
    expect(lastPosition).toBeGreaterThan(token);
  });

  test.each(HELD.map((command) => [command.type, command] as const))(
    '%s records an expired lock',
    async (_, command) => {
      const { engine, clock, token } = await lockedStack();
      clock.advance(60_000);
      await engine.execute(command, ACTOR);
      const [event] = await engine.store.events({ after: token, limit: 1 });
      expect(event?.type).toBe('LockExpired');
    },
  );

  test('covers every command that raises the version of a stack that is there', () => {
    const held = Object.entries(COMMANDS).filter(([type, { lock }]) => lock === 'held' && type !== 'restoreStack');
    expect(HELD.map(({ type }) => type).toSorted()).toEqual(held.map(([type]) => type).toSorted());
  });
});

describe('rollback', () => {
  test('brings back a deleted stack, and what it was', async () => {
    await using backend = await StateBackend.open(':memory:');
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'a' });
    await manager.setResource('a', { type: 't', name: 'n', properties: { x: 1 } });
    const hash = stateHash(await backend.getState('a'));
    await manager.removeResource('a', 't.n');
    await manager.deleteStack('a');
    await backend.rollbackToSnapshot('a', 2);
    const state = await backend.getState('a');
    expect(stateHash(state)).toBe(hash);
    expect(state.version).toBe(5);
  });

  test('gives an id back that moved to another resource, but not from another stack', async () => {
    await using backend = await StateBackend.open(':memory:');
    const manager = backend.getStackManager();
    for (const name of ['a', 'b']) await manager.createStack({ name });
    await manager.setResource('a', { type: 't', name: 'old', id: 'the-id' });
    await manager.apply({ stack: 'a', remove: ['t.old'], resources: [{ type: 't', name: 'new', id: 'the-id' }] });
    await backend.rollbackToSnapshot('a', 2);
    expect((await manager.listResources('a')).map(({ address, id }) => [address, id])).toEqual([['t.old', 'the-id']]);

    await manager.removeResource('a', 't.old');
    await manager.setResource('b', { type: 't', name: 'thief', id: 'the-id' });
    await backend.rollbackToSnapshot('a', 2);
    expect(await manager.listResources('a')).toMatchObject([{ address: 't.old', id: expect.stringMatching(/^res-/) }]);
    expect(await manager.listResources('b')).toMatchObject([{ address: 't.thief', id: 'the-id' }]);
  });
});

describe('values', () => {
  test('of every kind come back as they went in', async () => {
    const { parseJson, stringifyJson } = await import('../../src/index.js');
    const text =
      '{"big":12345678901234567890,"huge":1e400,"one":1.0,"minus":-0,"__proto__":{"x":1},"constructor":null,' +
      '"lone":"\\ud800","nul":"\\u0000","deep":' +
      `${'['.repeat(500)}${']'.repeat(500)},"long":"${'x'.repeat(1_000_000)}"}`;
    const path = join(scratchFolder(), 'stacks.db');
    await using backend = await StateBackend.open(path);
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'a', configuration: parseJson(text), metadata: [null, 'x'] });
    await manager.setResource('a', { type: 't', name: 'n', properties: parseJson(text) as never });
    const { value } = await manager.getResource('a', 't.n');
    expect(stringifyJson(value.properties)).toBe(text);
    expect(stringifyJson((await backend.getState('a')).document.configuration)).toBe(text);
    const client = new Database(path, { readonly: true });
    expect(client.prepare('SELECT properties FROM resources').pluck().get()).toBe(text);
    expect(client.prepare('SELECT configuration FROM stacks').pluck().get()).toBe(text);
    client.close();
  });

  test.each([
    ['undefined', { a: { b: undefined } }, '$.a.b'],
    ['NaN', { a: [1, Number.NaN] }, '$.a[1]'],
    ['a date', { when: new Date() }, '$.when'],
    ['a map', { m: new Map() }, '$.m'],
  ])('that JSON cannot carry are refused with their path: %s', async (_, properties, path) => {
    await using backend = await StateBackend.open(':memory:');
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'a' });
    await expect(
      manager.setResource('a', { type: 't', name: 'n', properties: properties as never }),
    ).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(path),
    });
    expect((await backend.head()).position).toBe(1);
  });

  test('over 16 MiB are refused', async () => {
    await using backend = await StateBackend.open(':memory:');
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'a' });
    const properties = { text: 'x'.repeat(16 * 1024 * 1024) };
    await expect(manager.setResource('a', { type: 't', name: 'n', properties })).rejects.toThrow(/more than 16777216/);
  });
});

test('events of a type from a later release are kept, shown and passed over', async () => {
  const path = join(scratchFolder(), 'stacks.db');
  await using backend = await StateBackend.open(path);
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'a' });
  const { hash } = await backend.head();
  const row = {
    position: 2,
    stream: 1,
    revision: 2,
    version: 1,
    type: 'StackBlessed',
    schemaVersion: 3,
    data: '{"by":"a later release"}',
    meta: '{"actor":"x","source":"x","command":"bless"}',
    recordedAt: '2026-01-01T00:00:00.000Z',
    commandId: 'later',
  };
  const later = new Database(path);
  later
    .prepare(
      'INSERT INTO events VALUES (@position, @stream, @revision, @version, @type, @schemaVersion, @data, @meta, @recordedAt, @commandId, @hash)',
    )
    .run({ ...row, hash: hashEvent(hash, row) });
  later.exec('UPDATE stack_rows SET revision = 2; UPDATE projection_checkpoints SET position = 2'); // as the later release would
  later.close();
  expect((await backend.getActivity('a')).events[0]).toMatchObject({
    type: 'StackBlessed',
    data: { by: 'a later release' },
  });
  await manager.setResource('a', { type: 't', name: 'n' });
  expect((await backend.getState('a')).resources).toHaveLength(1);
});

test('an id that is the name of a live stack is taken, however the stack is made', async () => {
  await using backend = await StateBackend.open(':memory:');
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web' });
  await expect(manager.apply({ stack: 'other', create: { id: 'web' } })).rejects.toMatchObject({ code: 'ID_TAKEN' });
  await expect(manager.createStack({ name: 'other', id: 'web' })).rejects.toMatchObject({ code: 'ID_TAKEN' });
  await manager.deleteStack('web');
  await manager.apply({ stack: 'other', create: { id: 'web' } });
  expect((await manager.getStack('web')).name).toBe('other');
});

test('memory: is another name for :memory:, SQLite without a file', async () => {
  await using one = await StateBackend.open('memory:', { create: false });
  await using other = await StateBackend.open(':memory:', { create: false });
  await one.getStackManager().createStack({ name: 'web' });
  expect((await other.head()).position).toBe(0);
  await other.getStackManager().createStack({ name: 'web' });
  const { head: _, ...described } = await one.describe();
  expect(await other.describe()).toMatchObject(described);
  expect(await one.describe()).toMatchObject({ kind: 'sqlite', location: ':memory:', events: 1 });
  expect(existsSync('memory:')).toBe(false);
});
