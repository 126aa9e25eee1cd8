import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import { allVersionsHold } from '../support/folded.js';
import { scratchFolder } from '../support/folder.js';
import { reads } from '../support/reads.js';

const ADDRESSES = ['t.a', 't.b', 't.c', 't.d'];

/** Pseudo-random numbers, the same each time. */
function* chance(seed: number): Generator<number, never> {
  for (let state = seed; ; ) yield (state = (state * 48_271) % 2_147_483_647);
}

/** Random commits in two stacks. Each changes up to four resources, and one in ten removes one of them. */
async function written(file: string, rounds: number, seed: number): Promise<void> {
  const { store, execute } = openEngine(file);
  const number = chance(seed);
  for (const name of ['one', 'two']) await execute({ type: 'createStack', name }, { actor: 'a' });
  for (let round = 0; round < rounds; round++) {
    const stack = number.next().value % 3 === 0 ? 'two' : 'one';
    const size = 1 + (number.next().value % ADDRESSES.length);
    const addresses = ADDRESSES.slice(0, size);
    const gone = number.next().value % 10 === 0 ? addresses.pop() : undefined;
    const present = gone && (await reads(store).resource((await reads(store).stack(stack))?.stream as number, gone));
    await execute(
      {
        type: 'apply',
        stack,
        resources: addresses.map((address) => ({ type: 't', name: address.slice(2), properties: { round } })),
        ...(present && { remove: [gone] }),
      },
      { actor: 'a' },
    );
  }
  await store.close();
}

const historyIn = (file: string): unknown[] => {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare('SELECT * FROM resource_history').all();
  } finally {
    db.close();
  }
};

test.each([1, 2, 3])('every version of resources with long histories, as written and as rebuilt (%i)', async (seed) => {
  const file = join(scratchFolder(), 'state.db');
  await written(file, 250, seed);
  const before = historyIn(file);
  const { store } = openEngine(file);
  onTestFinished(() => store.close());
  for (const stack of ['one', 'two']) await allVersionsHold(store, stack, ADDRESSES);
  await store.rebuild();
  expect(historyIn(file)).toEqual(before);
  for (const stack of ['one', 'two']) await allVersionsHold(store, stack, ADDRESSES);
  expect((await verifyStore(store)).problems).toEqual([]);
});

test('a commit that removes a resource and creates it again leaves one row, as written and as rebuilt', async () => {
  const file = join(scratchFolder(), 'state.db');
  const { store, execute } = openEngine(file);
  onTestFinished(() => store.close());
  const apply = (resource: object) =>
    execute({ type: 'apply', stack: 's', resources: [{ type: 't', name: 'a', ...resource }] }, { actor: 'a' });
  await execute({ type: 'createStack', name: 's' }, { actor: 'a' });
  await apply({ properties: { n: 1 } });
  await execute({ type: 'apply', stack: 's', remove: ['t.a'] }, { actor: 'a' });
  await apply({ id: 'id-1', properties: { n: 2 } });
  await execute({ type: 'rollback', stack: 's', toVersion: 2 }, { actor: 'a' });
  const events = await store.events({ stream: 1, limit: 100 });
  expect(events.filter(({ version }) => version === 5).map(({ type }) => type)).toEqual([
    'StackRolledBack',
    'ResourceRemoved',
    'ResourceCreated',
  ]);
  const rows = historyIn(file) as { version: number; present: number }[];
  expect(rows.map(({ version, present }) => [version, present])).toEqual([
    [2, 1],
    [3, 0],
    [4, 1],
    [5, 1],
  ]);
  expect((await verifyStore(store)).problems).toEqual([]);
  await store.rebuild();
  expect(historyIn(file)).toEqual(rows);
  expect((await reads(store).resource(1, 't.a', 4))?.id).toBe('id-1');
  expect((await reads(store).resource(1, 't.a', 3))?.id).toBeUndefined();
  expect((await reads(store).resource(1, 't.a', 2))?.value.properties).toEqual({ n: 1 });
});
