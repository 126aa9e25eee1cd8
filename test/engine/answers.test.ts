import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Engine } from '../../src/engine.js';
import { StateBackend } from '../../src/index.js';
import { freshPlace } from '../support/stores.js';

/** A backend in which others act as soon as a command is committed, before its caller gets the answer. */
async function contested() {
  const place = await freshPlace();
  const [backend, other] = await Promise.all([StateBackend.open(place), StateBackend.open(place, { actor: 'other' })]);
  onTestFinished(() => Promise.all([backend.close(), other.close()]).then(() => {}));
  await other.getStackManager().createStack({ name: 'web' });
  const engine = (backend as unknown as { readonly engine: Engine }).engine;
  /** Others do this after the next commit. */
  const afterCommit = (act: () => Promise<unknown>): void => {
    for (const method of ['execute', 'executeTogether'] as const) {
      const run = engine[method].bind(engine) as (...args: unknown[]) => Promise<never>;
      vi.spyOn(engine, method).mockImplementationOnce(async (...args: unknown[]) => {
        const result = await run(...args);
        await act();
        return result;
      });
    }
  };
  return { backend, other, afterCommit };
}

test('a lock is returned as it was taken or renewed, even if it was broken and taken by another since', async () => {
  const { backend, other, afterCommit } = await contested();
  const take = async () => {
    await other.breakLock('web', 'urgent');
    await other.lockState('web', { operation: 'other', id: 'B' });
  };
  afterCommit(take);
  const lock = await backend.lockState('web', { operation: 'deploy', who: 'ana', id: 'A' });
  expect(lock).toMatchObject({ lockId: 'A', who: 'ana', operation: 'deploy', token: 2 });
  await other.unlockState('web', 'B');

  const mine = await backend.lockState('web', { operation: 'deploy', who: 'ana', id: 'C' });
  afterCommit(take);
  const renewed = await backend.renewLock('web', 'C', 7_200_000);
  expect(renewed).toMatchObject({ lockId: 'C', token: mine.token, createdAt: mine.createdAt });
  expect(renewed.expiresAt > mine.expiresAt).toBe(true);
});

test('a lock is returned even if the stack was renamed or deleted since', async () => {
  const { backend, other, afterCommit } = await contested();
  const { id } = await other.getStackManager().getStack('web');
  afterCommit(async () => {
    await other.getStackManager().updateStack('web', { name: 'old' }, { lockId: 'A' });
    await other.getStackManager().createStack({ name: 'web' });
    await other.breakLock('old', 'urgent');
    await other.getStackManager().deleteStack('old');
  });
  expect(await backend.lockState('web', { operation: 'deploy', id: 'A' })).toMatchObject({ stackId: id, lockId: 'A' });
});

test('a lock that is taken again under its id is returned, even if the last event is about the lock of another stack', async () => {
  const { backend, other } = await contested();
  const first = await backend.lockState('web', { operation: 'deploy', id: 'A' });
  await other.getStackManager().createStack({ name: 'other' });
  await other.lockState('other', { operation: 'deploy', id: 'B' });
  expect(await backend.lockState('web', { operation: 'deploy', id: 'A' })).toEqual(first);
});

const STATE = readFileSync(new URL('../fixtures/terraform/web-v1.tfstate', import.meta.url));

test('a state of Terraform that was stored is acknowledged even if its stack was deleted since', async () => {
  const { backend, other, afterCommit } = await contested();
  const states = await backend.getTerraformStates();
  afterCommit(() => other.getStackManager().deleteStack('new'));
  expect(await states.put('new', STATE, { actor: 'terraform' })).toMatchObject({ version: 1 });
});

test('a state of Terraform that is refused names the stack as the client did', async () => {
  const { backend, other } = await contested();
  await other.lockState('web', { operation: 'deploy', id: 'A' });
  const states = await backend.getTerraformStates();
  await expect(states.put('web', STATE, { actor: 'terraform' })).rejects.toMatchObject({
    code: 'STACK_LOCKED',
    message: expect.stringContaining('stack "web" is locked'),
  });
});

test('versions of a deleted stack are compared up to its last one', async () => {
  const { backend, other } = await contested();
  await other.getStackManager().updateStack('web', { description: 'x' });
  await other.getStackManager().deleteStack('web');
  expect(await backend.diff('web', 1)).toMatchObject({ from: 1, to: 3 });
});
