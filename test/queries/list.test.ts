import { expect, onTestFinished, test, vi } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { listStacks } from '../../src/queries/list.js';

test('of a list of the past, only the stacks that are wanted are read', async () => {
  const { store, execute } = openEngine('memory:');
  onTestFinished(() => store.close());
  for (const name of ['a', 'b', 'c']) await execute({ type: 'createStack', name }, { actor: 'test' });
  const moments = vi.spyOn(store, 'moment');
  const isWanted = ({ name }: { readonly name: string }): boolean => name === 'b';
  expect(await listStacks(store, { isWanted }, { position: 3 })).toMatchObject([{ name: 'b' }]);
  expect(moments).toHaveBeenCalledOnce();
  expect(await listStacks(store, { isWanted })).toMatchObject([{ name: 'b' }]);
});
