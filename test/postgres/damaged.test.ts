import { expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { emptySchema, onServer } from '../support/postgres.js';

test('a command misled by damaged rows is refused by the log, which does not change', async () => {
  const url = await emptySchema();
  await using backend = await StateBackend.open(url);
  await backend.getStackManager().createStack({ name: 'web' });
  await backend.addTag('web', 'a');
  const head = await backend.head();
  await onServer(url, (client) => client.query('UPDATE stack_rows SET revision = revision - 1'));
  const refused = [backend.addTag('web', 'b'), backend.addTag('web', 'c')];
  for (const one of refused) await expect(one).rejects.toMatchObject({ code: 'TABLES_DAMAGED', exitCode: 7 });
  expect(await backend.head()).toEqual(head);
});
