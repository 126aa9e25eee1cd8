import { join } from 'node:path';
import { firstValueFrom, take, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { GENESIS_HASH, hashEvent, StateBackend, type StoredEvent } from '../../src/index.js';
import { writer } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';

/** Every event of the log, checked: positions and revisions without gaps, each hash chained to the previous one. */
async function checkedLog(db: string): Promise<readonly StoredEvent[]> {
  const { store } = openEngine(db);
  const events = await store.events({ limit: 1_000_000 });
  await store.close();
  const revisions = new Map<number, number>();
  let hash = GENESIS_HASH;
  for (const [index, event] of events.entries()) {
    expect(event.position).toBe(index + 1);
    const revision = (revisions.get(event.stream) ?? 0) + 1;
    expect(event.revision).toBe(revision);
    revisions.set(event.stream, revision);
    hash = hashEvent(hash, event);
    expect(event.hash).toBe(hash);
  }
  return events;
}

test('4 processes × 500 commands on one database: 2,000 commits, nothing lost, the chain whole', async () => {
  const db = join(scratchFolder(), 'stacks.db');
  const backend = await StateBackend.open(db);
  await backend.getStackManager().createStack({ name: 'shared' });

  const results = await Promise.all([1, 2, 3, 4].map((number) => writer(db, number, 500)));
  for (const { code, stderr } of results) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

  const events = await checkedLog(db);
  expect(events).toHaveLength(1 + 4 * 500);
  expect(new Set(events.map(({ commandId }) => commandId)).size).toBe(2_001);
  const hashes = new Map(events.map(({ position, hash }) => [position, hash]));
  for (const line of results.flatMap(({ lines }) => lines)) {
    const [position, hash] = line.split(' ');
    expect(hashes.get(Number(position))).toBe(hash);
  }
  expect((await backend.getStackManager().getStack('shared')).stateVersion).toBe(1 + 4 * 249);
  await backend.close();
});

test('live events: history, then what other processes append, in order and each once', async () => {
  const db = join(scratchFolder(), 'stacks.db');
  const backend = await StateBackend.open(db);
  await backend.getStackManager().createStack({ name: 'shared' });
  const seen = firstValueFrom(backend.events$().pipe(take(1 + 2 * 100), toArray()));
  await Promise.all([writer(db, 1, 100), writer(db, 2, 100)]);
  expect((await seen).map(({ position }) => position)).toEqual(Array.from({ length: 201 }, (_, index) => index + 1));
  await backend.close();
});
