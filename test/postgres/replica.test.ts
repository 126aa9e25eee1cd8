import pg from 'pg';
import { firstValueFrom, take, toArray } from 'rxjs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { postgresServer } from '../support/postgres-server.js';

async function withReplica() {
  const server = await postgresServer();
  onTestFinished(() => server.remove());
  const replica = await server.replica();
  return { primary: server.url, replica: replica.url };
}

const refused = { name: 'StoreError', code: 'READ_ONLY' };
const settled = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a replica answers queries, notifies subscribers, and refuses changes with an error that says so', async () => {
  const at = await withReplica();
  await expect(StateBackend.open(at.replica)).rejects.toMatchObject(refused); // nothing of ours exists yet
  await using primary = await StateBackend.open(at.primary);
  await primary.getStackManager().createStack({ name: 'web' });
  await primary.getStackManager().setResource('web', { type: 't', name: 'a', properties: { n: 1 } });
  await vi.waitUntil(() =>
    StateBackend.open(at.replica).then(
      (one) => one.close().then(() => true),
      () => false,
    ),
  );

  await using replica = await StateBackend.open(at.replica);
  const manager = replica.getStackManager();
  await vi.waitUntil(async () => (await replica.head()).position === 2);
  expect(await manager.listStacks()).toMatchObject([{ name: 'web', stateVersion: 2 }]);
  expect(await replica.getState('web')).toEqual(await primary.getState('web'));
  expect(await replica.getState('web', { version: 1 })).toEqual(await primary.getState('web', { version: 1 }));
  expect(await replica.diff('web', 1, 2)).toEqual(await primary.diff('web', 1, 2));
  expect((await replica.getAdmin().verify({ chainOnly: true })).problems).toEqual([]);

  await expect(replica.addTag('web', 'x')).rejects.toMatchObject(refused);
  await expect(manager.removeResource('web', 't.a')).rejects.toMatchObject(refused);
  await expect(replica.getAdmin().verify()).rejects.toMatchObject(refused);
  await expect(replica.getAdmin().rebuild()).rejects.toMatchObject(refused);

  const seen = firstValueFrom(replica.events$().pipe(take(3), toArray()));
  await settled(500);
  const connect = vi.spyOn(pg.Client.prototype, 'connect');
  await settled(1_500);
  expect(connect).not.toHaveBeenCalled(); // a replica cannot LISTEN, so reconnecting would be useless
  connect.mockRestore();
  await primary.addTag('web', 'x');
  expect((await seen).map(({ type }) => type)).toEqual(['StackCreated', 'ResourceCreated', 'TagAdded']);
});
