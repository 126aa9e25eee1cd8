import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commandLine } from '../../support/cli.js';

describe('a flag its own parser refuses', () => {
  const args = ['stack', 'update', 'web', '--description', 'x', '--if-version'];

  test.each(['1.5', '1e3', 'abc', '-1', ' 1', '9007199254740992'])('%j: one line and a hint', async (value) => {
    const { code, stdout, stderr } = await commandLine().run([...args, value]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      `Error: --if-version: "${value}" is not a whole number of at least 0\n` +
        'Give --if-version as digits, for example --if-version 10.\n',
    );
  });

  test('as JSON says the same', async () => {
    const { code, stdout, stderr } = await commandLine().run([...args, 'abc', '--output', 'json']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'INVALID_NUMBER', message: '--if-version: "abc" is not a whole number of at least 0' },
    });
  });
});

test('a mistyped command cannot speak to the terminal', async () => {
  const { code, stderr } = await commandLine().run(['sta\u001b[31mck', 'state', 'list']);
  expect(code).toBe(2);
  expect(stderr).toContain('sta\\u001b[31mck');
  expect(stderr).not.toContain('\u001b');
});

test('the manifest holds no login name', () => {
  const { commands } = JSON.parse(readFileSync(new URL('../../../oclif.manifest.json', import.meta.url), 'utf8'));
  const actors = Object.values<{ flags: Record<string, { default?: unknown }> }>(commands).flatMap(({ flags }) =>
    flags.actor ? [flags.actor.default] : [],
  );
  expect(actors.length).toBeGreaterThan(20);
  expect(actors.filter((actor) => actor !== undefined)).toEqual([]);
});
