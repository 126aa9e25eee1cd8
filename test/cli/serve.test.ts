import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { asking } from '../support/server.js';

const BIN = new URL('../../bin/run.cjs', import.meta.url).pathname;
const pem = (name: string): string => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;

/** A copy of the key that its owner alone may read. */
function ownKey(mode = 0o600): string {
  const file = join(scratchFolder(), 'key.pem');
  copyFileSync(pem('key'), file);
  chmodSync(file, mode);
  return file;
}

/** `serve` in a process of its own, once it says that it listens. */
const serve = (db: string, ...args: readonly string[]) => serveWith(20_000, db, ...args);

/** The same with so many files and sockets open at most. */
async function serveWith(files: number, db: string, ...args: readonly string[]) {
  const child = spawn('/bin/sh', [
    '-c',
    `ulimit -n ${files}; exec "$@"`,
    'sh',
    process.execPath,
    BIN,
    'serve',
    '--db',
    db,
    ...(args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0']),
    '--output',
    'json',
    ...args,
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await until(() => stdout.includes('}') || child.exitCode !== null);
  const { url } = JSON.parse(stdout) as { url: string };
  return { url, ask: asking(url), child, ended, stderr: () => stderr };
}

describe('serve warns on standard error', () => {
  const warnings = (stderr: string): string[] =>
    stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; msg: string })
      .filter(({ level }) => level === 'warn')
      .map(({ msg }) => msg);

  test('that everybody on this machine may do everything while there is no token', async () => {
    const cli = commandLine();
    const open = await serve(cli.db);
    expect(warnings(open.stderr())).toEqual([expect.stringMatching(/everybody on this machine may do everything/)]);
    await cli.text('token', 'create', '--role', 'read');
    const closed = await serve(cli.db);
    expect(warnings(closed.stderr())).toEqual([]);
  });

  test('that tokens are sent unencrypted on a public address without TLS', async () => {
    const cli = commandLine();
    await cli.text('token', 'create', '--role', 'read');
    const everywhere = ['--listen', '0.0.0.0:0'];
    const plain = await serve(cli.db, ...everywhere);
    expect(warnings(plain.stderr())).toEqual([expect.stringMatching(/0\.0\.0\.0 without TLS: tokens .* unencrypted/)]);
    const behind = await serve(cli.db, ...everywhere, '--trust-proxy', '192.0.2.10');
    expect(warnings(behind.stderr())).toEqual([]);
    const tls = await serve(cli.db, ...everywhere, '--tls-cert', pem('cert'), '--tls-key', ownKey());
    expect(warnings(tls.stderr())).toEqual([]);
  });
});

describe('token', () => {
  test('is created, listed and revoked, and shown once', async () => {
    const cli = commandLine();
    const made = await cli.run(['token', 'create', 'ci', '--role', 'write', '--stack', 'web-*', '--expires', '30d']);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^slr_[0-9a-f]{16}_[\w-]{43}\n$/) });
    expect(made.stderr).toContain('it is not shown again');
    expect(await cli.json('token', 'create', '--role', 'read')).toMatchObject({
      name: expect.stringMatching(/^read-/),
      stacks: [],
      expires_at: null,
    });
    const listed = await cli.json('token', 'list');
    expect(listed.tokens).toMatchObject([
      { name: 'ci', role: 'write', state: 'active', created_by: 'tester' },
      { role: 'read' },
    ]);
    expect(JSON.stringify(listed)).not.toContain(made.stdout.trim().slice(-43));
    expect(await cli.text('token', 'list')).toMatch(
      /NAME +ROLE +STACKS +PERMISSIONS +STATE +CREATED +BY +EXPIRES\nci +write +web-\* +active/,
    );
    expect(await cli.text('token', 'revoke', 'ci')).toBe('Token "ci" is revoked.\n');
    expect((await cli.json('token', 'list')).tokens[0]).toMatchObject({ state: 'revoked' });
    expect(await cli.run(['token', 'revoke', 'ci'])).toMatchObject({ code: 3 });
  });

  test('is created with permissions, which the list shows', async () => {
    const cli = commandLine();
    await cli.text('token', 'create', 'oncall', '--role', 'write', '--allow', 'force-unlock');
    await cli.text('token', 'create', 'ci', '--role', 'write');
    await cli.text('token', 'create', 'root', '--role', 'admin');
    expect(await cli.json('token', 'list')).toMatchObject({
      tokens: [{ permissions: ['force-unlock'] }, { permissions: [] }, { permissions: ['force-unlock'] }],
    });
    expect(await cli.text('token', 'list')).toMatch(/oncall +write +all +force-unlock +active/);
    expect(await cli.text('token', 'list')).toMatch(/ci +write +all +active/);
    expect(await cli.text('token', 'list')).toMatch(/root +admin +all +all +active/);
  });

  test('files that others may read are refused by every command', async () => {
    const cli = commandLine();
    await cli.text('token', 'create', 'ci', '--role', 'write');
    chmodSync(`${cli.db}.tokens`, 0o644);
    for (const args of [
      ['token', 'list'],
      ['token', 'create', '--role', 'read'],
      ['token', 'revoke', 'ci'],
      ['serve'],
    ]) {
      const result = await cli.run(args);
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toContain(`chmod 600 '${cli.db}.tokens'`);
    }
  });

  test.each([
    [['token', 'create', 'ci'], 2, 'role'],
    [['token', 'create', 'ci', '--role', 'god'], 2, '--role'],
    [['token', 'create', 'ci', '--role', 'read', '--expires', '30'], 2, '--expires'],
    [['token', 'create', 'ci', '--role', 'read', '--expires', '0s'], 2, '--expires'],
    [['token', 'create', '', '--role', 'read'], 2, 'name'],
    [['token', 'create', 'ci', '--role', 'read', '--allow', 'force-unlock'], 2, '--role write'],
    [['token', 'create', 'ci', '--role', 'write', '--allow', 'fly'], 2, '--allow'],
    [['token', 'list', '--db', ':memory:'], 2, '--tokens'],
  ])('%j ends with %i and names %s', async (args, code, named) => {
    const result = await commandLine().run(args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(named);
  });
});

