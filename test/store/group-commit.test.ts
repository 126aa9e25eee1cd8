import { expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { PROJECTION } from '../../src/engine.js';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { createStack, given, set } from '../contracts/world.js';

/** A SQLite store with these stacks, and the number of commits that each call has projected since. */
async function stacks(names: readonly string[]) {
  const calls: number[] = [];
  const projection: typeof PROJECTION = {
    ...PROJECTION,
    project: (events, only) => {
      calls.push(new Set(events.map(({ commandId }) => commandId)).size);
      return PROJECTION.project(events, only);
    },
  };
  const world = await given(
    (parts) => openSqliteStore({ path: ':memory:', ...parts }),
    names.map((name) => createStack(name)),
    { projection },
  );
  calls.length = 0;
  return {
    ...world,
    calls,
    atOnce: (commands: readonly Command[]) => Promise.all(commands.map((one) => world.run(one))),
  };
}

test('tables are written once for concurrent commands on different stacks', async () => {
  const names = Array.from({ length: 20 }, (_, n) => `s${n}`);
  const { atOnce, calls, store } = await stacks(names);
  await atOnce(names.map((name) => set(name, 'a', 1)));
  expect(calls).toEqual([20]);
  expect((await store.compareTables({})).problems).toEqual([]);
});

test('each command sees the changes of earlier ones to its stack, whatever name it uses', async () => {
  const { atOnce, calls } = await stacks(['web', 'db']);
  const receipts = await atOnce([set('web', 'a', 1), set('db', 'a', 1), set('web', 'a', 2), set('web-id', 'a', 3)]);
  expect(receipts.map(({ version }) => version)).toEqual([2, 2, 3, 4]);
  expect(calls).toEqual([2, 1, 1]);
});

test('pending events are flushed before there are a thousand', async () => {
  const { atOnce, calls } = await stacks(['a', 'b', 'c', 'd']);
  const many = Array.from({ length: 600 }, (_, n) => ({ type: 't', name: `r${n}` }));
  await atOnce(['a', 'b', 'c', 'd'].map((stack) => ({ type: 'apply', stack, resources: many })));
  expect(calls).toEqual([2, 2]);
});

test('a name is free as soon as an earlier command has freed it', async () => {
  const { atOnce, stack, run } = await stacks(['web', 'other']);
  await run({ type: 'deleteStack', stack: 'other' });
  await run(createStack('other', 'second'));
  await atOnce([
    { type: 'deleteStack', stack: 'web-id' },
    createStack('web', 'third'),
    { type: 'deleteStack', stack: 'second' },
    { type: 'restoreStack', stack: 'other-id' },
    { type: 'addTags', stack: 'other', tags: ['t'] },
  ]);
  expect([(await stack('web')).id, (await stack('other')).id]).toEqual(['third', 'other-id']);
});
