import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { main } from '../examples/library.js';

test("the specification's example does what it says", async () => {
  const lines: string[] = [];
  await main(':memory:', (line) => lines.push(line));
  expect(lines).toEqual([
    'Created snapshot version: 1',
    'Drift detected in resource resource-456',
    'Drifted fields: instances',
    'Tags: critical, production',
    'server.web depends on: network.main',
    'Locked by: admin',
    'Last activity: LockReleased, ResourceUpdated, LockAcquired',
  ]);
});

test('the demo ends with the hash of the state, always the same', () => {
  const demo = (): string =>
    execFileSync(process.execPath, ['examples/demo.mjs'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const hash = /state hash ([0-9a-f]{64})\n$/;
  const [, first] = hash.exec(demo()) ?? [];
  expect(first).toBeDefined();
  expect(hash.exec(demo())?.[1]).toBe(first);
});
