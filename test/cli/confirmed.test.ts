import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import StackDelete from '../../src/cli/commands/stack/delete.js';
import { confirm } from '../../src/cli/confirm.js';
import { StateBackend } from '../../src/index.js';
import { scratchFolder } from '../support/folder.js';

vi.mock('../../src/cli/confirm.js');

/** The exit code of a conflict. */
const CONFLICT = 5;

/** Deletes the stack `web`; others change the database while the user thinks about the question. */
async function deleted(meanwhile: (backend: StateBackend) => Promise<unknown>) {
  const db = join(scratchFolder(), 'state.db');
  await using backend = await StateBackend.open(db);
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web', id: 'first' });
  vi.mocked(confirm).mockImplementation(async () => void (await meanwhile(backend)));
  const root = new URL('../../', import.meta.url).pathname;
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(console, 'log').mockImplementation(() => {});
  await StackDelete.run(['web', '--db', db], root);
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  const stacks = await manager.listStacks();
  return { code, live: stacks.map(({ id }) => id) };
}

test('a stack is deleted that was confirmed, not another one that has its name by then', async () => {
  const { code, live } = await deleted(async (backend) => {
    await backend.getStackManager().updateStack('web', { name: 'old' });
    await backend.getStackManager().createStack({ name: 'web', id: 'second' });
  });
  expect({ code, live: live.sort() }).toEqual({ code: CONFLICT, live: ['first', 'second'] });
});

test('a stack that changed since the question is not deleted', async () => {
  const change = (backend: StateBackend) => backend.getStackManager().setResource('web', { type: 't', name: 'a' });
  expect(await deleted(change)).toEqual({ code: CONFLICT, live: ['first'] });
});

test('a stack that nobody changed is deleted', async () => {
  expect(await deleted(async () => {})).toEqual({ code: 0, live: [] });
});
