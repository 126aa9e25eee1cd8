import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LISTINGS } from '../../src/cli/listings.js';
import { commandLine } from '../support/cli.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { asking } from '../support/server.js';
import { tamper } from '../support/tamper.js';

const BIN = new URL('../../bin/run.cjs', import.meta.url).pathname;
const MANIFEST = new URL('../../oclif.manifest.json', import.meta.url);
const LEGACY = new URL('../fixtures/legacy/state.db', import.meta.url).pathname;

/** Descriptor 9 is a pipe that nobody reads any more. */
const script = (redirection: string): string => `exec 9> >(true); wait $!; exec "$0" "$@" ${redirection} 9>&-`;

const environment = (db: string) => ({
  PATH: process.env.PATH,
  HOME: scratchFolder(),
  SLOTH_RUNNER_DB: db,
  SLOTH_RUNNER_ACTOR: 'tester',
});

/** Runs a command with its standard streams redirected as a shell does it. */
function into(redirection: string, db: string, args: readonly string[], limit = '') {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', `${limit}${script(redirection)}`, process.execPath, BIN, ...args],
    { env: environment(db), encoding: 'utf8', timeout: 50_000 },
  );
  return { code: status, stdout, stderr };
}

/** A stack with a lock of somebody else's, a resource, and a finding. */
async function shop() {
  const folder = scratchFolder();
  const cli = commandLine(join(folder, 'stacks.db'));
  await cli.text('stack', 'new', 'web');
  await cli.text('stack', 'resource', 'set', 'web', 'net.a', '-p', 'size=3');
  const actual = join(folder, 'actual.json');
  writeFileSync(actual, JSON.stringify({ 'net.a': { size: 4 } }));
  await cli.text('stack', 'new', 'locked');
  await cli.text('stack', 'state', 'lock', 'locked', '--operation', 'deploy');
  return { ...cli, folder, actual };
}

test('every listing is a command', () => {
  const { commands } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { commands: Record<string, unknown> };
  expect(Object.keys(commands)).toEqual(expect.arrayContaining([...LISTINGS]));
});

