import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shownLocation } from '../../src/lib/database-url.js';
import { commandLine, commandProcesses } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';
import { ON_POSTGRES } from '../support/on-postgres.js';

const V1 = new URL('../fixtures/terraform/web-v1.tfstate', import.meta.url).pathname;
const V2 = new URL('../fixtures/terraform/web-v2.tfstate', import.meta.url).pathname;
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

describe('terraform state through the command line', () => {
  test('import, change, compare, roll back, export: each step in the log', async () => {
    const cli = commandLine();
    await cli.text('stack', 'import', 'web', '--from', 'terraform', V1);
    expect(JSON.parse(await cli.text('stack', 'export', 'web', '--to', 'terraform'))).toEqual(read(V1));
    await cli.text('stack', 'import', 'web', '--from', 'terraform', V2);
    expect(JSON.parse(await cli.text('stack', 'export', 'web', '--to', 'terraform'))).toEqual(read(V2));
    expect(JSON.parse(await cli.text('stack', 'export', 'web', '--to', 'terraform', '--at-version', '1'))).toEqual(
      read(V1),
    );

    const again = await cli.run(['stack', 'import', 'web', '--from', 'terraform', V1]);
    expect(again.code).toBe(5);
    expect(again.stderr).toContain('--force');

    await cli.text('stack', 'state', 'rollback', 'web', '--version', '1');
    const exported = JSON.parse(await cli.text('stack', 'export', 'web', '--to', 'terraform'));
    expect(exported.serial).toBeGreaterThan(read(V2).serial);
    expect({ ...exported, serial: 0 }).toEqual({ ...read(V1), serial: 0, check_results: read(V2).check_results });
    const { activity } = await cli.json('stack', 'state', 'activity', 'web', '--limit', '100');
    expect(activity.map(({ command }: { command: string }) => command)).toEqual(
      expect.arrayContaining(['import', 'rollback']),
    );
  });

  test('values that Terraform marks sensitive are masked in text, and exact in JSON', async () => {
    const cli = commandLine();
    const shownByImport = await cli.text('stack', 'import', 'web', '--from', 'terraform', V1);
    const texts = [
      shownByImport,
      await cli.text('stack', 'state', 'show', 'web'),
      await cli.text('stack', 'resource', 'show', 'web', 'terraform_data.db'),
      await cli.text('stack', 'state', 'blame', 'web', 'terraform_data.db'),
      await cli.text('stack', 'state', 'history', 'web', 'terraform_data.db'),
    ];
    for (const text of texts) expect(text).not.toContain('hunter2');
    const { properties } = await cli.json('stack', 'resource', 'show', 'web', 'terraform_data.db');
    expect(properties.input.value.password).toBe('hunter2');
  });
});

describe('apply', () => {
  const DESIRED = `
resources:
  - type: server
    name: web
    properties: { size: 3, id: 12345678901234567890 }
  - { type: disk, name: data, depends_on: [server.web] }
outputs:
  url: { value: https://example }
`;

  test('shows a plan, commits once, and prunes only when asked', async () => {
    const cli = commandLine();
    const file = join(scratchFolder(), 'desired.yaml');
    writeFileSync(file, DESIRED);
    await cli.text('stack', 'new', 'shop');
    await cli.text('stack', 'resource', 'set', 'shop', 'old.one', '--property', 'a=1');

    const dry = await cli.text('stack', 'apply', 'shop', '-f', file, '--dry-run');
    expect(dry).toMatch(/\+ server\.web[\s\S]*\+ disk\.data[\s\S]*Resources: \+2 ~0 -0/);
    expect((await cli.json('stack', 'state', 'show', 'shop')).resource_version).toBe('2');

    await cli.text('stack', 'apply', 'shop', '-f', file);
    const { resources } = await cli.json('stack', 'state', 'show', 'shop');
    expect(resources.map(({ address }: { address: string }) => address)).toEqual([
      'disk.data',
      'old.one',
      'server.web',
    ]);
    expect(await cli.text('stack', 'resource', 'show', 'shop', 'server.web', '--output', 'json')).toContain(
      '"id": 12345678901234567890',
    );
    expect(await cli.text('stack', 'apply', 'shop', '-f', file)).toContain('Nothing to change');
    expect((await cli.json('stack', 'state', 'show', 'shop')).resource_version).toBe('3');

    expect(await cli.text('stack', 'apply', 'shop', '-f', file, '--prune')).toContain('- old.one');
    expect((await cli.json('stack', 'resource', 'list', 'shop')).resources).toHaveLength(2);
  });

  test('reads standard input', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'shop');
    const { code } = await cli.run(['stack', 'apply', 'shop', '-f', '-'], DESIRED);
    expect(code).toBe(0);
  });
});

