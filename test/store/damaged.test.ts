import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { scratchFolder } from '../support/folder.js';

test('a command that rows mislead is refused by the log, which stays as it is', async () => {
  const path = join(scratchFolder(), 'state.db');
  await using backend = await StateBackend.open(path);
  await backend.getStackManager().createStack({ name: 'web' });
  await backend.addTag('web', 'a');
  const head = await backend.head();
  new Database(path).exec('UPDATE stack_rows SET revision = revision - 1').close();
  const refused = [backend.addTag('web', 'b'), backend.addTag('web', 'c')]; // at once, and each by itself again
  for (const one of refused) await expect(one).rejects.toMatchObject({ code: 'TABLES_DAMAGED', exitCode: 7 });
  expect(await backend.head()).toEqual(head);
});