describe('a closed standard output', () => {
  test('does not change the exit code of a failure', async () => {
    const { db, folder, actual } = await shop();
    const damaged = join(folder, 'damaged.db');
    copyFileSync(db, damaged);
    tamper(damaged, "UPDATE events SET data = '{' WHERE position = 2");
    const cases: [code: number, ...args: string[]][] = [
      [7, 'audit', 'verify', '--db', damaged],
      [7, 'audit', 'log', '--db', damaged, '--output', 'json'],
      [6, 'stack', 'state', 'drift', 'web', '--actual', actual, '--exit-code'],
      [3, 'stack', 'resource', 'show', 'web', 'net.none'],
      [4, 'stack', 'state', 'lock', 'locked', '--operation', 'x'],
      [4, 'stack', 'update', 'locked', '--description', 'x'],
      [1, 'stack', 'migrate', '--source', LEGACY, '--target', join(folder, 'migrated.db')],
      [5, 'stack', 'new', 'web'],
      [2, 'stack', 'new', ''],
      [2, 'stack', 'state', 'lst'],
    ];
    for (const [code, ...args] of cases) {
      for (const [redirection, output] of [
        ['>&9', args.includes('--output') ? [] : ['--output', 'json']],
        ['>&9 2>&9', []],
      ] as const) {
        const ended = into(redirection, db, [...args, ...output]);
        expect({ args, redirection, code: ended.code }).toEqual({ args, redirection, code });
        expect(ended.stderr.replace(/^Created database .*\n$/, '')).toBe('');
      }
    }
  });

  test('does not stop a command that changes something', async () => {
    const { db, folder, json } = await shop();
    for (const [index, redirection] of ['>&9', '2>&9', '>&9 2>&9'].entries()) {
      expect(into(redirection, db, ['stack', 'new', `s${index}`])).toMatchObject({ code: 0 });
      expect(into(redirection, db, ['stack', 'state', 'lock', `s${index}`, '--operation', 'x'])).toMatchObject({
        code: 0,
      });
      expect(await json('stack', 'state', 'lock-info', `s${index}`)).toMatchObject({ lock: { operation: 'x' } });
      const backup = join(folder, `backup${index}.db`);
      expect(into(redirection, db, ['backup', backup])).toMatchObject({ code: 0 });
      expect(existsSync(backup)).toBe(true);
    }
    expect(into('>&9', db, ['audit', 'verify'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(into('>&9', db, ['audit', 'export', join(folder, 'log.jsonl')])).toMatchObject({ code: 0 });
  });

  test('ends a listing at once with 141, without a message', async () => {
    const { db, actual } = await shop();
    for (const args of [
      ['stack', 'state', 'list'],
      ['stack', 'resource', 'show', 'web', 'net.a'],
      ['audit', 'log'],
      ['audit', 'log', '--output', 'json'],
      ['audit', 'log', '--output', 'csv'],
      ['audit', 'export', '-'],
      ['replay', 'web'],
      ['replay', 'web', '--follow'],
      ['stack', 'state', 'drift', 'watch', 'web', '--actual', actual],
      ['--help'],
      ['stack'],
      ['stack', 'new', '--help'],
      ['help'],
    ]) {
      expect({ args, ...into('>&9', db, args) }).toEqual({ args, code: 141, stdout: '', stderr: '' });
    }
    expect(into('2>&9', db, ['stack', 'state', 'list'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('web'),
    });
    expect(into('2>&9', db, ['stack', 'resource', 'show', 'web', 'net.none'])).toMatchObject({ code: 3 });
  });

  test('does not end a server', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await until(() => probe.listening);
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    const db = join(scratchFolder(), 'stacks.db');
    const args = ['serve', '--listen', `127.0.0.1:${port}`];
    const child = spawn('bash', ['-c', script('>&9 2>&9'), process.execPath, BIN, ...args], { env: environment(db) });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const ask = asking(`http://127.0.0.1:${port}`);
    const health = async () => (await ask('GET', '/healthz').catch(() => undefined))?.status;
    while (child.exitCode === null && (await health()) !== 200) await wait(20);
    expect(await ask('POST', '/api/v1/commands/createStack', { name: 'web' })).toMatchObject({ status: 200 });
    expect(await health()).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

const LOST = /^Error: standard output cannot be written \(ENOSPC: no space left on device, write\)\n/;
const STAYS = 'What the command did stays done; only its output is missing.\n';

describe('a full disk under standard output', () => {
  test('is one line on standard error, and an exit code of 1', async () => {
    const { db, actual } = await shop();
    for (const args of [
      ['stack', 'state', 'list'],
      ['audit', 'log'],
      ['audit', 'log', '--output', 'json'],
      ['audit', 'export', '-'],
      ['replay', 'web', '--follow'],
      ['stack', 'state', 'drift', 'watch', 'web', '--actual', actual],
      ['--help'],
      ['stack'],
      ['help'],
      ['autocomplete', 'script', 'bash'],
    ]) {
      const { code, stderr } = into('>/dev/full', db, args);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stderr.replace(LOST, '')).toBe('');
    }
  });

  test('keeps the change, and reports the failed output', async () => {
    const { db, folder, json } = await shop();
    const backup = join(folder, 'backup.db');
    const made = into('>/dev/full', db, ['backup', backup]);
    expect(made).toMatchObject({ code: 1, stderr: expect.stringMatching(LOST) });
    expect(made.stderr.replace(LOST, '')).toBe(STAYS);
    expect(existsSync(backup)).toBe(true);
    expect(into('>/dev/full', db, ['stack', 'new', 'made'])).toMatchObject({ code: 1 });
    expect(await json('stack', 'state', 'versions', 'made')).toMatchObject({ versions: [{}] });
  });

  test('keeps the exit code and the message of a failure', async () => {
    const { db, folder, actual } = await shop();
    const damaged = join(folder, 'damaged.db');
    copyFileSync(db, damaged);
    tamper(damaged, "UPDATE events SET data = '{' WHERE position = 2");
    expect(into('>/dev/full', db, ['audit', 'verify', '--db', damaged])).toMatchObject({ code: 7 });
    const drift = ['stack', 'state', 'drift', 'web', '--actual', actual, '--exit-code'];
    expect(into('>/dev/full', db, drift)).toMatchObject({ code: 6 });
    for (const args of [
      ['stack', 'resource', 'show', 'web', 'net.none', '--output', 'json'],
      ['stack', 'update', 'none', '--description', 'x', '--output', 'json'],
    ]) {
      const { code, stderr } = into('>/dev/full', db, args);
      expect(code).toBe(3);
      expect(stderr.replace(LOST, '')).toMatch(/^Error: .*none.*\n.*sloth-runner.*\n$/);
    }
    const mistyped = into('>/dev/full', db, ['stack', 'state', 'lst', '--output', 'json']);
    expect(mistyped).toMatchObject({ code: 2, stderr: expect.stringContaining('lst') });
  });

  test('is detected also if a part still fits', async () => {
    const { db, folder, run } = await shop();
    const whole = (await run(['stack', 'resource', 'set', 'web', 'net.big', '-p', `text=${'x'.repeat(3_000)}`])).code;
    expect(whole).toBe(0);
    const file = join(folder, 'out');
    writeFileSync(file, Buffer.alloc(1_023_500));
    const show = ['stack', 'state', 'show', 'web', '--output', 'json'];
    const { code, stderr } = into(`>> ${file}`, db, show, 'ulimit -f 1000; '); // of 1,024 bytes
    expect(stderr).toMatch(/^Error: standard output cannot be written \(EFBIG: .*\)\n$/);
    expect({ code, bytes: readFileSync(file).length }).toEqual({ code: 1, bytes: 1_024_000 });
  });

  test('is ignored on standard error', async () => {
    const { db } = await shop();
    expect(into('2>/dev/full', db, ['stack', 'state', 'list'])).toMatchObject({ code: 0 });
    expect(into('2>/dev/full', db, ['stack', 'resource', 'show', 'web', 'net.none'])).toMatchObject({ code: 3 });
    const fresh = join(scratchFolder(), 'new.db');
    expect(into('2>/dev/full', fresh, ['stack', 'new', 'web'])).toMatchObject({ code: 0 });
  });
});
