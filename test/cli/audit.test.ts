import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { commandLine, commandProcesses } from '../support/cli.js';
import { TestClock } from '../support/clock.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { tamper } from '../support/tamper.js';

const BIN = new URL('../../bin/run.cjs', import.meta.url).pathname;
const HASH = /^[0-9a-f]{64}$/;

/** Two stacks and what three people did to them, a second apart from 2026-01-01T00:00:00Z on. */
async function shop() {
  const cli = commandLine(join(scratchFolder(), 'stacks.db'));
  const clock = new TestClock();
  await using backend = await cli.open({ actor: 'ana', clock });
  const manager = backend.getStackManager();
  const then = async (work: Promise<unknown>): Promise<void> => {
    await work;
    clock.advance(1_000);
  };
  await then(manager.createStack({ id: 'shop-id', name: 'shop' }));
  await then(manager.setResource('shop', { type: 'server', name: 'web', properties: { size: 1 } }));
  await then(manager.setResource('shop', { type: 'server', name: 'web', properties: { size: 2 } }, { actor: 'bea' }));
  await then(manager.createStack({ id: 'other-id', name: 'other' }));
  await then(backend.addTag('shop', 'prod', { actor: 'bea', reason: 'it is live' }));
  await then(manager.deleteStack('other'));
  return cli;
}

/** A database that was created and holds nothing yet. */
async function emptyDatabase() {
  const cli = commandLine();
  await (await cli.open()).close();
  return cli;
}

const positionsIn = (json: { events: { position: number }[] }): number[] => json.events.map(({ position }) => position);

describe('audit head', () => {
  test('prints position, hash and time', async () => {
    const cli = await shop();
    const head = await cli.json('audit', 'head');
    expect(head).toEqual({ position: 6, hash: expect.stringMatching(HASH), recorded_at: '2026-01-01T00:00:05.000Z' });
    const text = await cli.text('audit', 'head');
    for (const word of ['6', head.hash, head.recorded_at]) expect(text).toContain(word);
  });

  test('prints position 0 and zeros for an empty log', async () => {
    const cli = await emptyDatabase();
    expect(await cli.json('audit', 'head')).toEqual({ position: 0, hash: '0'.repeat(64), recorded_at: null });
    expect(await cli.text('audit', 'head')).toContain('the log is empty');
  });
});

