import { describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';

const UNSAFE = /[\p{Cc}\p{Cf}]/u;
const HOSTILE = 'a\u001b[31mb\u0007c\u202ed';

describe('a topic', () => {
  test.each<[words: readonly string[], says: string, commands: string]>([
    [['audit', '--head', '0123', '--db', 'bad.db'], '--head', 'audit: export, head, import, log, verify.'],
    [['stack', 'state', '--exit-code'], '--exit-code', 'stack state: activity, blame, diff, drift, '],
    [['token', '--revoke', 'a'], '--revoke', 'token: create, list, revoke.'],
    [['projections', '--rebuild'], '--rebuild', 'projections: rebuild, status.'],
    [
      ['stack', '--bogus'],
      '--bogus',
      'stack: apply, delete, export, import, migrate, new, resource, restore, state, update.',
    ],
    [['stack', 'state', 'drift', 'rules', '-x'], '-x', 'stack state drift rules: list, remove.'],
    [['stack', '--', 'x'], '--', 'stack: apply, '],
    [['stack', ''], '""', 'stack: apply, '],
    [['stack', '--version'], '--version', 'stack: apply, '],
    [['stack', `--${'x'.repeat(1_000)}`], `${'x'.repeat(98)}… names`, 'stack: apply, '],
    [['audit', 'a=b'], 'a=b', 'audit: export, '],
  ])('%j without a command ends with 2 and names the commands', async (words, says, commands) => {
    const { code, stdout, stderr } = await commandLine().run(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(stderr).toContain(`Commands of sloth-runner ${commands}`);
    expect(stderr).toMatch(/See: sloth-runner .* --help\n$/);
    const json = await commandLine().run([...words, '--output', 'json']);
    expect(json).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(json.stdout).error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining(commands) });
  });

  test.each([
    [['stack']],
    [['stack', '--help']],
    [['audit']],
    [['stack', 'state', 'drift', 'rules']],
    [['help', 'stack']],
  ])('%j alone is its help', async (words) => {
    const { code, stdout, stderr } = await commandLine().run(words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('COMMANDS');
  });
});

describe('control characters in arguments are escaped', () => {
  test.each([
    [['help', HOSTILE]],
    [['help', 'stack', HOSTILE]],
    [[HOSTILE, '--help']],
    [['stack', HOSTILE]],
    [['stack', `--${HOSTILE}`]],
    [['autocomplete', HOSTILE]],
    [['autocomplete', `--${HOSTILE}`]],
    [['autocomplete', 'script', HOSTILE]],
    [['stack', 'state', 'list', '--output', HOSTILE]],
    [['stack', 'state', 'list', `--${HOSTILE}`]],
    [['stack', 'state', 'list', 'too', HOSTILE]],
  ])('%j', async (words) => {
    const { code, stdout, stderr } = await commandLine().run(words);
    expect(code).toBe(2);
    expect(stderr).toContain('\\u001b[31m');
    expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(UNSAFE);
  });

  test('in the database that help names', async () => {
    for (const words of [['--help'], ['stack', 'new', '--help'], ['help', 'stack', 'new']]) {
      const { code, stdout } = await commandLine(HOSTILE).run(words);
      expect(code).toBe(0);
      expect(stdout).toContain('a\\u001b[31mb\\u0007c\\u202ed');
      expect(stdout.replaceAll('\n', '')).not.toMatch(UNSAFE);
    }
  });
});

test('help is shown even if no database can be chosen', async () => {
  const cli = commandLine('', { SLOTH_RUNNER_DB: undefined, SLOTH_RUNNER_DB_FILE: '/nowhere/location' });
  for (const words of [['--help'], ['stack', 'new', '--help']]) {
    const { code, stdout } = await cli.run(words);
    expect(code).toBe(0);
    expect(stdout).toContain('cannot read /nowhere/location');
  }
});
