import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';
import { ON_POSTGRES } from '../support/on-postgres.js';

const V1 = new URL('../fixtures/terraform/web-v1.tfstate', import.meta.url).pathname;

/** Every command on a stack, with what it needs beside the stack's name. */
const ON_A_STACK: readonly (readonly [command: string, ...rest: string[]])[] = [
  ['stack update', '--description', 'x'],
  ['stack delete', '--yes'],
  ['stack restore'],
  ['stack apply', '-f', 'FILE'],
  ['stack export', '--to', 'terraform'],
  ['stack resource list'],
  ['stack resource set', 'a.b', '-p', 'x=1'],
  ['stack resource show', 'a.b'],
  ['stack resource remove', 'a.b'],
  ['stack state show'],
  ['stack state versions'],
  ['stack state snapshot'],
  ['stack state rollback', '--version', '1'],
  ['stack state diff', '--from', '1', '--to', '1'],
  ['stack state drift'],
  ['stack state drift ignore', 'a.b', '--reason', 'x'],
  ['stack state drift ignore', '--path', 'x', '--reason', 'x'],
  ['stack state drift resolve', 'a.b', '--reason', 'x'],
  ['stack state drift accept', 'a.b'],
  ['stack state drift rules list'],
  ['stack state drift rules remove', '1'],
  ['stack state lock'],
  ['stack state unlock', '--lock-id', 'x'],
  ['stack state lock-info'],
  ['stack state tags add', 't'],
  ['stack state tags remove', 't'],
  ['stack state tags list'],
  ['stack state activity'],
  ['stack state history', 'a.b'],
  ['stack state blame', 'a.b'],
];