describe('stacks', () => {
  test('are created, found by name or id, renamed, deleted and restored', async () => {
    const cli = commandLine();
    const config = join(scratchFolder(), 'config.json');
    writeFileSync(config, '{"region":"eu"}');
    const { stack_id: id } = await cli.json(
      'stack',
      'new',
      'a',
      '--description',
      'A',
      '--version',
      '1.0.0',
      '--config',
      config,
    );
    expect(await cli.json('stack', 'state', 'show', id)).toMatchObject({ name: 'a', configuration: { region: 'eu' } });
    await cli.text('stack', 'update', 'a', '--name', 'b', '--status', 'ready');
    expect(await cli.json('stack', 'state', 'show', 'b')).toMatchObject({ id, description: 'A', status: 'ready' });
    await cli.text('stack', 'delete', 'b', '--yes');
    expect((await cli.json('stack', 'state', 'list')).stacks).toEqual([]);
    expect((await cli.json('stack', 'state', 'list', '--deleted')).stacks).toHaveLength(1);
    await cli.text('stack', 'restore', 'b');
    expect((await cli.json('stack', 'state', 'list')).stacks).toMatchObject([{ id, name: 'b' }]);
  });

  test('delete asks for confirmation, and needs --yes without a terminal', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    const { code, stderr } = await cli.run(['stack', 'delete', 'a']);
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect((await cli.json('stack', 'state', 'list')).stacks).toHaveLength(1);
  });

  test('are listed by tags (all of them) and by status', async () => {
    const cli = commandLine();
    for (const name of ['a', 'b']) await cli.text('stack', 'new', name);
    await cli.text('stack', 'state', 'tags', 'add', 'a', 'prod', 'eu');
    await cli.text('stack', 'state', 'tags', 'add', 'b', 'prod');
    const names = async (...args: string[]) =>
      (await cli.json('stack', 'state', 'list', ...args)).stacks.map(({ name }: { name: string }) => name);
    expect(await names('--tag', 'prod')).toEqual(['a', 'b']);
    expect(await names('--tag', 'prod', '--tag', 'eu')).toEqual(['a']);
    expect(await names('--status', 'failed')).toEqual([]);
    await cli.text('stack', 'state', 'tags', 'remove', 'a', 'eu');
    expect(await names('--tag', 'eu')).toEqual([]);
    expect((await cli.json('stack', 'state', 'tags', 'list', 'a', '--at-version', '1')).tags).toHaveLength(1);
  });
});

