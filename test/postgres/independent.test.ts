import { expect, test } from 'vitest';
import type { AppendRequest } from '../../src/store/event-store.js';
import type { FactKeys } from '../../src/store/facts.js';
import { independent } from '../../src/store/postgres/independent.js';

const asking = (name: string, ...keys: readonly Partial<FactKeys>[]) => ({
  name,
  requests: keys.map(
    (own, index): AppendRequest => ({
      commandId: `${name}-${index}`,
      meta: { actor: 'test', source: 'test', command: 'test' },
      keys: { stack: name, ...own },
      decide: () => [],
    }),
  ),
});
const names = (units: readonly { readonly name: string }[]): string => units.map(({ name }) => name).join(' ');
const divided = (units: readonly ReturnType<typeof asking>[], limit = 128): string => {
  const { now, later } = independent(units, limit);
  return `${names(now)} | ${names(later)}`;
};

const [a, b, c] = [asking('a', {}), asking('b', {}), asking('c', {})];

test('commands on different stacks share a transaction, up to a limit', () => {
  expect(divided([a, b, c])).toBe('a b c | ');
  expect(divided([a, b, c], 2)).toBe('a b | c');
});

test('a command counts once for each of its resources; a single one may exceed the limit', () => {
  const about = (name: string, count: number) =>
    asking(name, { addresses: Array.from({ length: count }, (_, n) => `t.r${n}`) });
  expect(divided([about('x', 3), about('y', 4), c], 8)).toBe('x y c | ');
  expect(divided([about('x', 3), about('y', 5), c], 8)).toBe('x y | c');
  expect(divided([about('x', 3), about('y', 6), c], 8)).toBe('x | y c');
  expect(divided([about('x', 9), c], 8)).toBe('x | c');
});

test.each<[string, Partial<FactKeys>]>([
  ['its stack', { stack: 'a' }],
  ['its stack by a name it asks for', { name: 'a' }],
  ['its stack by an id it asks for', { id: 'a' }],
  ['a resource by id', { resourceIds: ['r'] }],
])('one that shares %s with an earlier one waits, and so do those that depend on it', (_, keys) => {
  const first = asking('a', { resourceIds: ['r'] });
  const second = asking('x', keys);
  expect(divided([first, second, b, asking('x', {})])).toBe('a b | x x');
});

test('the same command sent twice is not decided concurrently', () => {
  const twice = { ...asking('b', {}), requests: asking('a', { stack: 'b' }).requests };
  expect(divided([a, twice, c])).toBe('a c | b');
});

test.each([
  ['several commands together', asking('x', {}, {})],
  ['one that touches a name known only later', asking('x', { ownName: true })],
  ['one that touches resources known only later', asking('x', { changedSince: 3 })],
])('%s stand alone, and no command overtakes them', (_, alone) => {
  expect(divided([alone, a, b])).toBe('x | a b');
  expect(divided([a, alone, b])).toBe('a | x b');
});
