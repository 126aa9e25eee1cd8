import { expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { freshSchema } from '../support/postgres.js';

test('commits that lie across batches, or are larger than one, are projected whole, and others between them once', async () => {
  await using backend = await StateBackend.open(await freshSchema());
  const manager = backend.getStackManager();
  const commit = (stack: string, count: number, from = 0) =>
    manager.apply({
      stack,
      resources: Array.from({ length: count }, (_, n) => ({ type: 't', name: `r${from + n}`, properties: { from } })),
    });
  for (const name of ['a', 'b']) await manager.createStack({ name });
  await commit('a', 1_500);
  await commit('b', 1_500);
  await commit('b', 1, 5_000);
  await commit('a', 5_000, 1_000);
  await commit('b', 700, 1_000);
  await commit('a', 1, 9_000);
  const before = [await backend.getState('a'), await backend.getState('b'), await backend.listVersions('b')];
  const { position } = await backend.head();
  expect(await backend.getAdmin().rebuild()).toMatchObject({ events: position, position });
  expect([await backend.getState('a'), await backend.getState('b'), await backend.listVersions('b')]).toEqual(before);
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
  for (const stack of ['a', 'b']) expect((await backend.getAdmin().verify({ stack })).problems).toEqual([]);
});