describe('locks', () => {
  test('exclude other actors, are renewed, shown, and broken with a reason', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    const lock = await cli.json(
      'stack',
      'state',
      'lock',
      'a',
      '--operation',
      'deploy',
      '--who',
      'ci',
      '--duration',
      '1h30m',
    );
    expect(Date.parse(lock.expires_at) - Date.parse(lock.created_at)).toBe(90 * 60_000);
    const again = await cli.run(['stack', 'state', 'lock', 'a', '--operation', 'other']);
    expect(again.code).toBe(4);
    expect(again.stderr).toContain('locked by ci');
    expect((await cli.run(['stack', 'resource', 'set', 'a', 'x.y', '-p', 'a=1'])).code).toBe(4);
    expect((await cli.run(['stack', 'resource', 'set', 'a', 'x.y', '-p', 'a=1', '--lock-id', 'wrong'])).code).toBe(4);
    await cli.text('stack', 'resource', 'set', 'a', 'x.y', '-p', 'a=1', '--lock-id', lock.lock_id);
    const renewed = await cli.json(
      'stack',
      'state',
      'lock',
      'a',
      '--renew',
      '--lock-id',
      lock.lock_id,
      '--duration',
      '7d',
    );
    expect(renewed.fencing_token).toBe(lock.fencing_token);
    expect(renewed.expires_at > lock.expires_at).toBe(true);
    expect(await cli.text('stack', 'state', 'lock-info', 'a')).toMatch(/held by ci for "deploy" since .*expires in/);
    expect((await cli.run(['stack', 'state', 'unlock', 'a', '--force'])).code).toBe(2);
    await cli.text('stack', 'state', 'unlock', 'a', '--force', '--reason', 'the pipeline died');
    expect(await cli.json('stack', 'state', 'lock-info', 'a')).toEqual({ locked: false, lock: null });
    expect(await cli.text('stack', 'state', 'activity', 'a')).toMatch(/LockBroken +the pipeline died/);
  });
});

describe('history', () => {
  test('of a resource, and blame of its fields, now and in the past', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    await cli.text('stack', 'resource', 'set', 'a', 'x.y', '-p', 'size=1', '-p', 'name=n', '-m', 'make it');
    await cli.text('stack', 'resource', 'set', 'a', 'x.y', '-p', 'size=2', '--actor', 'bea');
    const { history } = await cli.json('stack', 'state', 'history', 'a', 'x.y');
    expect(history).toMatchObject([
      { version: 3, kind: 'changed', actor: 'bea', fields: [{ path: '$.properties.size', before: 1, after: 2 }] },
      { version: 2, kind: 'added', actor: 'tester', reason: 'make it' },
    ]);
    const { fields } = await cli.json('stack', 'state', 'blame', 'a', 'x.y');
    expect(fields).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: '$.properties.size', version: 3, actor: 'bea' }),
        expect.objectContaining({ path: '$.properties.name', version: 2, actor: 'tester' }),
      ]),
    );
    const before = await cli.json('stack', 'state', 'blame', 'a', 'x.y', '--at-version', '2');
    expect(before.fields.every(({ version }: { version: number }) => version === 2)).toBe(true);
  });

  test('is read at a version, a time or a position', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    const { recorded_at: time, last_position: position } = await cli.json(
      'stack',
      'resource',
      'set',
      'a',
      'x.y',
      '-p',
      'n=1',
    );
    await cli.text('stack', 'resource', 'set', 'a', 'x.y', '-p', 'n=2');
    for (const at of [
      ['--at-version', '2'],
      ['--at-time', time],
      ['--at-position', String(position)],
    ]) {
      expect((await cli.json('stack', 'resource', 'show', 'a', 'x.y', ...at)).properties).toEqual({ n: 1 });
      expect((await cli.json('stack', 'state', 'show', 'a', ...at)).resources[0].properties).toEqual({ n: 1 });
      expect((await cli.json('stack', 'state', 'versions', 'a', ...at)).versions).toHaveLength(2);
    }
  });
});