describe('serve', () => {
  test('answers until it is stopped, and then releases everything', async () => {
    const cli = commandLine();
    const { ask, child, ended, stderr, url } = await serve(cli.db);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await ask('POST', '/api/v1/commands/createStack', { name: 'web' });
    expect(await cli.json('stack', 'state', 'list')).toMatchObject({ stacks: [{ name: 'web' }] });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    const answered = stderr()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .find(({ msg }) => msg === 'answered');
    expect(answered).toMatchObject({ level: 'info', msg: 'answered', method: 'POST', status: 200, actor: 'anonymous' });
    expect((await cli.json('audit', 'log')).events).toMatchObject([{ source: 'api' }]);
  });

  test('accepts new tokens while it runs', async () => {
    const cli = commandLine();
    const { ask } = await serve(cli.db, '--log-level', 'silent');
    expect(await ask('GET', '/api/v1/stacks')).toMatchObject({ status: 200 });
    const { token } = await cli.json('token', 'create', 'ci', '--role', 'read');
    expect(await ask('GET', '/api/v1/stacks')).toMatchObject({ status: 401 });
    const headers = { authorization: `Bearer ${token}` };
    expect(await ask('GET', '/api/v1/stacks', undefined, headers)).toMatchObject({ status: 200 });
    await cli.text('token', 'revoke', 'ci');
    expect(await ask('GET', '/api/v1/stacks', undefined, headers)).toMatchObject({ status: 401 });
  });

  test('over TLS', async () => {
    const cli = commandLine();
    const { url } = await serve(cli.db, '--tls-cert', pem('cert'), '--tls-key', ownKey());
    expect(url).toMatch(/^https:/);
    const agent = new Agent({ ca: readFileSync(pem('cert')) });
    const body = await new Promise<string>((resolve, reject) => {
      request(`${url}/readyz`, { agent }, (answer) => resolve(textOf(answer)))
        .on('error', reject)
        .end();
    });
    expect(JSON.parse(body)).toEqual({ status: 'ok' });
  });

  test.each([0o644, 0o620, 0o640])('a TLS key of mode %o is refused, with the command that closes it', async (mode) => {
    const args = ['serve', '--listen', '127.0.0.1:0', '--tls-cert', pem('cert'), '--tls-key', ownKey(mode)];
    const result = await commandLine().run(args);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('--tls-key: others can read or write');
    expect(result.stderr).toContain('chmod 600');
  });

  test('300 idle sockets leave it descriptors at ulimit -n 256', async () => {
    const cli = commandLine();
    const { ask, url, child, ended } = await serveWith(256, cli.db, '--log-level', 'silent');
    const { hostname, port } = new URL(url);
    const idle = Array.from({ length: 300 }, (): Socket => {
      const socket = connect(Number(port), hostname).on('error', () => {});
      onTestFinished(() => void socket.destroy());
      return socket;
    });
    for (let n = 0; n < 10; n += 1) {
      expect(await ask('POST', '/api/v1/commands/createStack', { name: `s${n}` })).toMatchObject({ status: 200 });
    }
    expect(await cli.json('stack', 'state', 'list')).toMatchObject({ stacks: Array(10).fill({}) });
    const { text } = await ask('GET', '/metrics');
    expect(Number(/^sloth_connections (\d+)$/m.exec(text)?.[1])).toBeLessThanOrEqual(96);
    expect(Number(/^process_open_fds (\d+)$/m.exec(text)?.[1])).toBeLessThanOrEqual(192);
    for (const socket of idle) socket.destroy();
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('more connections than there are descriptors for are refused', async () => {
    const child = spawn('/bin/sh', [
      '-c',
      'ulimit -n 256; exec "$@"',
      'sh',
      process.execPath,
      BIN,
      'serve',
      '--db',
      ':memory:',
      '--max-connections',
      '193',
    ]);
    const [stderr, code] = await Promise.all([
      textOf(child.stderr),
      new Promise((resolve) => child.on('close', resolve)),
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('ulimit -n 257');
  });

  test.each([
    [['--max-connections', '0'], 2, '--max-connections'],
    [['--max-connections-per-address', 'x'], 2, '--max-connections-per-address'],
    [['--max-streams', '0'], 2, '--max-streams'],
    [['--trust-proxy', 'nowhere'], 2, 'trust-proxy'],
    [['--listen', 'nowhere'], 2, 'HOST:PORT'],
    [['--listen', '127.0.0.1:99999'], 2, 'HOST:PORT'],
    [['--listen', '0.0.0.0:0'], 2, 'token create'],
    [['--tls-cert', 'cert.pem'], 2, '--tls-key'],
    [['--tls-cert', 'none.pem', '--tls-key', 'none.pem'], 2, 'none.pem'],
    [['--lock-ttl', '8d'], 2, '--lock-ttl'],
    [['--max-body', '0'], 2, '--max-body'],
    [['--max-in-flight', '0'], 2, '--max-in-flight'],
  ])('%j ends with %i and says what to do', async (args, code, told) => {
    const result = await commandLine().run(['serve', ...args]);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(told);
  });

  test('an address that is taken', async () => {
    const cli = commandLine();
    const { url } = await serve(cli.db);
    const result = await commandLine().run(['serve', '--listen', new URL(url).host]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('EADDRINUSE');
  });
});
