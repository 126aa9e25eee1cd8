import { connect, createServer, type Socket } from 'node:net';
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { prepareAny } from '../../src/commands/index.js';
import { engineOn, PROJECTION } from '../../src/engine.js';
import { StateBackend } from '../../src/index.js';
import { openPostgresStore } from '../../src/store/postgres/postgres-event-store.js';
import { TestClock } from '../support/clock.js';
import { emptySchema, onServer } from '../support/postgres.js';

/** The message of a server that is ready and has no open transaction. */
const READY = 'Z\0\0\0\x05I';

/**
 * A proxy that disconnects when a message contains a text: the server executes it, the response is lost, and the server
 * cannot be reached again.
 */
async function waySevered(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let text: string | undefined;
  let isSevered = false;
  const server = createServer((client) => {
    if (isSevered) return client.destroy();
    const to = connect(Number(target.port), target.hostname);
    for (const socket of [client, to]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    to.on('data', (bytes) => {
      if (!isSevered) client.write(bytes);
      else if (bytes.includes(READY)) client.destroy();
    });
    client.on('data', (bytes) => {
      if (text !== undefined && bytes.includes(text)) isSevered = true;
      to.write(bytes);
    });
    client.on('close', () => to.end());
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(port);
  return {
    url: through.href,
    severAt: (what: string) => {
      text = what;
    },
    mend: () => {
      text = undefined;
      isSevered = false;
    },
  };
}

test.each([
  ['one statement', undefined],
  ['a transaction that holds the end of the log', 'held'],
])(
  'a connection that is lost during the commit leaves the outcome unknown: %s',
  async (_, held) => {
    const url = await emptySchema();
    const way = await waySevered(url);
    await using backend = await StateBackend.open(way.url);
    await using direct = await StateBackend.open(url);
    await backend.getStackManager().createStack({ name: 'web' });
    if (held) {
      // Others append: from then on the end of the log is locked from the start.
      await Promise.all([1, 2, 3, 4].flatMap((n) => [backend.addTag('web', `a${n}`), direct.addTag('web', `b${n}`)]));
    }
    way.severAt('TagAdded'); // in the writes, not in the reads before them
    const commandId = 'my-command';
    const unknown = { name: 'StoreError', code: 'OUTCOME_UNKNOWN', details: { commandId } };
    await expect(backend.addTag('web', 'unanswered', { commandId })).rejects.toMatchObject(unknown);
    way.mend();
    const before = await direct.head();
    const receipt = await backend.addTag('web', 'unanswered', { commandId });
    expect(await direct.getTags('web')).toContain('unanswered');
    // It was stored the first time, so it is not stored again.
    expect(receipt).toMatchObject({ commandId, lastPosition: before.position });
    expect((await direct.getAdmin().verify()).problems).toEqual([]);
  },
  60_000,
);

test.each([
  ['58030', 'DISK_ERROR', 1],
  ['53100', 'DISK_FULL', 1],
  ['53200', 'OUT_OF_MEMORY', 1],
  ['XX001', 'DATABASE_CORRUPT', 7],
])(
  'what the server reports as %s is %s, changes nothing, and the next command succeeds',
  async (state, code, exitCode) => {
    const url = await emptySchema();
    await using backend = await StateBackend.open(url);
    await backend.getStackManager().createStack({ name: 'web' });
    await onServer(url, (client: pg.Client) =>
      client.query(`CREATE FUNCTION fail() RETURNS TRIGGER LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'could not write' USING ERRCODE = '${state}'; END $$;
      CREATE TRIGGER fail BEFORE INSERT ON tag_rows FOR EACH ROW EXECUTE FUNCTION fail()`),
    );
    await expect(backend.addTag('web', 'x')).rejects.toMatchObject({ code, exitCode });
    expect((await backend.head()).position).toBe(1);
    await onServer(url, (client: pg.Client) => client.query('DROP TRIGGER fail ON tag_rows'));
    await backend.addTag('web', 'x');
    expect(backend.writesStopped).toBeUndefined();
  },
);

test('a command about a lock that the store retries is recognised by its generated id', async () => {
  const store = openPostgresStore({ url: await emptySchema(), projection: PROJECTION, clock: new TestClock() });
  onTestFinished(() => store.close());
  const engine = engineOn(store);
  await engine.execute({ type: 'createStack', name: 'web' }, { actor: 'test' });
  const request = prepareAny({ type: 'acquireLock', stack: 'web', operation: 'deploy' }, { actor: 'test' });
  const receipt = await store.append(request);
  expect(receipt.events).toBe(1);
  expect(await store.append(request)).toEqual(receipt);
});
