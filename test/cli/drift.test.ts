import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';
import { withoutTerraform } from '../support/terraform.js';

/** A stack `web` of these resources, in a folder of its own. */
async function stackOf(resources: readonly object[], configuration: object = {}) {
  const folder = scratchFolder();
  const cli = commandLine(join(folder, 'state.db'));
  const desired = join(folder, 'desired.json');
  writeFileSync(desired, JSON.stringify({ configuration, resources }));
  await cli.run(['stack', 'new', 'web']);
  await cli.text('stack', 'apply', 'web', '-f', desired);
  const file = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const drift = (...args: string[]) => cli.run(['stack', 'state', 'drift', 'web', ...args]);
  return { ...cli, folder, file, drift };
}

const server = { type: 'server', name: 'web', properties: { size: 3, tags: { env: 'prod' }, password: 'p' } };

describe('an actual file', () => {
  test('prints the differences by resource and field, and records them once', async () => {
    const stack = await stackOf([server, { type: 'net', name: 'a' }, { type: 'net', name: 'b' }]);
    const actual = stack.file('actual.json', {
      'server.web': { size: '3', tags: { env: 'test' }, password: 'p' },
      'net.a': null,
      'net.other': {},
    });
    const { code, stdout, stderr } = await stack.drift('--actual', actual, '--exit-code');
    expect(code).toBe(6);
    expect(stderr).toContain('net.other');
    expect(
      stdout
        .replace(/ +\n/g, '\n')
        .split('\n')
        .map((line) => line.replace(/ {2,}/g, '  ')),
    ).toEqual([
      'RESOURCE  FIELD  EXPECTED  ACTUAL  STATUS  FOUND  REASON',
      expect.stringMatching(/^server\.web {2}size {2}3 {2}→ {2}"3" {2}pending {2}/),
      '  tags.env  "prod"  →  "test"',
      expect.stringMatching(/^net\.a {2}\(all\) {2}\{\} {2}→ {2}\(gone\) {2}pending/),
      '',
      '2 compared, 1 not compared',
      '  net.b: the source has no data for it',
      '',
    ]);
    const again = JSON.parse((await stack.drift('--actual', actual, '--output', 'json')).stdout);
    expect(again.check).toEqual({
      compared: 2,
      not_compared: 1,
      not_looked_at: 1,
      passed_over: ['net.b'],
      failed: [],
      recorded_events: 0,
    });
    expect(again.drift.map((one: { changes: unknown }) => one.changes)).toEqual([
      [
        { path: '$.size', expected: 3, actual: '3' },
        { path: '$.tags.env', expected: 'prod', actual: 'test' },
      ],
      [{ path: '$', expected: {}, actual: null }],
    ]);
  });

  test('with --complete reports missing resources as gone', async () => {
    const stack = await stackOf([server, { type: 'net', name: 'a' }]);
    const actual = stack.file('actual.json', { 'net.a': {} });
    const { drift } = JSON.parse((await stack.drift('--actual', actual, '--complete', '--output', 'json')).stdout);
    expect(drift).toMatchObject([{ address: 'server.web', actual_state: null, drift_fields: ['$'] }]);
  });

  test('clears findings that no longer hold, and can be accepted', async () => {
    const stack = await stackOf([server]);
    const other = { ...server.properties, size: 4 };
    await stack.drift('--actual', stack.file('other.json', { 'server.web': other }));
    await stack.drift('--actual', stack.file('same.json', { 'server.web': server.properties }));
    expect((await stack.drift('--exit-code')).code).toBe(0);
    await stack.drift('--actual', stack.file('other.json', { 'server.web': other }));
    expect(await stack.text('stack', 'state', 'drift', 'accept', 'web', 'server.web')).toContain(
      'properties.size: 3 → 4',
    );
    expect(await stack.json('stack', 'resource', 'show', 'web', 'server.web')).toMatchObject({
      properties: { size: 4 },
    });
    expect((await stack.drift('--actual', stack.file('o.json', { 'server.web': other }), '--exit-code')).code).toBe(0);
  });

  test('from the configuration is used with --configured, and not without it', async () => {
    const folder = scratchFolder();
    const file = join(folder, 'actual.yaml');
    writeFileSync(file, 'server.web: {size: 9}\n');
    const stack = await stackOf([server], { drift: { source: 'actual', file } });
    const unused = await stack.drift();
    expect(unused).toMatchObject({ code: 0, stdout: expect.not.stringContaining('compared') });
    expect(unused.stderr).toContain('--configured');
    expect((await stack.drift('--configured')).stdout).toContain('1 compared');
    expect((await stack.drift('--recorded')).stdout).not.toContain('compared');
    expect((await stack.drift('--at-version', '2')).stdout).not.toContain('compared');
  });

  test('masks sensitive values', async () => {
    const secret = { ...server, metadata: { sensitive: ['$.password'] } };
    const stack = await stackOf([secret]);
    const changed = stack.file('actual.json', { 'server.web': { ...server.properties, password: 'other' } });
    const { stdout } = await stack.drift('--actual', changed);
    expect(stdout).toMatch(/password +\(sensitive\) +→ +\(sensitive\)/);
    const { stdout: gone } = await stack.drift('--actual', stack.file('gone.json', { 'server.web': null }));
    expect(gone).toMatch(/\(all\) +\(sensitive\) +→ +\(gone\)/);
  });
});

