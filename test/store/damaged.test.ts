import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { scratchFolder } from '../support/folder.js';
import { tamper } from '../support/tamper.js';

test('a command misled by damaged rows is refused by the log, which does not change', async () => {
  const path = join(scratchFolder(), 'state.db');
  await using backend = await StateBackend.open(path);
  await backend.getStackManager().createStack({ name: 'web' });
  await backend.addTag('web', 'a');
  const head = await backend.head();
  new Database(path).exec('UPDATE stack_rows SET revision = revision - 1').close();
  const refused = [backend.addTag('web', 'b'), backend.addTag('web', 'c')]; // concurrently, and each alone again
  for (const one of refused) await expect(one).rejects.toMatchObject({ code: 'TABLES_DAMAGED', exitCode: 7 });
  expect(await backend.head()).toEqual(head);
});

/** A stack whose second version has three events. */
async function threeAtOnce() {
  const path = join(scratchFolder(), 'state.db');
  const backend = await StateBackend.open(path);
  await backend.getStackManager().createStack({ name: 'web' });
  await backend
    .getStackManager()
    .apply({ stack: 'web', resources: ['a', 'b', 'c'].map((name) => ({ type: 't', name })) });
  onTestFinished(() => backend.close());
  return { path, backend };
}

test.each([2, 3, 4])('a list of versions ends although event %i says otherwise', async (position) => {
  const { path, backend } = await threeAtOnce();
  for (const version of [0, 1, 9]) {
    tamper(path, `UPDATE events SET version = ${version} WHERE position = ${position}`);
    const { versions } = await backend.listVersions('web');
    expect(versions.length).toBeLessThanOrEqual(2);
  }
});

test('a resource that the tables lack is reported as damage when it would be restored', async () => {
  const { path, backend } = await threeAtOnce();
  tamper(path, `DELETE FROM resource_rows WHERE address = 't.b'`);
  const rollback = backend.rollbackToSnapshot('web', 1);
  await expect(rollback).rejects.toMatchObject({ code: 'TABLES_DAMAGED', details: { address: 't.b' } });
});

test('invalid JSON in a change is reported as damage when changes are compared', async () => {
  const { path, backend } = await threeAtOnce();
  tamper(path, `UPDATE events SET data = '{' WHERE position = 3`);
  await expect(backend.diff('web', 1, 2)).rejects.toMatchObject({ name: 'IntegrityError', exitCode: 7 });
});

test('a log is read to its end even if any number of positions is missing', async () => {
  const { path, backend } = await threeAtOnce();
  tamper(path, `UPDATE events SET position = ${2 ** 52} WHERE position = 4`);
  const positions: number[] = [];
  for await (const { event } of backend.getLog()) positions.push(event.position);
  expect(positions).toEqual([1, 2, 3, 2 ** 52]);
  expect((await backend.getAdmin().verify()).holds).toBe(false);
});
