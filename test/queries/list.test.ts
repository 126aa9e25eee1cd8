import { expect, test } from 'vitest';
import { type ListMoment, listStacks } from '../../src/queries/list.js';
import { createStack, world } from '../support/world.js';

test('a list of the past reads only the requested stacks', async () => {
  const { store, runAll } = await world();
  await runAll(['a', 'b', 'c'].map((name) => createStack(name)));
  let moments = 0;
  const list = (at?: ListMoment) =>
    store.read((s) => {
      const moment: typeof s.moment = (...args) => {
        moments += 1;
        return s.moment(...args);
      };
      return listStacks({ ...s, moment }, { isWanted: ({ name }) => name === 'b' }, '', at);
    });
  expect(await list({ position: 3 })).toMatchObject([{ name: 'b' }]);
  expect(moments).toBe(1);
  expect(await list()).toMatchObject([{ name: 'b' }]);
});
