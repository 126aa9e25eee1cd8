import { join } from 'node:path';
import { firstValueFrom, take, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { scratchFolder } from '../support/folder.js';

/** A database with one event, and a backup of it. */
async function backedUp() {
  const folder = scratchFolder();
  const [path, copy] = [join(folder, 'stacks.db'), join(folder, 'copy.db')];
  const backend = await StateBackend.open(path, { actor: 'a' });
  await backend.getStackManager().createStack({ name: 's' });
  await backend.getAdmin().backup(copy);
  return { path, copy, backend };
}

test.each([
  ['shorter than what was seen', 0],
  ['as long, with other events', 1],
  ['longer, with other events', 3],
])('a subscriber gets an error when a restored log is %s', async (_, more) => {
  const { path, copy, backend } = await backedUp();
  await using _closed = backend;
  const seen: number[] = [];
  const ended = new Promise((resolve) =>
    backend
      .events$()
      .subscribe({ next: ({ position }) => seen.push(position), error: resolve, complete: () => resolve('completed') }),
  );
  await backend.addTag('s', 'before');
  while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await StateBackend.restore(path, copy);
  await using other = await StateBackend.open(path, { actor: 'b' });
  for (let n = 0; n < more; n++) await other.addTag('s', `after-${n}`);
  if (more === 1) await other.addTag('s', 'one more'); // only events after its position show the difference
  expect(await ended).toMatchObject({ code: 'LOG_REPLACED', details: { position: 2 } });
  expect(seen).toEqual([1, 2]);
});

test('a subscription from a future position waits for it', async () => {
  const { backend } = await backedUp();
  await using _closed = backend;
  const seen = firstValueFrom(backend.events$({ from: 3 }).pipe(take(1), toArray()));
  await backend.addTag('s', 'second');
  await backend.addTag('s', 'third');
  expect((await seen).map(({ position }) => position)).toEqual([3]);
});
