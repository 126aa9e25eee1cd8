import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { engineOn, PROJECTION } from '../../src/engine.js';
import { StateBackend } from '../../src/index.js';
import { systemClock } from '../../src/lib/clock.js';
import { readState } from '../../src/queries/state.js';
import type { Progress } from '../../src/store/maintenance.js';
import { openPostgresStore } from '../../src/store/postgres/postgres-event-store.js';
import { wait } from '../../src/store/program.js';
import { emptySchema, onServer } from '../support/postgres.js';

const NAMES = PROJECTION.projectors.map(({ name }) => name);

/** How long a rebuild that waits for a read is waited for, milliseconds. */
const BLOCKED = 300;

test.each(NAMES)('a rebuild of %s while a state is read does not change what the read returns', async (name) => {
  await using store = await opened();
  const before = await store.read((s) => readState(s, 'web'));
  let rebuild: Promise<unknown> | undefined;
  const during = await store.read(function* (s) {
    yield* wait(s.stack('web'));
    rebuild = store.rebuild({ names: [name] });
    yield* wait(Promise.race([rebuild, pause(BLOCKED)]));
    return yield* readState(s, 'web');
  });
  await rebuild;
  expect(during).toEqual(before);
});

test('rebuilds at the same time, and what reads their progress, do not disturb each other', async () => {
  const url = await emptySchema();
  await using backend = await StateBackend.open(url);
  await using other = await StateBackend.open(url);
  await backend.getStackManager().createStack({ name: 'web' });
  let isDone = false;
  const read = async () => {
    while (!isDone) {
      await other.getAdmin().projections();
      await other.getDetails('web');
    }
  };
  const reads = [read(), read()];
  for (let n = 0; n < 10; n += 1) {
    await Promise.all([backend, other].map((one) => one.getAdmin().rebuild()));
  }
  isDone = true;
  await Promise.all(reads);
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
});

test('a rebuild that another process completes first starts again', async () => {
  const url = await emptySchema();
  await using backend = await StateBackend.open(url);
  await using other = await StateBackend.open(url);
  await backend.getStackManager().createStack({ name: 'web' });
  const interrupt = () => {
    throw new Error('interrupted');
  };
  await expect(backend.getAdmin().rebuild({ onProgress: interrupt })).rejects.toThrow('interrupted');
  expect(await backend.getAdmin().projections()).toMatchObject(NAMES.map((name) => ({ name, rebuilding: 0 })));
  const completed = beforeFirst(/pg_advisory_xact_lock/, () => other.getAdmin().rebuild());
  expect(await backend.getAdmin().rebuild()).toMatchObject({ projections: NAMES, events: 1 });
  expect(await completed()).toMatchObject({ projections: NAMES, events: 1 });
});

test('a rebuild that waits for a long read of the tables does not stop commands', async () => {
  const url = await emptySchema();
  await using backend = await StateBackend.open(url);
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web' });
  let rebuild: Promise<unknown> | undefined;
  await onServer(url, async (client) => {
    await client.query('BEGIN; LOCK TABLE tag_rows IN ACCESS SHARE MODE');
    const waits = new Promise<void>((resolve) => {
      const onProgress = ({ done, total }: Progress) => done === total && resolve();
      rebuild = backend.getAdmin().rebuild({ names: ['tags'], onProgress });
    });
    await waits;
    for (let n = 0; n < 3; n += 1) await manager.updateStack('web', { description: `round ${n}` });
    await client.query('COMMIT');
  });
  expect(await rebuild).toMatchObject({ projections: ['tags'], position: 4, events: 4 });
});

/** Runs a function once, before the first statement that matches. Returns its result. */
function beforeFirst<T>(statement: RegExp, meanwhile: () => Promise<T>) {
  const { query } = pg.Client.prototype;
  let result: Promise<T> | undefined;
  const spy = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const send = () => Reflect.apply(query, this, args);
    if (result || typeof args[0] !== 'string' || !statement.test(args[0])) return send();
    result = meanwhile();
    return result.then(send);
  } as never);
  onTestFinished(() => spy.mockRestore());
  return () => result;
}

async function opened() {
  const store = openPostgresStore({ url: await emptySchema(), projection: PROJECTION, clock: systemClock });
  const engine = engineOn(store);
  const call = { actor: 'test' };
  await engine.execute({ type: 'createStack', name: 'web' }, call);
  const resources = ['a', 'b'].map((name) => ({ type: 't', name, dependencies: name === 'b' ? ['t.a'] : [] }));
  await engine.execute({ type: 'apply', stack: 'web', resources, outputs: [{ name: 'o', value: 1 }] }, call);
  return { ...store, [Symbol.asyncDispose]: () => store.close() };
}
