import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { seed } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { tamper } from '../support/tamper.js';

async function shop() {
  const cli = commandLine(join(scratchFolder(), 'stacks.db'));
  await cli.text('stack', 'new', 'shop');
  await cli.text('stack', 'resource', 'set', 'shop', 'server.web', '-p', 'size=3');
  await cli.text('stack', 'new', 'other');
  return cli;
}

describe('audit verify', () => {
  test('prints what it checked, and the result', async () => {
    const cli = await shop();
    const text = await cli.text('audit', 'verify');
    for (const name of ['storage', 'chain', 'checkpoints', 'tables'])
      expect(text).toMatch(new RegExp(`${name} .*holds`));
    const { holds, head, checks, problems } = await cli.json('audit', 'verify', '--from', '2');
    expect({ holds, problems }).toEqual({ holds: true, problems: [] });
    expect(head).toMatchObject({ position: 3, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(checks).toContainEqual({ name: 'chain', examined: 2, unit: 'events', problems: 0 });
    expect((await cli.json('audit', 'verify', 'shop')).holds).toBe(true);
    expect((await cli.json('audit', 'verify', '--head', head.hash)).holds).toBe(true);
  });

  test('its closing sentence names only what was checked', async () => {
    const cli = await shop();
    const { head } = await cli.json('audit', 'verify');
    const closing = async (...words: string[]) =>
      (await cli.text('audit', 'verify', ...words)).trimEnd().split('\n').at(-1);
    const upTo = `up to position 3, hash ${head.hash}`;
    expect(await closing()).toBe(`The log and its tables hold, ${upTo}`);
    expect(await closing('--chain-only')).toBe(`The chain holds, ${upTo}; the tables were not checked.`);
    expect(await closing('--from', '2')).toBe(
      `The log from position 2 on and the tables hold, ${upTo}; the chain before it was not checked.`,
    );
    expect(await closing('--from', '2', '--chain-only')).toBe(
      `The chain from position 2 on holds, ${upTo}; the tables and the chain before it were not checked.`,
    );
    expect(await closing('shop')).toBe(
      'The events and rows of shop hold, up to position 3; the rest of the log was not checked.',
    );
    expect(await closing('shop', '--chain-only')).toBe(
      'The events of shop hold, up to position 3; its rows and the rest of the log were not checked.',
    );
    expect(await cli.text('doctor')).toMatch(/^To check the log, and every row of its tables: .* audit verify$/m);
    tamper(cli.db, `UPDATE events SET data = replace(data, '"size":3', '"size":4') WHERE position = 2`);
    expect((await cli.run(['audit', 'verify', '--chain-only'])).stdout).toContain('The chain does not hold.');
  });

  test('names the first wrong position and exits with 7', async () => {
    const cli = await shop();
    tamper(cli.db, `UPDATE events SET data = replace(data, '"size":3', '"size":4') WHERE position = 2`);
    const { code, stdout } = await cli.run(['audit', 'verify', '--output', 'json']);
    expect(code).toBe(7);
    expect(JSON.parse(stdout).problems).toMatchObject([{ check: 'chain', position: 2, field: 'hash' }]);
    const people = await cli.run(['audit', 'verify']);
    expect(people.code).toBe(7);
    expect(people.stdout).toContain('event 2: hash is');
  });

  test('names the first wrong row, its table and the difference', async () => {
    const cli = await shop();
    tamper(cli.db, "UPDATE resource_rows SET name = 'db' WHERE resource = 2");
    const { code, stdout } = await cli.run(['audit', 'verify', '--output', 'json']);
    expect(code).toBe(7);
    expect(JSON.parse(stdout).problems).toEqual([
      {
        check: 'tables',
        table: 'resource_rows',
        key: { resource: 2 },
        field: 'name',
        expected: 'web',
        actual: 'db',
        message: 'resource_rows (resource 2): name is "db", the log says "web"',
      },
    ]);
    expect((await cli.run(['audit', 'verify', 'shop'])).code).toBe(7);
    expect((await cli.run(['audit', 'verify', 'other'])).code).toBe(0);
  });

  test('only a head kept elsewhere detects a log that was truncated with its tables', async () => {
    const cli = await shop();
    const { head } = await cli.json('audit', 'verify');
    tamper(
      cli.db,
      'DELETE FROM events WHERE position = 3; DELETE FROM stack_rows WHERE stream = 3; DELETE FROM document_history WHERE stream = 3; DELETE FROM commit_rows WHERE position = 3; UPDATE projection_checkpoints SET position = 2',
    );
    expect((await cli.run(['audit', 'verify'])).code).toBe(0);
    const { code, stdout } = await cli.run(['audit', 'verify', '--head', head.hash, '--output', 'json']);
    expect(code).toBe(7);
    expect(JSON.parse(stdout).problems).toMatchObject([{ check: 'head', expected: head.hash }]);
  });

  test.each([
    ['a hash that is none', ['--head', 'abc'], 2, 'INVALID_HASH'],
    ['the head of an empty log', ['--head', '0'.repeat(64)], 2, 'HEAD_OF_EMPTY_LOG'],
    [
      'the head of an empty log, for the chain alone',
      ['--chain-only', '--head', '0'.repeat(64)],
      2,
      'HEAD_OF_EMPTY_LOG',
    ],
    ['a position after the end', ['--from', '9'], 3, 'POSITION_NOT_FOUND'],
    ['an unknown stack', ['nowhere'], 3, 'STACK_NOT_FOUND'],
    ['a head for one stack', ['shop', '--head', '0'.repeat(64)], 2, 'CONTRADICTION'],
  ])('refuses %s', async (_, args, exit, error) => {
    const cli = await shop();
    const { code, stdout } = await cli.run(['audit', 'verify', ...args, '--output', 'json']);
    expect(code).toBe(exit);
    expect(JSON.parse(stdout).error).toMatchObject({ code: error, hint: expect.any(String) });
  });
});

describe('doctor', () => {
  /** Overwrites pages of a table, as a program does that writes into the wrong file. */
  function overwrite(path: string, table: string, kind: 'leaf' | 'internal'): void {
    const db = new Database(path);
    db.pragma('wal_checkpoint(TRUNCATE)');
    const size = db.pragma('page_size', { simple: true }) as number;
    const find = db.prepare('SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ?').pluck();
    const pages = find.all(table, kind) as number[];
    db.close();
    expect(pages.length).toBeGreaterThan(0);
    const bytes = readFileSync(path);
    for (const page of pages) bytes.fill('overwritten ', (page - 1) * size, page * size);
    writeFileSync(path, bytes);
  }

  test.each(['leaf', 'internal'] as const)(
    'reports pages that were overwritten, and exits with 7: %s',
    async (kind) => {
      const cli = commandLine(join(scratchFolder(), 'stacks.db'));
      await seed(cli.db, 1_000);
      overwrite(cli.db, 'resource_rows', kind);
      expect((await cli.run(['stack', 'resource', 'list', 'shared'])).code).toBe(7);
      const { code, stdout, stderr } = await cli.run(['doctor']);
      expect({ code, text: stdout + stderr }).toEqual({ code: 7, text: expect.stringContaining('damaged') });
      expect(stdout).not.toContain('No problems found');
      const json = await cli.run(['doctor', '--output', 'json']);
      expect(json.code).toBe(7);
      if (kind === 'internal') return;
      expect(stdout).toContain('Warning: damaged: page: ');
      expect(JSON.parse(json.stdout).problems).toContainEqual({ where: 'page', problem: expect.any(String) });
    },
  );

  test('reports a guard that is missing', async () => {
    const cli = await shop();
    const db = new Database(cli.db);
    db.exec('DROP TRIGGER events_no_delete');
    db.close();
    const { code, stdout } = await cli.run(['doctor']);
    expect({ code, stdout }).toEqual({
      code: 7,
      stdout: expect.stringContaining('Warning: damaged: events_no_delete: the trigger is missing'),
    });
  });

  test('names what it checked, and the command that checks the rest', async () => {
    const cli = await shop();
    expect(await cli.text('doctor')).toContain(
      'No problems found in settings, pages, schema.\nTo check the log, and every row of its tables: sloth-runner audit verify\n',
    );
    expect(await cli.json('doctor')).toMatchObject({
      checked: ['settings', 'pages', 'schema'],
      problems: [],
      warnings: [],
    });
  });
});

describe('projections', () => {
  test('status shows each with version, checkpoint, lag and rows; rebuild repairs them', async () => {
    const cli = await shop();
    const { projections } = await cli.json('projections', 'status');
    expect(projections).toContainEqual({
      name: 'resources',
      version: 3,
      wanted_version: 3,
      checkpoint: 3,
      lag: 0,
      rows: 2,
      rebuilding_at: null,
      tables: [
        { name: 'resource_rows', rows: 1 },
        { name: 'resource_history', rows: 1 },
      ],
    });
    expect(await cli.text('projections', 'status')).toContain('PROJECTION');
    tamper(cli.db, 'DELETE FROM resource_history');
    expect((await cli.run(['audit', 'verify'])).code).toBe(7);
    expect(await cli.json('projections', 'rebuild', 'resources')).toMatchObject({
      projections: ['resources'],
      events: 3,
      position: 3,
    });
    expect(await cli.text('projections', 'rebuild')).toContain('from 3 events');
    expect((await cli.run(['audit', 'verify'])).code).toBe(0);
    const { code, stdout } = await cli.run(['projections', 'rebuild', 'nothing', '--output', 'json']);
    expect(code).toBe(3);
    expect(JSON.parse(stdout).error.code).toBe('PROJECTION_NOT_FOUND');
  });
});

const FIXTURES = new URL('../fixtures/database/', import.meta.url).pathname;

test.each(readdirSync(FIXTURES).filter((name) => /^schema-\d.*\.db$/.test(name)))(
  'a database of an earlier release is no alarm: %s',
  async (name) => {
    const path = join(scratchFolder(), 'stacks.db');
    copyFileSync(join(FIXTURES, name), path);
    const cli = commandLine(path);
    const first = await cli.run(['audit', 'verify', '--output', 'json']);
    const { outdated, head } = JSON.parse(first.stdout);
    expect(first.code).toBe(outdated.length > 0 ? 1 : 0);
    if (name === 'schema-1.db') {
      expect(outdated).toContain('resources');
      expect((await cli.run(['audit', 'verify'])).stdout).toContain('projections rebuild');
    }
    await cli.text('projections', 'rebuild');
    expect(await cli.json('audit', 'verify')).toMatchObject({ holds: true, outdated: [], head });
  },
);
