import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { damage, namesIn, provenLog, seed, start, until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';

const BIN = new URL('../../bin/run.cjs', import.meta.url).pathname;

let folder: string;
let db: string;
let backups: string;
let cli: ReturnType<typeof commandLine>;
beforeEach(() => {
  folder = scratchFolder();
  db = join(folder, 'stacks.db');
  backups = join(folder, 'backups');
  mkdirSync(backups);
  cli = commandLine(db);
});

const HASH = /^[0-9a-f]{64}$/;

describe('backup', () => {
  test('reports the backup as text and as JSON', async () => {
    await seed(db, 2);
    const file = join(backups, 'one.db');
    const made = await cli.json('backup', file);
    expect(made).toEqual({
      file,
      bytes: statSync(file).size,
      events: 3,
      stacks: 1,
      head: { position: 3, hash: expect.stringMatching(HASH), recorded_at: expect.any(String) },
      deleted: [],
    });
    const text = await cli.text('backup', join(backups, 'two.db'));
    for (const part of [join(backups, 'two.db'), 'KiB', 'events', made.head.hash]) expect(text).toContain(part);
  });

  test('writes into a folder and keeps the newest', async () => {
    await seed(db, 1);
    const old = ['20200101T000000', '20200101T120000', '20200102T000000', '20200103T000000'];
    for (const stamp of old) writeFileSync(join(backups, `stacks-${stamp}Z.db`), '');
    writeFileSync(join(backups, 'stacks-of-mine.db'), '');
    const { file, deleted } = await cli.json('backup', backups, '--keep', '3', '--every', '1d');
    expect(file).toMatch(/stacks-\d{8}T\d{6}Z\.db$/);
    expect(deleted).toEqual(
      ['20200101T120000', '20200101T000000'].map((stamp) => join(backups, `stacks-${stamp}Z.db`)),
    );
    expect(namesIn(backups)).toHaveLength(4);
  });

  test.each<[what: string, args: (backups: string) => string[], code: number, says: string]>([
    ['keeping none', (to) => [to, '--keep', '0'], 2, '--keep'],
    ['keeping a fraction', (to) => [to, '--keep', '1.5'], 2, '--keep'],
    ['keeping less than none', (to) => [to, '--keep=-1'], 2, '--keep'],
    ['every without keep', (to) => [to, '--every', '1d'], 2, '--keep'],
    ['an interval in words', (to) => [to, '--keep', '1', '--every', 'day'], 2, '--every'],
    ['an interval of nothing', (to) => [to, '--keep', '1', '--every', '0s'], 2, 'every'],
    ['keeping in a file', (to) => [join(to, 'x.db'), '--keep', '1'], 2, 'folder'],
    ['overwriting a folder', (to) => [to, '--overwrite'], 2, '--overwrite'],
    ['a folder that is not there', (to) => [join(to, 'a', 'b.db')], 2, 'does not exist'],
    ['no file', () => [], 2, 'file'],
    ['an empty name', () => [''], 2, 'empty'],
  ])('%s is refused and leaves nothing', async (_, args, code, says) => {
    await seed(db, 1);
    const result = await cli.run(['backup', ...args(backups), '--output', 'json']);
    expect(result).toMatchObject({ code, stderr: '' });
    const { error } = JSON.parse(result.stdout);
    expect(`${error.message} ${error.hint}`).toContain(says);
    expect(namesIn(backups)).toEqual([]);
  });

  test('creates neither a backup nor a database if the database does not exist', async () => {
    const { code, stderr } = await cli.run(['backup', join(backups, 'x.db')]);
    expect(code).toBe(3);
    expect(stderr).toContain(db);
    expect(stderr).toContain('--db');
    expect(namesIn(folder)).toEqual(['backups']);
  });

  test('exits with 7 for a damaged database, and names the next step', async () => {
    await seed(db, 3);
    damage(db, 'needle-1');
    const { code, stderr } = await cli.run(['backup', join(backups, 'x.db')]);
    expect(code).toBe(7);
    expect(stderr).toContain('audit verify');
    expect(namesIn(backups)).toEqual([]);
  });

  test('reports a full disk, and leaves nothing behind', async () => {
    await seed(db, 1_000, 1_000);
    const limited = spawnSync(
      'sh',
      ['-c', 'ulimit -f 1000; exec "$@"', 'sh', process.execPath, BIN, 'backup', join(backups, 'x.db')],
      {
        env: { PATH: process.env.PATH, HOME: folder, SLOTH_RUNNER_DB: db },
        encoding: 'utf8',
      },
    );
    expect(limited.status).toBe(1);
    expect(limited.stderr).toContain('Check the disk');
    expect(namesIn(backups)).toEqual([]);
    expect(await provenLog(db)).toHaveLength(1_001);
  });

  test('leaves nothing behind when a signal interrupts it', async () => {
    await seed(db, 20_000, 1_000);
    const child = start('../../bin/run.cjs', 'backup', join(backups, 'x.db'), '--db', db);
    await until(() => namesIn(backups).length > 0);
    child.kill('SIGTERM');
    expect((await child.finished).code).toBe(143);
    expect(namesIn(backups)).toEqual([]);
  });
});

describe('restore', () => {
  test('asks first, and names the database and the backup', async () => {
    await seed(db, 1);
    const file = join(backups, 'one.db');
    const { head } = await cli.json('backup', file);
    await cli.text('stack', 'new', 'more');
    const before = readFileSync(db);
    const { code, stderr } = await cli.run(['restore', file]);
    expect(code).toBe(2);
    expect(stderr).toContain('2 stacks, 3 events');
    expect(stderr).toContain(`1 stack, 2 events, head ${head.hash}`);
    expect(stderr).toContain('--yes');
    expect(readFileSync(db).equals(before)).toBe(true);
    expect(namesIn(folder)).toEqual(['backups', 'stacks.db']);
  });

  test('reports what was restored and where the old content is, as text and as JSON', async () => {
    await seed(db, 1);
    const file = join(backups, 'one.db');
    const { head } = await cli.json('backup', file);
    await cli.text('stack', 'new', 'more');
    const restored = await cli.json('restore', file, '--yes');
    expect(restored).toEqual({
      database: db,
      file,
      events: 2,
      stacks: 1,
      head,
      kept: expect.stringContaining(`${db}.before-restore-`),
    });
    expect(await cli.text('stack', 'state', 'list')).not.toContain('more');
    const text = await cli.text('restore', restored.kept, '--yes');
    expect(text).toMatch(/Put that back with: sloth-runner restore .*\.before-restore-/);
    expect(await provenLog(db)).toHaveLength(3);
  });

  test('a damaged backup: exit 7, nothing changed', async () => {
    await seed(db, 3);
    const file = join(backups, 'one.db');
    await cli.json('backup', file);
    damage(file, 'needle-2');
    const before = readFileSync(db);
    const { code, stdout } = await cli.run(['restore', file, '--yes', '--output', 'json']);
    expect(code).toBe(7);
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'BACKUP_DAMAGED', details: { file } });
    expect(readFileSync(db).equals(before)).toBe(true);
    expect(namesIn(folder)).toEqual(['backups', 'stacks.db']);
  });

  test('a backup that is not there', async () => {
    await seed(db, 1);
    const { code, stderr } = await cli.run(['restore', join(folder, 'nothing.db'), '--yes']);
    expect(code).toBe(2);
    expect(stderr).toContain('nothing.db');
  });

  test('a database that cannot be read', async () => {
    await seed(db, 1);
    const file = join(backups, 'one.db');
    await cli.json('backup', file);
    writeFileSync(db, 'oops '.repeat(100));
    const asked = await cli.run(['restore', file]);
    expect(asked.stderr).toContain('not a sloth-runner database');
    const { kept } = await cli.json('restore', file, '--yes');
    expect(readFileSync(kept, 'utf8')).toContain('oops');
    expect(await provenLog(db)).toHaveLength(2);
    writeFileSync(db, 'oops '.repeat(100));
    const text = await cli.text('restore', file, '--yes');
    expect(text).toContain('What it held before is in');
    expect(text).not.toContain('Put that back');
  });

  test.each(['backup', 'restore'])('%s --help shows an example', async (command) => {
    const help = await cli.text(command, '--help');
    expect(help).toContain('EXAMPLES');
    expect(help).toContain(`sloth-runner ${command} stacks-before-upgrade.db`);
  });
});
