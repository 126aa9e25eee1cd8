import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('imports run one way, without cycles', () => {
  const depcruise = (...args: string[]): string =>
    execFileSync('npx', ['depcruise', '--config', '.dependency-cruiser.cjs', ...args], { encoding: 'utf8' });
  expect(depcruise('src')).toContain('no dependency violations found');
});