describe('invalid input is refused with its field and changes nothing', () => {
  const cli = { current: undefined as unknown as ReturnType<typeof commandLine> };
  let desired = '';
  beforeAll(async () => {
    const folder = `${process.env.TMPDIR ?? '/tmp'}/sloth-runner-bad-${process.pid}`;
    mkdirSync(folder, { recursive: true });
    desired = join(folder, 'desired.yaml');
    writeFileSync(desired, 'resources: []\n');
    cli.current = commandLineIn(folder);
    await cli.current.text('stack', 'new', 'good');
    return () => spawnSync('rm', ['-rf', folder]);
  });

  const words = (command: string, ref: string, rest: readonly string[]) => [
    ...command.split(' '),
    ref,
    ...rest.map((word) => (word === 'FILE' ? desired : word)),
  ];
  const events = async () => (await cli.current.json('doctor')).database.events;

  test.each(ON_A_STACK)('%s: unknown stack', async (command, ...rest) => {
    const { code, stdout, stderr } = await cli.current.run([...words(command, 'nowhere', rest), '--output', 'json']);
    expect(code).toBe(3);
    const { error } = JSON.parse(stdout);
    expect(error.code).toBe('STACK_NOT_FOUND');
    expect(error.message).toContain('nowhere');
    expect(error.hint).toContain('sloth-runner');
    expect(stderr).toBe('');
    expect(await events()).toBe(1);
  });

  test.each([
    ['empty', ''],
    ['10 kB', 'x'.repeat(10_000)],
    ['a control character', 'a\u0007b'],
    ['outer blanks', ' a '],
    ['an invisible character', 'pro\u200bd'],
    ['a mark of direction', '\u202egood'],
  ])('a name that is %s', async (_, name) => {
    const { code, stdout } = await cli.current.run(['stack', 'new', name, '--output', 'json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'INVALID_INPUT', details: { field: 'name' } });
    expect(await events()).toBe(1);
  });

  test.each<[what: string, args: readonly string[], code: number, says: string]>([
    ['a name that is taken', ['stack', 'new', 'good'], 5, 'taken'],
    ['no name', ['stack', 'new'], 2, 'name'],
    ['an unknown flag', ['stack', 'state', 'list', '--colour'], 2, '--colour'],
    ['an unknown output', ['stack', 'state', 'list', '--output', 'xml'], 2, 'xml'],
    ['a version that is not there', ['stack', 'state', 'rollback', 'good', '--version', '9'], 3, 'version 9'],
    ['a version of zero', ['stack', 'state', 'rollback', 'good', '--version', '0'], 2, '--version'],
    ['a version in words', ['stack', 'state', 'diff', 'good', '--from', 'one'], 2, '--from'],
    ['a fraction', ['stack', 'state', 'diff', 'good', '--from', '1.5'], 2, '--from'],
    ['a negative limit', ['stack', 'state', 'activity', 'good', '--limit=-1'], 2, '--limit'],
    ['a limit of zero', ['stack', 'state', 'versions', 'good', '--limit', '0'], 2, '--limit'],
    ['an exponent', ['stack', 'state', 'versions', 'good', '--limit', '1e3'], 2, '--limit'],
    [
      'another version expected',
      ['stack', 'update', 'good', '--description', 'x', '--if-version', '7'],
      5,
      'version 1, not 7',
    ],
    ['two places in history', ['stack', 'state', 'show', 'good', '--at-version', '1', '--at-position', '1'], 2, 'at-'],
    ['no instant', ['stack', 'state', 'show', 'good', '--at-time', 'yesterday'], 2, '--at-time'],
    ['an instant before the stack', ['stack', 'state', 'show', 'good', '--at-time', '2001-01-01'], 3, 'no state'],
    ['a duration without unit', ['stack', 'state', 'lock', 'good', '--duration', '30'], 2, '--duration'],
    ['a duration too long', ['stack', 'state', 'lock', 'good', '--duration', '8d'], 2, '--duration'],
    ['a renewal without duration', ['stack', 'state', 'lock', 'good', '--renew', '--lock-id', 'x'], 2, '--duration'],
    ['a lock that is not held', ['stack', 'update', 'good', '--description', 'x', '--lock-id', 'x'], 4, 'not held'],
    ['a file that is not there', ['stack', 'apply', 'good', '-f', '/nowhere.yaml'], 2, '/nowhere.yaml'],
    ['a folder for a file', ['stack', 'apply', 'good', '-f', '/'], 2, 'cannot read'],
    [
      'a state that is none',
      ['stack', 'import', 'good', '--from', 'terraform', 'package.json'],
      2,
      'no Terraform state',
    ],
    ['an unknown tool', ['stack', 'import', 'good', '--from', 'chef', V1], 2, 'chef'],
    ['an address that is none', ['stack', 'resource', 'set', 'good', 'web', '-p', 'a=1'], 2, 'is not an address'],
    ['a property without value', ['stack', 'resource', 'set', 'good', 'a.b', '-p', 'a'], 2, 'KEY=VALUE'],
    [
      'a number of too many digits',
      ['stack', 'resource', 'set', 'good', 'a.b', '-p', `a=${'1'.repeat(1_001)}`],
      2,
      '1001 characters',
    ],
    ['a number without end', ['stack', 'resource', 'set', 'good', 'a.b', '-p', 'a=[0,1e1000000]'], 2, '$[1]'],
    ['a resource that is not there', ['stack', 'resource', 'show', 'good', 'a.b'], 3, 'a.b'],
    ['a tag that is not there', ['stack', 'state', 'tags', 'remove', 'good', 'x'], 3, 'x'],
    ['a tag that is empty', ['stack', 'state', 'tags', 'add', 'good', ''], 2, 'tags'],
    ['an empty database path', ['stack', 'state', 'list', '--db', ''], 2, 'database path'],
    ['nothing to update', ['stack', 'update', 'good'], 2, 'no field'],
    ['a deleted stack that is not', ['stack', 'restore', 'good'], 5, 'not deleted'],
  ])('%s', async (_, args, code, says) => {
    const result = await cli.current.run(args);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
    expect(result.stderr).toContain('Error: ');
    expect(result.stderr).toContain(says);
    expect(result.stderr).not.toMatch(/\n +at /);
    const json = await cli.current.run([...args, ...(args.includes('--output') ? [] : ['--output', 'json'])]);
    expect(json.code).toBe(code);
    if (!args.includes('--output')) expect(JSON.parse(json.stdout).error.message).toContain(says);
    expect(await events()).toBe(1);
  });

  test.each([
    [
      'a key twice',
      '{"resources": [{"type": "a", "name": "b", "properties": {"x": 1, "x": 2}}]}',
      '$.resources[0].properties.x',
    ],
    ['513 levels', `{"metadata": ${'['.repeat(513)}${']'.repeat(513)}}`, 'deeper than 512'],
    ['no JSON', '{"resources": [}', 'line 1'],
  ])('a JSON file with %s', async (_, text, says) => {
    const file = join(dirname(desired), 'bad.json');
    writeFileSync(file, text);
    const { code, stderr } = await cli.current.run(['stack', 'apply', 'good', '-f', file]);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(await events()).toBe(1);
  });

  test.each([
    ['a key twice', 'description: a\ndescription: b\n', 'line 2'],
    ['an unknown field', 'resource: []\n', 'resource'],
    ['a resource without name', 'resources: [{type: a}]\n', 'resources.0.name'],
    ['infinity', 'metadata: .inf\n', '$.metadata'],
    ['bytes that are no UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe]), 'not valid UTF-8'],
  ])('a YAML file with %s', async (_, text, says) => {
    const file = join(dirname(desired), 'bad.yaml');
    writeFileSync(file, text);
    const { code, stderr } = await cli.current.run(['stack', 'apply', 'good', '-f', file]);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(await events()).toBe(1);
  });
});

function commandLineIn(folder: string) {
  return commandLine(join(folder, 'stacks.db'));
}

describe.skipIf(ON_POSTGRES)('a database file that cannot be used is refused and stays as it is', () => {
  const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

  test('a file that is no database', async () => {
    const db = join(scratchFolder(), 'notes.txt');
    writeFileSync(db, 'just some notes, longer than a header\n'.repeat(20));
    const before = digest(db);
    const { code, stderr } = await commandLine(db).run(['stack', 'state', 'list']);
    expect(code).toBe(1);
    expect(stderr).toContain('not a sloth-runner database');
    expect(digest(db)).toBe(before);
  });

  test("another program's database", async () => {
    const db = join(scratchFolder(), 'other.db');
    new Database(db).exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)').close();
    const before = digest(db);
    const { code, stderr } = await commandLine(db).run(['stack', 'new', 'a']);
    expect(code).toBe(1);
    expect(stderr).toContain('not a sloth-runner database');
    expect(digest(db)).toBe(before);
  });

  test('a database of a newer schema', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    const db = new Database(cli.db);
    db.pragma('user_version = 99');
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    const before = digest(cli.db);
    const { code, stderr } = await cli.run(['stack', 'new', 'b']);
    expect(code).toBe(1);
    expect(stderr).toContain('newer release');
    expect(digest(cli.db)).toBe(before);
  });

  test('a folder', async () => {
    const { code, stderr } = await commandLine(scratchFolder()).run(['stack', 'state', 'list']);
    expect(code).toBe(1);
    expect(stderr).toContain('not a file');
  });

  test.skipIf(process.getuid?.() === 0 && spawnSync('sh', ['-c', 'command -v setpriv']).status !== 0)(
    'a file that may only be read can be read, not written',
    async () => {
      const cli = commandLine();
      await cli.text('stack', 'new', 'a');
      const bin = new URL('../../bin/run.cjs', import.meta.url).pathname;
      const asNobody = (...args: string[]) =>
        process.getuid?.() === 0
          ? spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, bin, ...args], {
              env: { PATH: process.env.PATH, HOME: '/tmp', SLOTH_RUNNER_DB: cli.db, SLOTH_RUNNER_ACTOR: 'nobody' },
              encoding: 'utf8',
            })
          : spawnSync(process.execPath, [bin, ...args], {
              env: { ...process.env, SLOTH_RUNNER_DB: cli.db },
              encoding: 'utf8',
            });
      spawnSync('chmod', ['555', dirname(cli.db)]);
      spawnSync('chmod', ['444', cli.db]);
      const before = digest(cli.db);
      const write = asNobody('stack', 'new', 'b');
      expect(write.status).toBe(1);
      expect(write.stderr).toMatch(/cannot be (written|opened)/);
      expect(digest(cli.db)).toBe(before);
    },
  );

  test('a command fails on a full disk and changes nothing', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    const big = join(dirname(cli.db), 'big.json');
    writeFileSync(big, JSON.stringify({ text: 'x'.repeat(4_000_000) }));
    // A limit on file sizes, in blocks of 512 or 1024 bytes, is the full disk that needs no rights to make.
    const bin = new URL('../../bin/run.cjs', import.meta.url).pathname;
    const limited = spawnSync(
      'bash',
      [
        '-c',
        `ulimit -f 1000; exec "$0" "$@"`,
        process.execPath,
        bin,
        'stack',
        'resource',
        'set',
        'a',
        'x.y',
        '--properties',
        big,
      ],
      { env: { ...process.env, SLOTH_RUNNER_DB: cli.db, SLOTH_RUNNER_ACTOR: 't' }, encoding: 'utf8' },
    );
    expect(limited.status).toBe(1);
    expect(limited.stderr).toMatch(/no space|could not be read or written/);
    expect((await cli.json('stack', 'state', 'show', 'a')).resources).toEqual([]);
    await cli.text('stack', 'resource', 'set', 'a', 'x.y', '-p', 'a=1');
    expect((await cli.json('stack', 'state', 'show', 'a')).resource_version).toBe('2');
  });
});
