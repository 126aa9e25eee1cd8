import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { emptySchema } from '../support/postgres.js';

const query = pg.Client.prototype.query;

/** Runs a function once, between a command's first read and its read of the resources. */
function before(look: RegExp, meanwhile: () => Promise<unknown>): void {
  let waiting = true;
  const spy = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const send = () => Reflect.apply(query, this, args);
    const { text = '' } = (args[0] ?? {}) as { readonly text?: string };
    if (!waiting || !look.test(text)) return send();
    waiting = false;
    return meanwhile().then(send);
  } as never);
  onTestFinished(() => spy.mockRestore());
}

test('the facts of a refusal come from one snapshot, not half from before and half from after another command', async () => {
  const url = await emptySchema();
  await using backend = await StateBackend.open(url);
  await using other = await StateBackend.open(url);
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web' });
  for (const n of [1, 2]) await manager.setResource('web', { type: 't', name: 'a', properties: { n } });

  // Either nobody holds the lock and the resource exists, or it is removed and the lock is held.
  before(/resource_rows[\s\S]*address = k\.value/, async () => {
    await other.getStackManager().removeResource('web', 't.a');
    await other.lockState('web', { id: 'others', operation: 'apply' });
  });
  await expect(manager.removeResource('web', 't.a')).rejects.toMatchObject({ code: 'STACK_LOCKED' });
});