describe('the command line itself', () => {
  test.skipIf(ON_POSTGRES)('doctor reports the file', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    const { database, file, projections, warnings } = await cli.json('doctor');
    expect(database).toMatchObject({
      path: cli.db,
      events: 1,
      stacks: 1,
      settings: { synchronous: 'FULL', journal_mode: 'wal' },
    });
    expect(file).toMatchObject({ mode: '600', writable: true });
    expect(projections.every(({ position }: { position: number }) => position === 1)).toBe(true);
    expect(warnings).toEqual([]);
    expect(await cli.text('doctor')).toContain('No problems found');
  });

  test('resource show and blame print unusual keys completely', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    await cli.text('stack', 'resource', 'set', 'a', 'x.y', '-p', 'k.l=1', '-p', 'plain={"m n": 2}');
    expect(await cli.text('stack', 'resource', 'show', 'a', 'x.y')).toMatch(/^\["k\.l"\] +1\nplain\["m n"\] +2$/m);
    expect(await cli.text('stack', 'state', 'blame', 'a', 'x.y')).toMatch(/ properties\["k\.l"\] +1$/m);
  });

  test('a mistyped command names the right one and exits 2', async () => {
    const { code, stderr } = await commandLine().run(['stack', 'state', 'lisst']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean: sloth-runner stack state list');
  });

  test('help of every command has an example and says which database is used', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../oclif.manifest.json', import.meta.url), 'utf8'));
    const ids = Object.keys(manifest.commands).filter((id) => !id.startsWith('help') && !id.startsWith('autocomplete'));
    expect(ids.length).toBeGreaterThan(20);
    for (const id of ids) expect(manifest.commands[id].examples?.length, id).toBeGreaterThan(0);
    const cli = commandLine();
    const help = await cli.text('stack', 'state', 'rollback', '--help');
    expect(help).toMatch(/EXAMPLES[\s\S]*rollback my-stack --version 3/);
    expect(help).toContain(shownLocation(cli.db));
  });

  test('--version prints it', async () => {
    expect(await commandLine().text('--version')).toMatch(/^sloth-runner\/\d+\.\d+\.\d+/);
  });

  test('completion scripts are available', async () => {
    const manifest = await commandLine().text('autocomplete', '--help');
    expect(manifest).toContain('autocomplete');
  });

  test('values from the state cannot attack the terminal, and are exact in JSON', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    await cli.text('stack', 'resource', 'set', 'a', 'x.y', '-p', 'v="\\u001b[31mred\\u202eevil\\ud800"');
    const shown = await cli.text('stack', 'resource', 'show', 'a', 'x.y');
    expect(shown).not.toContain('\u001b');
    expect(shown).not.toContain('\u202e');
    const exact = await cli.json('stack', 'resource', 'show', 'a', 'x.y');
    expect(exact.properties.v).toBe('\u001b[31mred\u202eevil\ud800');
  });

  test('colour is printed only if requested, and never with NO_COLOR', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'a');
    expect(await cli.text('stack', 'state', 'list')).not.toContain('\u001b[');
    const forced = commandProcesses(cli.db, { FORCE_COLOR: '1' });
    expect(await forced.text('stack', 'state', 'list')).toContain('\u001b[');
    const none = commandProcesses(cli.db, { FORCE_COLOR: '1', NO_COLOR: '1' });
    expect(await none.text('stack', 'state', 'list')).not.toContain('\u001b[');
  });

  test('a table fits the terminal', async () => {
    const cli = commandLine(undefined, { COLUMNS: '60' });
    await cli.text('stack', 'new', `a-rather-long-name-${'x'.repeat(80)}`);
    const lines = (await cli.text('stack', 'state', 'list')).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});

test('tags are printed as the command left them', async () => {
  const cli = commandLine();
  await cli.text('stack', 'new', 'web');
  expect(await cli.text('stack', 'state', 'tags', 'add', 'web', 'b', 'a', 'a')).toBe('web has the tags: a, b\n');
  expect(await cli.text('stack', 'state', 'tags', 'add', 'web', 'a')).toBe('web has the tags: a, b\n');
  expect(await cli.text('stack', 'state', 'tags', 'remove', 'web', 'b')).toBe('web has the tags: a\n');
  expect(await cli.text('stack', 'state', 'tags', 'remove', 'web', 'a')).toBe('web has no tags.\n');
});

test('the lock of a deleted stack is shown with the id of the stack', async () => {
  const cli = commandLine();
  const { stack_id } = await cli.json('stack', 'new', 'web');
  await cli.text('stack', 'state', 'lock', 'web', '--lock-id', 'mine');
  await cli.text('stack', 'delete', 'web', '--yes', '--lock-id', 'mine');
  const { lock } = await cli.json('stack', 'state', 'lock-info', 'web', '--at-position', '2');
  expect(lock).toMatchObject({ stack_id, lock_id: 'mine' });
});
