import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';
import { emptySchema } from '../support/postgres.js';

/** A database with a history of more than one batch. */
async function filled(location: string): Promise<void> {
  await using backend = await StateBackend.open(location, { actor: 'ann' });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web' });
  for (let n = 0; n < 30; n += 1) {
    const resources = Array.from({ length: 100 }, (_, m) => ({ type: 't', name: `r${m}`, properties: { n } }));
    await manager.apply({ stack: 'web', resources });
  }
  await backend.addTag('web', 'production');
}

const stateOf = async (location: string) => {
  await using backend = await StateBackend.open(location);
  const { problems } = await backend.getAdmin().verify();
  return { head: await backend.head(), problems, state: await backend.getState('web') };
};

test('a file is copied to a server and back, with equal hashes', async () => {
  const [file, server, back] = [join(scratchFolder(), 'a.db'), await emptySchema(), join(scratchFolder(), 'b.db')];
  await filled(file);
  const before = await stateOf(file);
  expect(before.head.position).toBe(3_002);
  expect(await StateBackend.copy(file, server)).toMatchObject({ events: 3_002, head: before.head });
  expect(await StateBackend.copy(server, back)).toMatchObject({ events: 3_002, head: before.head });
  for (const copy of [server, back]) expect(await stateOf(copy)).toEqual(before);
});

test('an interrupted copy is resumed, and new events are included', async () => {
  const [file, server] = [join(scratchFolder(), 'a.db'), await emptySchema()];
  await filled(file);
  let steps = 0;
  const broken = StateBackend.copy(file, server, {
    onProgress: () => {
      if (++steps === 1) throw new Error('broken off');
    },
  });
  await expect(broken).rejects.toThrow('broken off');
  const rest = await StateBackend.copy(file, server);
  expect(rest.events).toBeGreaterThan(0);
  expect(rest.events).toBeLessThan(3_002);
  expect(await stateOf(server)).toEqual(await stateOf(file));

  await using backend = await StateBackend.open(file);
  await backend.addTag('web', 'more');
  expect(await StateBackend.copy(file, server)).toMatchObject({ events: 1 });
  expect(await StateBackend.copy(file, server)).toMatchObject({ events: 0 });
});

test('nothing is copied into a database with another log', async () => {
  const [file, server] = [join(scratchFolder(), 'a.db'), await emptySchema()];
  await filled(file);
  await using other = await StateBackend.open(server);
  await other.getStackManager().createStack({ name: 'mine' });
  await expect(StateBackend.copy(file, server)).rejects.toMatchObject({ code: 'LOGS_DIFFER', exitCode: 5 });
  expect((await other.head()).position).toBe(1);
});

test('nothing is created from a missing file', async () => {
  const [file, other] = [join(scratchFolder(), 'a.db'), join(scratchFolder(), 'b.db')];
  await expect(StateBackend.copy(file, other)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND', exitCode: 3 });
  expect([existsSync(file), existsSync(other)]).toEqual([false, false]);
});

test('one commit larger than a batch is copied whole', async () => {
  const [file, other] = [join(scratchFolder(), 'a.db'), join(scratchFolder(), 'b.db')];
  await using backend = await StateBackend.open(file);
  await backend.getStackManager().createStack({ name: 'web' });
  const resources = Array.from({ length: 5_000 }, (_, m) => ({ type: 't', name: `r${m}` }));
  await backend.getStackManager().apply({ stack: 'web', resources });
  expect(await StateBackend.copy(file, other)).toMatchObject({ events: 5_001, head: await backend.head() });
});

test('on the command line', async () => {
  const cli = commandLine();
  await filled(cli.db);
  const to = await emptySchema();
  const copied = await cli.json('copy', '--from', cli.db, '--to', to);
  expect(copied).toMatchObject({ events: 3_002, head: { position: 3_002 } });
  expect(await cli.text('copy', '--from', cli.db, '--to', to)).toMatch(
    /^Copied 0 events to postgres:.*\nHead: position 3002/,
  );
  expect((await cli.run(['copy', '--from', cli.db])).code).toBe(2);
});
