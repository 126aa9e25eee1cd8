import { expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { emptySchema, onServer } from '../support/postgres.js';

async function running() {
  const url = await emptySchema();
  const backend = await StateBackend.open(url);
  await backend.getStackManager().createStack({ name: 'web' });
  const tags = (set: string) =>
    onServer(url, (client) => client.query(`UPDATE projection_checkpoints SET ${set} WHERE name = 'tags'`));
  return { url, backend, tags };
}
const refused = { name: 'StoreError', code: 'PROJECTIONS_CHANGED' };

test('if another release has built a table while a process runs, that process may not write any more', async () => {
  const { url, backend, tags } = await running();
  await using _ = backend;
  await tags('version = version + 1');
  const before = await backend.head();
  await expect(backend.addTag('web', 'x')).rejects.toMatchObject(refused);
  const together = ['a', 'b'].map((name) => backend.getStackManager().createStack({ name }));
  for (const one of await Promise.allSettled(together)) expect(one).toMatchObject({ reason: refused });
  expect(await backend.head()).toEqual(before);
  await expect(StateBackend.open(url)).rejects.toMatchObject({ code: 'NEWER_PROJECTIONS' });
  await tags('version = version - 1');
  await backend.addTag('web', 'x');
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
});

test('nothing is written over a table with a gap', async () => {
  const { backend, tags } = await running();
  await using _ = backend;
  await tags('position = position - 1');
  await expect(backend.addTag('web', 'x')).rejects.toMatchObject(refused);
  expect((await backend.head()).position).toBe(1);
  await backend.getAdmin().rebuild({ names: ['tags'] });
  await backend.addTag('web', 'x');
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
});