test.each<[string[], string]>([
  [['--actual', 'a.json', '--probe'], 'probe'],
  [['--complete'], 'actual'],
  [['--shell', '--probe'], 'exec'],
  [['--timeout', '5s'], '--timeout is of no use'],
  [['--concurrency', '5', '--actual', 'a.json'], '--concurrency is of no use'],
  [['--probe', '--at-version', '1'], '--probe cannot be used with --at-version'],
  [['--recorded', '--probe'], 'recorded'],
  [['--configured', '--probe'], 'probe'],
  [['--configured'], 'names no source'],
  [['--probe-path', '/etc'], '--probe-path is of no use'],
  [['--probe-host', 'example.com', '--exec', 'cat'], '--probe-host is of no use'],
  [['--record-content', '--exec', 'cat'], '--record-content is of no use'],
  [['--probe', '--probe-path', '/nowhere'], '--probe-path: "/nowhere" cannot be used: it does not exist'],
  [['--probe', '--probe-host', 'http://example.com/'], '--probe-host: "http://example.com/" is not a host'],
  [['--allow-partial', '--probe'], 'exit-code'],
  [['--timeout', 'soon', '--probe'], '--timeout: invalid duration "soon"'],
  [['--timeout', '0s', '--probe'], 'timeout: 0 ms'],
  [['--timeout', '30d', '--probe'], 'timeout: 2592000000 ms'], // beyond what a timer can wait, it would not wait at all
  [['--timeout', '25h', '--exec', 'cat'], 'timeout: 90000000 ms'],
  [['--timeout', '25h', '--terraform-dir', '.'], 'timeout: 90000000 ms'],
  [['--concurrency', '257', '--exec', 'cat'], 'concurrency: 257'],
  [['--concurrency', '257', '--probe'], 'concurrency: 257'],
  [['--recorded', '--timeout', '5s'], 'recorded'],
  [['--recorded', '--concurrency', '5'], 'recorded'],
])('%j is refused', async (flags, message) => {
  const stack = await stackOf([server]);
  const { code, stdout, stderr } = await stack.drift(...flags);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('a program that fails for one resource leaves the others compared, and the command exits with 1', async () => {
  const stack = await stackOf([server, { type: 'net', name: 'a' }]);
  const program = join(stack.folder, 'look.mjs');
  writeFileSync(
    program,
    `import { createInterface } from 'node:readline';
for await (const line of createInterface(process.stdin)) {
  const { address, properties } = JSON.parse(line);
  if (address === 'net.a') process.exit(3);
  console.log(JSON.stringify({ address, properties: { ...properties, size: 5 } }));
}`,
  );
  const { code, stdout } = await stack.drift('--exec', `${process.execPath} ${program}`);
  expect(code).toBe(1);
  expect(stdout).toMatch(/server\.web +size +3 +→ +5/);
  expect(stdout).toContain('net.a: exited with 3');
});

test('of 1,000 files, exactly the ten are found that changed, each by its fields', async () => {
  const files = scratchFolder();
  const path = (n: number): string => join(files, `${n}.txt`);
  const sha256 = (text: string): string => execFileSync('sha256sum', { input: text, encoding: 'utf8' }).slice(0, 64);
  const resources = Array.from({ length: 1_000 }, (_, n) => {
    const content = `content of ${n}\n`;
    writeFileSync(path(n), content, { mode: 0o644 });
    const properties = { path: path(n), kind: 'file', mode: '0644', size: content.length, sha256: sha256(content) };
    return { type: 'file', name: `f${n}`, properties: n % 2 ? properties : { ...properties, content } };
  });
  const stack = await stackOf(resources);
  const probe = ['--probe', '--probe-path', files];
  expect((await stack.drift(...probe, '--exit-code')).code).toBe(0);

  chmodSync(path(10), 0o600); // mode
  writeFileSync(path(20), 'CONTENT OF 20\n'); // the same length
  appendFileSync(path(31), 'more'); // longer
  truncateSync(path(40), 0); // emptied
  rmSync(path(50)); // deleted
  renameSync(path(60), join(files, 'moved')); // replaced by a link to what it was
  symlinkSync(join(files, 'moved'), path(60));
  rmSync(path(70)); // replaced by a folder
  mkdirSync(path(70), { mode: 0o755 });
  chmodSync(path(80), 0o4755); // set-user-id
  rmSync(path(90)); // a link to nowhere
  symlinkSync(join(files, 'nowhere'), path(90));
  writeFileSync(path(100), Buffer.from([0xff, 0xfe])); // no text

  const { check, drift } = JSON.parse((await stack.drift(...probe, '--output', 'json')).stdout);
  expect(check).toMatchObject({ compared: 1_000, not_looked_at: 0, failed: [] });
  const found = Object.fromEntries(
    drift.map((one: { address: string; drift_fields: string[] }) => [
      one.address,
      [...one.drift_fields].sort().join(' '),
    ]),
  );
  expect(found).toEqual({
    'file.f10': 'mode',
    'file.f20': 'content sha256',
    'file.f31': 'sha256 size',
    'file.f40': 'content sha256 size',
    'file.f50': '$',
    'file.f60': expect.stringMatching(/kind/),
    'file.f70': expect.stringMatching(/kind/),
    'file.f80': 'mode',
    'file.f90': expect.stringMatching(/kind/),
    'file.f100': 'content sha256 size',
  });
});

test('watch reports and records the changes of each check until it is stopped', async () => {
  const stack = await stackOf([server]);
  const actual = stack.file('actual.json', { 'server.web': server.properties });
  const words = ['stack', 'state', 'drift', 'watch', 'web', '--every', '1s', '--actual', actual, '--output', 'json'];
  const bin = new URL('../../bin/run.cjs', import.meta.url).pathname;
  const watch = spawn(process.execPath, [bin, ...words], { env: { ...process.env, SLOTH_RUNNER_DB: stack.db } });
  let said = '';
  watch.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise((resolve) => watch.on('close', resolve));
  const lines = async (count: number): Promise<{ is_drifted: boolean }[]> => {
    await expect.poll(() => said.split('\n').length - 1, { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
    return said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(said).toBe('');
  stack.file('actual.json', { 'server.web': { ...server.properties, size: 7 } });
  expect(await lines(1)).toMatchObject([{ address: 'server.web', is_drifted: true }]);
  stack.file('actual.json', { 'server.web': server.properties });
  expect(await lines(2)).toMatchObject([{ is_drifted: true }, { is_drifted: false }]);
  watch.kill('SIGINT');
  expect(await ended).toBe(0);
  const { events } = await stack.json('audit', 'log', 'web');
  expect(events.filter(({ type }: { type: string }) => type.startsWith('Drift'))).toHaveLength(2);
});

test.each<[string[], string]>([
  [['--every', '10ms', '--probe'], 'less than a second'],
  [['--every', '25d', '--probe'], 'more than 24d'],
  [['--actual', '-'], 'standard input'],
  [[], 'nothing says where the actual state'],
])('watch %j is refused', async (flags, message) => {
  const stack = await stackOf([server]);
  const { code, stderr } = await stack.run(['stack', 'state', 'drift', 'watch', 'web', ...flags]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

describe.skipIf(withoutTerraform())('drift of resources that terraform applied', () => {
  const CONFIGURATION = `variable "size" {}
resource "terraform_data" "web" {
  input = { size = var.size, image = "debian" }
}
resource "terraform_data" "db" {
  input = "db"
}
`;

  test('is found by a real plan, and accepted or rolled back', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'main.tf'), CONFIGURATION);
    const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_VAR_size: '1' };
    const terraform = (size: string, ...args: string[]): void => {
      const words = [`-chdir=${folder}`, ...args, '-no-color', '-input=false'];
      execFileSync('terraform', words, { env: { ...env, TF_VAR_size: size }, stdio: 'pipe' });
    };
    terraform('1', 'init');
    terraform('1', 'apply', '-auto-approve');
    const cli = commandLine(undefined, { TF_VAR_size: '1', CHECKPOINT_DISABLE: '1' });
    await cli.text('stack', 'import', 'web', '--from', 'terraform', join(folder, 'terraform.tfstate'));
    const look = async () => {
      const { code, stdout, stderr } = await cli.run([
        'stack',
        'state',
        'drift',
        'web',
        '--terraform-dir',
        folder,
        '--exit-code',
        '--output',
        'json',
      ]);
      if (code !== 0 && code !== 6) throw new Error(stdout + stderr);
      const { drift } = JSON.parse(stdout);
      return { code, open: drift.filter((one: { is_drifted: boolean }) => one.is_drifted) };
    };
    expect(await look()).toEqual({ code: 0, open: [] });

    terraform('2', 'apply', '-auto-approve');
    const { code, open } = await look();
    expect(code).toBe(6);
    expect(open.map((one: { address: string }) => one.address)).toEqual(['terraform_data.web']);
    expect(open[0].changes.map(({ path }: { path: string }) => path)).toContain('$.input.value.size');

    await cli.text('stack', 'state', 'drift', 'accept', 'web', 'terraform_data.web');
    expect((await look()).code).toBe(0);
    await cli.text('stack', 'state', 'rollback', 'web', '--version', '1');
    expect((await look()).code).toBe(6);
    terraform('1', 'apply', '-auto-approve');
    expect((await look()).open).toEqual([]);
  });
});

test('a check is about one stack, even if its name passes to another one meanwhile', async () => {
  const stack = await stackOf([{ type: 't', name: 'a', properties: { x: 1 } }]);
  const backend = await stack.open();
  const { id } = await backend.getStackManager().getStack('web');
  await backend.close();
  const look = join(stack.folder, 'look.sh');
  const own = `"${process.execPath}" "${new URL('../../bin/run.cjs', import.meta.url).pathname}" --db "${stack.db}"`;
  const commands = [
    'cat >/dev/null',
    `${own.replace(' --db', ' stack update web --name old --db')} >&2`,
    `${own.replace(' --db', ' stack new web --db')} >&2`,
    `echo '{"address":"t.a","properties":{"x":2}}'`,
  ];
  writeFileSync(look, `#!/bin/sh\n${commands.join('\n')}\n`, { mode: 0o755 });
  const { code, stdout } = await stack.drift('--exec', look, '--exit-code', '--output', 'json');
  const { check, drift } = JSON.parse(stdout);
  expect({ code, compared: check.compared }).toEqual({ code: 6, compared: 1 });
  expect(drift).toMatchObject([{ stack_id: id, address: 't.a' }]);
});
