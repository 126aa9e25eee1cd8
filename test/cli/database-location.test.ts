import { spawn } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';

const BIN = new URL('../../bin/run.cjs', import.meta.url).pathname;
/** Nothing listens there. */
const SECRET = 'postgres://u:hunter2@127.0.0.1:1/d';

describe('a file that names the database', () => {
  const named = (location: string, mode: number) => {
    const file = join(scratchFolder(), 'location');
    writeFileSync(file, `${location}\n`);
    chmodSync(file, mode);
    return { file, cli: commandLine('', { SLOTH_RUNNER_DB: undefined, SLOTH_RUNNER_DB_FILE: file }) };
  };

  test.each([
    ['a password', SECRET],
    ['a password in its query', 'postgres://u@127.0.0.1:1/d?password=hunter2'],
  ])('with %s is refused where others can read or write it', async (_, location) => {
    for (const mode of [0o644, 0o640, 0o606, 0o620]) {
      const { file, cli } = named(location, mode);
      for (const args of [
        ['stack', 'state', 'list'],
        ['doctor'],
        ['serve', '--listen', '127.0.0.1:0'],
        ['token', 'list'],
      ]) {
        const { code, stdout, stderr } = await cli.run(args);
        expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: '' });
        expect(stderr).toContain(`SLOTH_RUNNER_DB_FILE: others can read or write ${file}`);
        expect(stderr).toContain(`chmod 600 '${file}'`);
        expect(stderr).not.toContain('hunter2');
      }
      const help = await cli.run(['--help']);
      expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('others can read or write') });
      expect(help.stdout + help.stderr).not.toContain('hunter2');
    }
  });

  test('with a password must be private, without one it may be public', async () => {
    for (const [location, mode] of [
      [SECRET, 0o600],
      ['postgres://u@127.0.0.1:1/d', 0o644],
    ] as const) {
      const { code, stderr } = await named(location, mode).cli.run(['stack', 'state', 'list']);
      expect(code).toBe(1);
      expect(stderr).toContain('does not answer');
    }
    const path = join(scratchFolder(), 'stacks.db');
    await named(path, 0o644).cli.text('stack', 'new', 'web');
    expect(existsSync(path)).toBe(true);
  });
});

describe('a password on the command line', () => {
  const WARNING = /^Warning: --(\w+) contains a password[^\n]*SLOTH_RUNNER_DB_FILE[^\n]*\n/;
  const folder = () => join(scratchFolder(), 'x.db');

  test.each([
    ['db', () => ['stack', 'state', 'list', '--db', SECRET]],
    ['db', () => ['stack', 'state', 'list', `--db=${SECRET}`]],
    ['from', () => ['copy', '--from', SECRET, '--to', folder()]],
    ['to', () => ['copy', '--from', folder(), '--to', SECRET]],
    ['target', () => ['stack', 'migrate', '--target', SECRET]],
    ['db', () => ['stack', 'state', 'list', '--output', 'json', '--db', SECRET]],
  ])('in --%s is warned of, and not refused', async (flag, words) => {
    const { stdout, stderr } = await commandLine().run(words());
    expect(WARNING.exec(stderr)?.[1]).toBe(flag);
    expect(stdout + stderr).not.toContain('hunter2');
    if (words().includes('json')) expect(JSON.parse(stdout)).toMatchObject({ error: {} });
  });

  test('is not looked for elsewhere, and a URL without one is fine', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'web');
    const words = ['stack', 'resource', 'set', 'web', 'a.b', '-p', `url=${SECRET}`, '--reason', SECRET];
    expect(await cli.run(words)).toMatchObject({ code: 0, stderr: '' });
    const { stderr } = await cli.run(['stack', 'state', 'list', '--db', 'postgres://u@127.0.0.1:1/d']);
    expect(stderr).not.toContain('Warning');
    expect((await commandLine(SECRET).run(['stack', 'state', 'list'])).stderr).not.toContain('Warning');
  });
});

describe.each([':memory:', 'memory:'])('a database in memory: %s', (db) => {
  test.each([
    [['stack', 'new', 'x']],
    [['stack', 'new', 'x', '--output', 'json']],
    [['stack', 'state', 'list']],
    [['audit', 'verify']],
    [['audit', 'export', '-']],
    [['doctor']],
    [['backup', 'x.db']],
    [['restore', 'x.db']],
    [['token', 'list']],
    [['token', 'create', '--role', 'read']],
    [['projections', 'status']],
  ])('%j is refused, by flag and by environment', async (words) => {
    const cli = commandLine(join(scratchFolder(), 'unused.db'));
    for (const ended of [await cli.run([...words, '--db', db]), await commandLine(db).run(words)]) {
      expect(ended.code).toBe(2);
      expect(ended.stdout).not.toContain('Made');
      const { message, hint } = words.includes('json')
        ? JSON.parse(ended.stdout).error
        : { message: ended.stderr, hint: ended.stderr };
      expect(message).toContain(words[0] === 'token' ? 'a database without a file has no tokens' : db);
      expect(hint).toMatch(/Name a (database )?file/);
    }
  });

  test('is refused as the source, and as the target, of a copy and a migration', async () => {
    const folder = scratchFolder();
    const cli = commandLine(join(folder, 'stacks.db'));
    await cli.text('stack', 'new', 'web');
    for (const words of [
      ['copy', '--from', db, '--to', join(folder, 'to.db')],
      ['copy', '--from', cli.db, '--to', db],
      ['stack', 'migrate', '--target', db],
      ['stack', 'migrate', '--db', db],
    ]) {
      expect({ words, code: (await cli.run(words)).code }).toEqual({ words, code: 2 });
    }
    expect(existsSync(join(folder, 'to.db'))).toBe(false);
  });

  test('can be served, with a warning that its content is lost', async () => {
    const child = spawn(process.execPath, [BIN, 'serve', '--db', db, '--listen', '127.0.0.1:0', '--output', 'json']);
    onTestFinished(() => void child.kill('SIGKILL'));
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (piece) => (stdout += piece));
    child.stderr.on('data', (piece) => (stderr += piece));
    const ended = new Promise((resolve) => child.on('close', resolve));
    await until(() => stdout.includes('}') || child.exitCode !== null);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const msg = `the database is in memory (${db}): all of it is lost when serve ends`;
    expect(lines[0]).toMatchObject({ level: 'warn', msg });
    expect(lines[1].level).toBe('info');
  });
});

test('a password on the command line of a server is warned of in a line of its log', async () => {
  for (const [level, lines] of [
    ['info', 1],
    ['warn', 1],
    ['error', 0],
    ['silent', 0],
  ] as const) {
    const { stderr } = await commandLine().run(['serve', '--db', SECRET, '--log-level', level]);
    const logged = stderr.split('\n').filter((line) => line.startsWith('{'));
    expect(logged.length).toBe(lines);
    for (const line of logged)
      expect(JSON.parse(line)).toMatchObject({ level: 'warn', msg: expect.stringContaining('--db') });
    expect(stderr).not.toContain('hunter2');
  }
});