describe('audit log', () => {
  test('has position, type, actor, time and reason of each event', async () => {
    const cli = await shop();
    const { events } = await cli.json('audit', 'log');
    expect(events).toHaveLength(6);
    expect(events[4]).toEqual({
      position: 5,
      stack_id: 'shop-id',
      stack: 'shop',
      version: 3,
      revision: 4,
      type: 'TagAdded',
      actor: 'bea',
      source: 'api',
      command: 'tag',
      command_id: expect.any(String),
      correlation_id: null,
      causation_id: null,
      reason: 'it is live',
      imported: null,
      recorded_at: '2026-01-01T00:00:04.000Z',
      data: { tag: 'prod' },
      hash: expect.stringMatching(HASH),
    });
    const text = await cli.text('audit', 'log');
    expect(text).toMatch(/POSITION +RECORDED +WHO +STACK +VERSION +WHAT +SUBJECT/);
    expect(text).toMatch(/5 +2026-01-01T00:00:04\.000Z +bea +shop +3 +TagAdded +prod +it is live/);
  });

  test.each<[flags: string, positions: number[]]>([
    ['shop', [1, 2, 3, 5]],
    ['shop-id', [1, 2, 3, 5]],
    ['other-id', [4, 6]],
    ['--actor bea', [3, 5]],
    ['--actor nobody', []],
    ['--since 2026-01-01T00:00:03Z', [4, 5, 6]],
    ['--until 2026-01-01T01:00:01+01:00', [1, 2]],
    ['--since 2026-01-01T00:00:01Z --until 2026-01-01T00:00:03Z', [2, 3, 4]],
    ['--since 2026-01-02', []],
    ['--type ResourceUpdated', [3]],
    ['--type TagAdded --type StackDeleted', [5, 6]],
    ['--type StackCreated other', [4]],
    ['--limit 2', [5, 6]],
    ['--limit 100', [1, 2, 3, 4, 5, 6]],
    ['shop --actor ana --limit 1', [2]],
  ])('%s', async (flags, positions) => {
    const cli = await shop();
    expect(positionsIn(await cli.json('audit', 'log', ...flags.split(' ')))).toEqual(positions);
  });

  test('does not use the default actor as a filter', async () => {
    const cli = await shop();
    const other = commandLine(cli.db, { SLOTH_RUNNER_ACTOR: 'nobody' });
    expect(positionsIn(await other.json('audit', 'log'))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('prints nothing for an empty database', async () => {
    const cli = await emptyDatabase();
    expect(await cli.json('audit', 'log')).toEqual({ events: [] });
    expect(await cli.text('audit', 'log')).toBe('No events.\n');
    expect(await cli.text('audit', 'log', '--output', 'csv')).toBe(`${CSV_TITLES.join(',')}\n`);
  });

  test.each<[args: string, code: number, errorCode: string, says: string]>([
    ['nowhere', 3, 'STACK_NOT_FOUND', 'nowhere'],
    ['--since yesterday', 2, 'INVALID_TIME', '--since'],
    ['--until 2026-01-01T10:00', 2, 'INVALID_TIME', '--until'],
    ['--since 2026-02-01 --until 2026-01-01', 2, 'TIMES_REVERSED', 'since'],
    ['--type ResourceUpdate', 2, 'UNKNOWN_EVENT_TYPE', 'type'],
    ['--actor=', 2, 'INVALID_INPUT', '--actor'],
    ['--limit 0', 2, 'INVALID_NUMBER', '--limit'],
    ['--limit x', 2, 'INVALID_NUMBER', '--limit'],
  ])('%s is refused', async (args, code, errorCode, says) => {
    const cli = await shop();
    const words = ['audit', 'log', ...args.split(' ')];
    const json = await cli.run([...words, '--output', 'json']);
    expect({ code: json.code, stderr: json.stderr }).toEqual({ code, stderr: '' });
    const { error } = JSON.parse(json.stdout);
    expect(error).toMatchObject({ code: errorCode, message: expect.stringContaining(says), hint: expect.any(String) });
    const people = await cli.run([...words, '--output', 'csv']);
    expect({ code: people.code, stdout: people.stdout }).toEqual({ code, stdout: '' });
    expect(people.stderr).toContain(says);
  });

  test('prints a long log completely, also if its reader leaves early', async () => {
    const cli = commandLine();
    await using backend = await cli.open({ actor: 'ana' });
    await backend.getStackManager().createStack({ name: 's' });
    const big = 'x'.repeat(2_000);
    for (let n = 0; n < 3; n++) {
      await backend.getStackManager().apply({
        stack: 's',
        resources: Array.from({ length: 500 }, (_, i) => ({ type: 't', name: `r${n * 500 + i}`, properties: { big } })),
      });
    }
    const { events } = await cli.json('audit', 'log');
    expect(events.map(({ position }: { position: number }) => position)).toEqual(
      Array.from({ length: 1_501 }, (_, index) => index + 1),
    );
    const lines = (await cli.text('audit', 'log')).trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('POSITION'))).toHaveLength(2); // a title for every 1,000 rows
    expect(lines.filter((line) => /ResourceCreated/.test(line))).toHaveLength(1_500);
    for (const output of ['json', 'csv', 'table']) {
      const args = [BIN, 'audit', 'log', '--db', cli.db, '--output', output];
      const { stdout, stderr, status } = spawnSync(
        'bash',
        ['-c', 'set -o pipefail; "$0" "$@" | head -n 2', process.execPath, ...args],
        { encoding: 'utf8' },
      );
      expect({ stderr, status, lines: stdout.split('\n').length }, output).toEqual({
        stderr: '',
        status: 141,
        lines: 3,
      }); // as SIGPIPE ends it
    }
  });

  test('prints one JSON document with the error if it fails in the middle', async () => {
    const cli = await shop();
    tamper(cli.db, "UPDATE events SET data = '{' WHERE position = 4");
    const { code, stdout } = await cli.run(['audit', 'log', '--output', 'json']);
    const { events, error } = JSON.parse(stdout);
    expect(code).toBe(7);
    expect(events.map(({ position }: { position: number }) => position)).toEqual([1, 2, 3]);
    expect(error).toMatchObject({ code: 'EVENT_DAMAGED', details: { position: 4 } });
  });
});

const CSV_TITLES =
  'position stack_id stack version revision type actor source command command_id reason recorded_at data hash'.split(
    ' ',
  );

/** Rows as Python's csv module reads them: not by the library that wrote them. */
function readCsv(text: string): string[][] {
  const program =
    'import csv, json, sys, io; csv.field_size_limit(10**9); print(json.dumps(list(csv.reader(io.TextIOWrapper(sys.stdin.buffer, "utf-8", newline=""), strict=True))))';
  const { stdout, stderr } = spawnSync('python3', ['-c', program], { input: text, encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('audit log --output csv', () => {
  const HOSTILE = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\tx',
    '\rx',
    '=HYPERLINK("http://evil","x"), and more',
    'plain "quoted", with a comma',
    'two\nlines\r\nand a third',
    "'apostrophe",
    ' =blank before',
    '資料 😀 \u202e',
    '＝1', // U+FF1D, which some spreadsheets take for `=`
  ];

  test('keeps texts exactly, except an apostrophe before a possible formula', async () => {
    const cli = commandLine();
    await using backend = await cli.open({ actor: 'ana' });
    await backend.getStackManager().createStack({ name: '=cmd|/c calc' });
    for (const [index, reason] of HOSTILE.entries()) {
      await backend.addTag('=cmd|/c calc', `t${index}`, { reason, actor: `@${index}`, commandId: `+id-${index}` });
    }
    const text = await cli.text('audit', 'log', '--output', 'csv');
    const [titles, ...rows] = readCsv(text);
    expect(titles).toEqual(CSV_TITLES);
    const records = rows.map((row) => Object.fromEntries(CSV_TITLES.map((title, index) => [title, row[index]])));
    expect(records.slice(1).map(({ reason }) => reason)).toEqual(
      HOSTILE.map((reason) => (/^[=+\-@\t\r＝]/.test(reason) ? `'${reason}` : reason)),
    );
    expect(records[3]).toMatchObject({ position: '4', stack: "'=cmd|/c calc", actor: "'@2", command_id: "'+id-2" });
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/);

    const { events } = await cli.json('audit', 'log');
    expect(records.map(({ data }) => JSON.parse(data as string))).toEqual(
      events.map(({ data }: { data: unknown }) => data),
    );
    expect(records.map(({ hash }) => hash)).toEqual(events.map(({ hash }: { hash: string }) => hash));
  });

  test('is refused by other commands', async () => {
    const { code, stderr } = await commandLine().run(['audit', 'head', '--output', 'csv']);
    expect(code).toBe(2);
    expect(stderr).toContain('csv');
  });
});

describe('audit export and audit import', () => {
  test('create an equal database', async () => {
    const cli = await shop();
    const folder = dirname(cli.db);
    const file = join(folder, 'log.jsonl');
    const exported = await cli.json('audit', 'export', file);
    const head = await cli.json('audit', 'head');
    expect(exported).toEqual({ file, events: 6, head });
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const copy = commandLine(join(folder, 'copy.db'));
    const imported = await copy.json('audit', 'import', file);
    expect(imported).toEqual({ events: 6, head });
    expect(await copy.json('audit', 'log')).toEqual(await cli.json('audit', 'log'));
    expect(await copy.json('stack', 'state', 'show', 'shop')).toEqual(await cli.json('stack', 'state', 'show', 'shop'));
    expect((await copy.json('audit', 'verify', '--head', head.hash)).holds).toBe(true);
    await copy.text('stack', 'resource', 'set', 'shop', 'server.web', '-p', 'size=3');

    const piped = commandLine(join(folder, 'piped.db'));
    const text = await cli.text('audit', 'export', '-');
    const { code, stdout, stderr } = await piped.run(['audit', 'import', '-'], text);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `Created database ${piped.db}.\n` });
    expect(stdout).toContain('Imported 6 events');
    expect(stdout).toContain(`sloth-runner audit verify --head ${head.hash}`);
    expect(await piped.json('audit', 'head')).toEqual(head);
    const withoutTime = (log: string): string => log.replace(/"exported_at":"[^"]*"/, '');
    expect(withoutTime(text)).toBe(withoutTime(readFileSync(file, 'utf8')));
  });

  test('report the problem, and leave nothing behind', async () => {
    const cli = await shop();
    const folder = dirname(cli.db);
    const file = join(folder, 'log.jsonl');
    await cli.text('audit', 'export', file);
    const good = readFileSync(file, 'utf8');
    const bad = join(folder, 'bad.jsonl');
    writeFileSync(bad, good.replace('prod', 'dev'));
    const before = readdirSync(folder);
    const fails = async (code: string, exit: number, args: string[], input?: string) => {
      const { code: status, stdout, stderr } = await cli.run([...args, '--output', 'json'], input);
      expect({ status, stderr }, args.join(' ')).toEqual({ status: exit, stderr: '' });
      const { error } = JSON.parse(stdout);
      expect(error).toMatchObject({ code, message: expect.any(String), hint: expect.any(String) });
      return error;
    };
    await fails('TARGET_EXISTS', 5, ['audit', 'export', file]);
    await fails('TARGET_IS_DATABASE', 2, ['audit', 'export', cli.db, '--overwrite']);
    await fails('CONTRADICTION', 2, ['audit', 'export', '-', '--overwrite']);
    await fails('NO_SUCH_FOLDER', 2, ['audit', 'export', join(folder, 'no', 'log')]);
    await fails('DATABASE_NOT_FOUND', 3, ['audit', 'export', join(folder, 'x'), '--db', join(folder, 'none.db')]);
    await fails('LOG_NOT_EMPTY', 5, ['audit', 'import', file]);
    await fails('CANNOT_READ', 2, ['audit', 'import', join(folder, 'none')]);
    expect(readdirSync(folder)).toEqual(before);

    const target = ['--db', join(folder, 'target.db')];
    const lines = await fails('INVALID_LOG_FILE', 2, ['audit', 'import', '-', ...target], good.slice(0, -30));
    expect(lines.message).toContain('standard input line 7');
    expect(await fails('LOG_BROKEN', 7, ['audit', 'import', bad, ...target])).toMatchObject({
      details: { position: 5, field: 'hash' },
    });
    await cli.text('audit', 'import', file, ...target);
  });

  test('a failed export to standard output is reported on standard error', async () => {
    const cli = await shop();
    tamper(cli.db, "UPDATE events SET data = '{}' WHERE position = 4");
    const { code, stdout, stderr } = await cli.run(['audit', 'export', '-', '--output', 'json']);
    expect(code).toBe(7);
    expect(stdout).not.toContain('error');
    expect(JSON.parse(stderr).error.code).toBe('LOG_BROKEN');
  });
});

