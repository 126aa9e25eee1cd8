import { join } from 'node:path';
import { firstValueFrom, take, toArray } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
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

test('a subscription from the position after the head waits for it', async () => {
  const { backend } = await backedUp();
  await using _closed = backend;
  const seen = firstValueFrom(backend.events$({ from: 2 }).pipe(take(1), toArray()));
  await backend.addTag('s', 'second');
  expect((await seen).map(({ position }) => position)).toEqual([2]);
});

/** The positions that a follower gets, until it ends with an error or by itself. */
type Follow = (backend: StateBackend, after: number, hash?: string) => AsyncIterable<number>;
const FOLLOWERS: readonly [string, Follow][] = [
  [
    'followLog',
    async function* (backend, after, hash) {
      const signal = AbortSignal.timeout(60_000);
      const options = hash === undefined ? { signal } : { signal, hash };
      for await (const entry of backend.followLog(after, options)) if (entry) yield entry.event.position;
    },
  ],
  [
    'events$',
    async function* (backend, after, hash) {
      const from = after + 1;
      const events = backend.events$(hash === undefined ? { from } : { from, hash });
      const seen = await firstValueFrom(events.pipe(take(1)));
      yield seen.position;
    },
  ],
];

async function firstOf(positions: AsyncIterable<number>): Promise<number | undefined> {
  for await (const position of positions) return position;
  return undefined;
}

describe.each(FOLLOWERS)('%s', (field, follow) => {
  /** A database restored to position 1, after position 3 was read. */
  async function restored() {
    const { path, copy, backend } = await backedUp();
    await backend.addTag('s', 'before');
    await backend.addTag('s', 'also before');
    const { hash } = await backend.head();
    await backend.close();
    await StateBackend.restore(path, copy);
    const again = await StateBackend.open(path, { actor: 'b' });
    onTestFinished(() => again.close());
    return { backend: again, hash };
  }
  const refused = { code: 'LOG_REPLACED', exitCode: 7, details: { position: 3 } };

  test('refuses a position after the head, and skips no event that is appended later', async () => {
    const { backend } = await restored();
    const outcome = firstOf(follow(backend, 3)).catch((error: unknown) => error);
    for (const tag of ['a', 'b', 'c', 'd']) await backend.addTag('s', tag);
    expect(await outcome).toMatchObject(refused);
  });

  test('refuses a hash that is not the one at its position', async () => {
    const { backend, hash } = await restored();
    for (const tag of ['a', 'b']) await backend.addTag('s', tag);
    const { position, hash: own } = await backend.head();
    await backend.addTag('s', 'c');
    await expect(firstOf(follow(backend, position, hash))).rejects.toMatchObject(refused);
    expect(await firstOf(follow(backend, position, own))).toBe(4);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1.5, -1, '1'])('refuses %s as a position', async (bad) => {
    const { backend } = await backedUp();
    await using _closed = backend;
    const name = field === 'followLog' ? 'after' : 'from';
    const following =
      name === 'after'
        ? firstOf(follow(backend, bad as number))
        : firstValueFrom(backend.events$({ from: bad as number }));
    await expect(following).rejects.toMatchObject({ code: 'INVALID_INPUT', exitCode: 2, details: { field: name } });
  });
});
