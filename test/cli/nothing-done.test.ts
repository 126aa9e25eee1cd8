import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';

const LEGACY = new URL('../fixtures/legacy/state.db', import.meta.url).pathname;

describe('a database without events', () => {
  const empty = async () => {
    const folder = scratchFolder();
    const db = join(folder, 'empty.db');
    await (await StateBackend.open(db)).close();
    return { folder, db, cli: commandLine(db) };
  };

  test.each<[done: string, words: (folder: string, db: string) => readonly string[]]>([
    ['verified', () => ['audit', 'verify']],
    ['verified', () => ['audit', 'verify', '--output', 'json']],
    ['backed up', (folder) => ['backup', join(folder, 'backup.db')]],
    ['copied', (folder, db) => ['copy', '--from', db, '--to', join(folder, 'to.db')]],
    ['exported', (folder) => ['audit', 'export', join(folder, 'log.jsonl')]],
  ])('is said to have none where it is %s', async (done, words) => {
    const { folder, db, cli } = await empty();
    const { code, stderr } = await cli.run(words(folder, db));
    expect(code).toBe(0);
    expect(stderr).toContain(
      `Warning: the log is empty: no event was ${done}. Check that this is the database meant: ${db}\n`,
    );
    await cli.text('stack', 'new', 'web');
    expect((await cli.run([...words(scratchFolder(), db)])).stderr).not.toContain('Warning');
  });
});

test('a migration from an empty database is refused, and creates nothing', async () => {
  const folder = scratchFolder();
  const source = join(folder, 'old.db');
  copyFileSync(LEGACY, source);
  const old = new Database(source);
  const tables = old.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'").all();
  for (const { name } of tables as { name: string }[]) old.exec(`DELETE FROM "${name}"`);
  old.close();
  const target = join(folder, 'new.db');
  for (const flags of [[], ['--dry-run'], ['--no-verify'], ['--generate-script', join(folder, 'script.sql')]]) {
    const words = ['stack', 'migrate', '--source', source, '--target', target, ...flags, '--output', 'json'];
    const { code, stdout } = await commandLine().run(words);
    expect({ flags, code }).toEqual({ flags, code: 2 });
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'NOTHING_TO_MIGRATE',
      message: `source: ${source} holds no rows: there is nothing to migrate`,
      details: { field: '--source', source },
    });
    expect(existsSync(target)).toBe(false);
  }
});