test('an interrupted export ends soon and leaves no file', async () => {
  const folder = scratchFolder();
  const db = join(folder, 'stacks.db');
  const backend = await StateBackend.open(db, { actor: 'ana' });
  await backend.getStackManager().createStack({ name: 's' });
  const text = 'x'.repeat(20_000);
  for (let n = 0; n < 10; n++) {
    const resources = Array.from({ length: 1_000 }, (_, i) => ({ type: 't', name: `n${i}`, properties: { n, text } }));
    await backend.getStackManager().apply({ stack: 's', resources });
  }
  await backend.close();
  const child = spawn(process.execPath, [BIN, 'audit', 'export', join(folder, 'log.jsonl'), '--db', db]);
  const ended = new Promise((resolve) => child.on('close', (code, killer) => resolve({ code, killer })));
  await until(() => readdirSync(folder).some((name) => name.startsWith('log.jsonl.partial')));
  child.kill('SIGINT');
  expect(await ended).toEqual({ code: 130, killer: null });
  expect(readdirSync(folder).filter((name) => name.startsWith('log'))).toEqual([]);
});

describe('replay', () => {
  test('shows each event with its changes, and verifies the final state', async () => {
    const cli = await shop();
    const state = await cli.json('stack', 'state', 'show', 'shop');
    const json = await cli.json('replay', 'shop');
    expect(json).toMatchObject({
      stack_id: 'shop-id',
      name: 'shop',
      version: 3,
      position: 5,
      counts: { resources: 1, outputs: 0, dependencies: 0 },
      state_hash: state.state_hash,
    });
    expect(json.steps[2]).toEqual({
      position: 3,
      version: 3,
      revision: 3,
      at: '2026-01-01T00:00:02.000Z',
      actor: 'bea',
      command: 'set',
      reason: null,
      type: 'ResourceUpdated',
      changes: [
        {
          what: 'resource',
          key: 'server.web',
          kind: 'changed',
          fields: [{ path: '$.properties.size', before: 1, after: 2 }],
        },
      ],
      counts: { resources: 1, outputs: 0, dependencies: 0 },
    });
    const text = await cli.text('replay', 'shop');
    expect(text).toContain(
      '3  version 3  2026-01-01T00:00:02.000Z  bea  ResourceUpdated\n  ~ server.web\n      properties.size: 1 → 2\n',
    );
    expect(text).toContain('5  version 3  2026-01-01T00:00:04.000Z  bea  TagAdded  it is live\n  + tag prod\n');
    expect(text).toContain('shop at version 3 after 4 events: 1 resource, 0 outputs, 0 dependencies.');
    expect(text).toContain(`State hash ${state.state_hash}, the same in the tables.`);
  });

  test('stops at a version, and replays a deleted stack', async () => {
    const cli = await shop();
    const { steps, state_hash } = await cli.json('replay', 'shop', '--to-version', '2');
    expect(steps.map(({ position }: { position: number }) => position)).toEqual([1, 2]);
    expect(state_hash).toBe((await cli.json('stack', 'state', 'show', 'shop', '--at-version', '2')).state_hash);
    expect((await cli.json('replay', 'other')).steps).toHaveLength(2);
  });

  test('masks sensitive values for people', async () => {
    const cli = commandLine();
    await using backend = await cli.open({ actor: 'ana' });
    await backend.getStackManager().createStack({ name: 's' });
    await backend.getStackManager().apply({
      stack: 's',
      resources: [{ type: 't', name: 'a', properties: { pw: 'hunter2', n: 1 }, metadata: { sensitive: ['$.pw'] } }],
      outputs: [{ name: 'o', value: 'hunter3', sensitive: true }],
    });
    const text = await cli.text('replay', 's');
    expect(text).toContain('properties.pw: (sensitive)');
    expect(text).not.toMatch(/hunter/);
    expect(JSON.stringify(await cli.json('replay', 's'))).toMatch(/hunter2.*hunter3/);
  });

  test('refuses unknown stacks, and exits with 7 if the tables differ, in one document', async () => {
    const cli = await shop();
    for (const [args, code] of [
      [['nowhere'], 'STACK_NOT_FOUND'],
      [['shop', '--to-version', '9'], 'VERSION_NOT_FOUND'],
    ] as const) {
      const { code: status, stdout } = await cli.run(['replay', ...args, '--output', 'json']);
      expect({ status, code: JSON.parse(stdout).error.code }).toEqual({ status: 3, code });
    }
    expect((await cli.run(['replay', 'shop', '--to-version', '0'])).stderr).toContain('--to-version');
    tamper(cli.db, 'UPDATE resource_rows SET position = 2 WHERE position = 3');
    const { code, stdout } = await cli.run(['replay', 'shop', '--output', 'json']);
    expect(code).toBe(7);
    const { steps, error } = JSON.parse(stdout);
    expect(steps).toHaveLength(4);
    expect(error).toMatchObject({ code: 'REPLAY_DIFFERS', details: { version: 3 } });
    const people = await cli.run(['replay', 'shop']);
    expect(people.stdout).toContain('ResourceUpdated');
    expect(people.stderr).toContain('audit verify');
  });

  test.each([['SIGINT'], ['SIGTERM']] as const)(
    '--follow goes on with what others append, until %s',
    async (signal) => {
      const cli = await shop();
      const child = spawn(process.execPath, [BIN, 'replay', 'shop', '--follow', '--output', 'json', '--db', cli.db]);
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      const ended = new Promise((resolve) => child.on('close', (code, killer) => resolve({ code, killer })));
      const lines = () => stdout.split('\n').slice(0, -1);
      await until(() => lines().length === 4);
      await using backend = await cli.open({ actor: 'cai' });
      await backend.addTag('shop', 'new');
      await until(() => lines().length === 5);
      child.kill(signal);
      expect(await ended).toEqual({ code: 0, killer: null });
      expect(stderr).toBe('');
      const steps = lines().map((line) => JSON.parse(line));
      expect(steps.map(({ position }) => position)).toEqual([1, 2, 3, 5, 7]);
      expect(steps[4]).toMatchObject({ actor: 'cai', type: 'TagAdded', changes: [{ what: 'tag', key: 'new' }] });
    },
  );

  test('--follow with --to-version ends by itself, with a closing line for people', async () => {
    const cli = await shop();
    const waiting = commandProcesses(cli.db).run(['replay', 'shop', '--follow', '--to-version', '4']);
    await cli.text('stack', 'resource', 'set', 'shop', 'server.web', '-p', 'size=3');
    const { code, stdout } = await waiting;
    expect(code).toBe(0);
    expect(stdout).toContain('properties.size: 2 → 3');
    expect(stdout).toContain('shop at version 4 after 5 events');
  });
});
