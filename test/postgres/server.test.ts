import { firstValueFrom, take, toArray } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { type Receipt, StateBackend } from '../../src/index.js';
import { writer } from '../support/database.js';
import { emptySchema } from '../support/postgres.js';
import { postgresServer } from '../support/postgres-server.js';

const LONG = 240_000;

/** A separate server that a test may stop. */
async function ownServer() {
  const server = await postgresServer();
  onTestFinished(() => server.remove());
  return server;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

test(
  '8 processes × 500 commands on one database: nothing lost, no gap, and a subscriber sees each event once, in order',
  async () => {
    const db = await emptySchema();
    await using backend = await StateBackend.open(db);
    await backend.getStackManager().createStack({ name: 'shared' });
    const all = 1 + 8 * 500;
    const seen = firstValueFrom(backend.events$().pipe(take(all), toArray()));

    const results = await Promise.all(upTo(8).map((number) => writer(db, number, 500)));
    for (const { code, stderr } of results) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

    expect((await seen).map(({ position }) => position)).toEqual(upTo(all));
    const hashes = new Map((await seen).map(({ position, hash }) => [position, hash]));
    for (const line of results.flatMap(({ lines }) => lines)) {
      const [position, hash] = line.split(' ');
      expect(hashes.get(Number(position))).toBe(hash);
    }
    expect((await backend.getAdmin().verify()).problems).toEqual([]);
  },
  LONG,
);

test(
  'a subscriber resumes when the server restarts',
  async () => {
    const server = await ownServer();
    await using writing = await StateBackend.open(server.url);
    await using reading = await StateBackend.open(server.url);
    await writing.getStackManager().createStack({ name: 'web' });
    const seen = firstValueFrom(reading.events$().pipe(take(41), toArray()));
    for (let n = 0; n < 20; n += 1) await writing.addTag('web', `before-${n}`);
    await server.stop('fast');
    const waiting = writing.addTag('web', 'meanwhile');
    await server.start();
    await waiting;
    for (let n = 0; n < 19; n += 1) await writing.addTag('web', `after-${n}`);
    expect((await seen).map(({ position }) => position)).toEqual(upTo(41));
  },
  LONG,
);

test(
  'a server that is killed 20 times under load loses no acknowledged command',
  async () => {
    const server = await ownServer();
    await using backend = await StateBackend.open(server.url);
    await backend.getStackManager().createStack({ name: 'web' });
    const acknowledged: Receipt[] = [];
    let going = true;
    const load = upTo(8).map(async (client) => {
      for (let n = 0; going; n += 1) {
        const resource = { type: 'item', name: `r${client}-${n % 10}`, properties: { n } };
        acknowledged.push(await backend.getStackManager().setResource('web', resource));
      }
    });
    for (let kill = 0; kill < 20; kill += 1) {
      const before = acknowledged.length;
      while (acknowledged.length < before + 10) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.stop('immediate');
      await server.start();
    }
    going = false;
    await Promise.all(load);

    const hashes = new Map<number, string>();
    for await (const { event } of backend.getLog()) hashes.set(event.position, event.hash);
    expect(acknowledged.length).toBeGreaterThan(200);
    for (const { lastPosition, hash } of acknowledged) expect(hashes.get(lastPosition)).toBe(hash);
    expect(new Set(acknowledged.map(({ lastPosition }) => lastPosition)).size).toBe(acknowledged.length);
    expect([...hashes.keys()]).toEqual(upTo(hashes.size));
    expect((await backend.getAdmin().verify()).problems).toEqual([]);
  },
  LONG,
);

test(
  'tables are rebuilt while two processes write continuously, and neither is aborted',
  async () => {
    const db = await emptySchema();
    const backends = await Promise.all([1, 2, 3].map(() => StateBackend.open(db)));
    const [admin, ...writers] = backends as [StateBackend, StateBackend, StateBackend];
    await admin.getStackManager().createStack({ name: 'web' });
    let going = true;
    let written = 0;
    const load = writers.map(async (backend, index) => {
      for (let n = 0; going; n += 1) {
        const resource = { type: 'item', name: `r${index}-${n % 20}`, properties: { n } };
        await backend.getStackManager().setResource('web', resource);
        written += 1;
      }
    });
    for (let round = 0; round < 8; round += 1) {
      const before = written;
      await admin.getAdmin().rebuild();
      while (written < before + 5) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    going = false;
    await Promise.all(load);
    expect((await admin.getAdmin().verify()).problems).toEqual([]);
    for (const backend of backends) await backend.close();
  },
  LONG,
);
