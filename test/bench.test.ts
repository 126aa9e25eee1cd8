import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error the benchmarks have no types
import { statementsAlone } from '../bench/statements-alone.mjs';
import { StateBackend } from '../src/index.js';
import { scratchFolder } from './support/folder.js';

test('the statements that the benchmark compares with write what the engine would', async () => {
  const path = join(scratchFolder(), 'stacks.db');
  const change = (n: number) => ({ stack: 'web', resources: [{ type: 't', name: 'a', properties: { n } }] });
  await using backend = await StateBackend.open(path);
  await backend.getStackManager().createStack({ name: 'web' });
  await backend.getStackManager().apply(change(1));
  const alone = statementsAlone(path);
  alone.checkAndCommit([change(2)]);
  alone.close();
  expect((await backend.getResource('web', 't.a'))?.resource.value.properties).toEqual({ n: 2 });
  expect((await backend.getAdmin().verify({ chainOnly: true })).problems).toEqual([]);
});
