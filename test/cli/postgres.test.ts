import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { counting } from '../support/counting.js';
import { scratchFolder } from '../support/folder.js';
import { emptySchema } from '../support/postgres.js';

const V1 = new URL('../fixtures/terraform/web-v1.tfstate', import.meta.url).pathname;
const V2 = new URL('../fixtures/terraform/web-v2.tfstate', import.meta.url).pathname;

describe('the command line on PostgreSQL', () => {
  test('a life of a stack, as on a file', async () => {
    const cli = commandLine(await emptySchema());
    await cli.text('stack', 'import', 'web', '--from', 'terraform', V1);
    await cli.text('stack', 'import', 'web', '--from', 'terraform', V2);
    expect(await cli.json('stack', 'state', 'list')).toMatchObject({
      stacks: [{ name: 'web', resource_version: '2' }],
    });
    const diff = await cli.json('stack', 'state', 'diff', 'web', '--from', '1', '--to', '2');
    expect(diff.resources.length).toBeGreaterThan(0);
    await cli.text('stack', 'state', 'lock', 'web', '--lock-id', 'mine', '--operation', 'x');
    expect(await cli.run(['stack', 'state', 'rollback', 'web', '--version', '1'])).toMatchObject({ code: 4 });
    await cli.text('stack', 'state', 'rollback', 'web', '--version', '1', '--lock-id', 'mine');
    await cli.text('stack', 'state', 'unlock', 'web', '--lock-id', 'mine');
    expect((await cli.json('stack', 'state', 'versions', 'web')).versions).toHaveLength(3);
    await cli.text('projections', 'rebuild');
    expect(await cli.json('audit', 'verify')).toMatchObject({ holds: true, problems: [] });
  });

  test('has the same log as a file, with the same hashes', async () => {
    const [file, server] = [commandLine(), commandLine(await emptySchema())];
    for (const cli of [file, server]) await cli.text('stack', 'import', 'web', '--from', 'terraform', V1);
    const log = join(scratchFolder(), 'log.jsonl');
    await file.text('audit', 'export', log);
    const copy = commandLine(await emptySchema());
    await copy.text('audit', 'import', log);
    expect(await copy.json('audit', 'head')).toEqual(await file.json('audit', 'head'));
    expect(await copy.json('audit', 'verify')).toMatchObject({ holds: true });
  });

  test('each command makes one connection, and the one that creates the database one more', async () => {
    const { url, connections } = await counting(await emptySchema());
    const cli = commandLine(url);
    await cli.text('stack', 'new', 'first');
    const created = connections();
    expect(created).toBe(2);
    const commands = [
      ['stack', 'import', 'web', '--from', 'terraform', V1],
      ['stack', 'import', 'web', '--from', 'terraform', V2],
      ['stack', 'state', 'show', 'web'],
      ['stack', 'state', 'diff', 'web', '--from', '1', '--to', '2'],
      ['stack', 'state', 'list'],
      ['audit', 'verify'],
    ];
    for (const [before, command] of commands.entries()) {
      await cli.text(...command);
      expect({ command, connections: connections() }).toEqual({ command, connections: created + before + 1 });
    }
  });

  test('no password is printed, wherever it comes from', async () => {
    const url = new URL(await emptySchema());
    url.password = 'hunter2hunter2';
    const cli = commandLine(url.href);
    for (const args of [
      ['doctor'],
      ['doctor', '--output', 'json'],
      ['--help'],
      ['backup', 'x.db'],
      ['restore', 'x.db'],
    ]) {
      const { stdout, stderr } = await cli.run(args);
      expect(stdout + stderr).not.toContain('hunter2');
      expect(stdout + stderr).toMatch(/postgres|database/i);
    }
    url.port = '1';
    const unreachable = await commandLine(url.href).run(['stack', 'state', 'list']);
    expect(unreachable).toMatchObject({ code: 1, stdout: '' });
    expect(unreachable.stderr).toContain('does not answer');
    expect(unreachable.stderr).not.toContain('hunter2');
    const broken = await commandLine('postgres://user:hunter2hunter2@:x').run(['stack', 'state', 'list']);
    expect(broken).toMatchObject({ code: 2, stdout: '' });
    expect(broken.stderr).not.toContain('hunter2');
  });

  test('a file can name the database', async () => {
    const file = join(scratchFolder(), 'location');
    const url = await emptySchema();
    writeFileSync(file, `${url}\n`);
    await commandLine(url).text('stack', 'new', 'web');
    const cli = commandLine(undefined, { SLOTH_RUNNER_DB: undefined, SLOTH_RUNNER_DB_FILE: file });
    expect(await cli.json('stack', 'state', 'list')).toMatchObject({ stacks: [{ name: 'web' }] });
  });
});
