import { linkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { StateBackend } from '../../src/index.js';
import { temporaryName } from '../../src/lib/files.js';
import { isTooOld, OLDEST_SQLITE, openSqlite, refuseOldSqlite } from '../../src/lib/sqlite.js';
import { openSource } from '../../src/migration/source/open-source.js';
import { openTokenFile } from '../../src/server/auth/token-file.js';
import { copyDatabase } from '../../src/store/sqlite/backup.js';
import { writeScript } from '../../src/store/sqlite/script.js';
import { scratchFolder } from '../support/folder.js';

test.each([
  ['3.51.2', true],
  ['3.51.3', false],
  ['3.51.10', false],
  ['3.52.0', false],
  ['3.9.0', true],
  ['4.0.0', false],
  ['2.99.99', true],
  ['3.51', true],
  ['', true],
])('whether SQLite "%s" is too old: %s', (version, expected) => {
  expect(isTooOld(version)).toBe(expected);
  const refuse = () => refuseOldSqlite(version);
  if (!expected) return refuse();
  expect(refuse).toThrow(
    expect.objectContaining({
      name: 'StoreError',
      code: 'SQLITE_TOO_OLD',
      exitCode: 1,
      hint: expect.stringContaining('better-sqlite3'),
      details: { version, oldest: OLDEST_SQLITE },
    }),
  );
});

/** Each place that opens a file, on one that is there. */
const OPENERS: Record<string, (path: string) => unknown> = {
  'the database': (path) => StateBackend.open(path),
  'the token file': async (path) => openTokenFile(path),
  'the source of a migration': (path) => openSource(path),
  'the source of a backup': (path) => copyDatabase(path, `${path}.copy`),
  'the database a script is written of': (path) =>
    writeScript(path, {} as never, () => {}, { from: { position: 0, hash: '' }, about: [] }),
};

/** A file as that opener expects it. */
async function fileFor(opener: string): Promise<string> {
  const path = join(scratchFolder(), 'a.db');
  if (opener === 'the token file') openTokenFile(path).close();
  else if (opener.includes('migration')) new Database(path).exec('CREATE TABLE workflow_states (id)').close();
  else await (await StateBackend.open(path)).close();
  return path;
}

test.each(Object.keys(OPENERS))('an old SQLite is refused by what opens %s', async (opener) => {
  const path = await fileFor(opener);
  const { prepare } = Database.prototype;
  vi.spyOn(Database.prototype, 'prepare').mockImplementation(function (this: Database.Database, sql: string) {
    return prepare.call(this, sql.replace('sqlite_version()', "'3.51.2'"));
  } as never);
  onTestFinished(() => void vi.restoreAllMocks());
  await expect((async () => OPENERS[opener]?.(path))()).rejects.toMatchObject({ code: 'SQLITE_TOO_OLD' });
});

describe('a file with a second name', () => {
  test.each(Object.keys(OPENERS))('is refused by what opens %s, under either name', async (opener) => {
    const path = await fileFor(opener);
    const other = join(scratchFolder(), 'other.db');
    linkSync(path, other);
    for (const name of [path, other]) {
      await expect((async () => OPENERS[opener]?.(name))()).rejects.toMatchObject({
        name: 'StoreError',
        code: 'HARD_LINKED',
        message: expect.stringContaining('2 names (hard links)'),
        hint: expect.stringContaining('-samefile'),
        details: { links: 2 },
      });
    }
    rmSync(other);
    openSqlite(path).close();
  });

  test('is named in the hint where it lies in the same folder', async () => {
    const path = await fileFor('the database');
    const other = join(path, '..', 'b.db');
    linkSync(path, other);
    expect(() => openEngine(path)).toThrow(expect.objectContaining({ hint: expect.stringContaining(`(${other})`) }));
  });

  test('may be a symbolic link', async () => {
    const path = await fileFor('the database');
    const link = join(scratchFolder(), 'link.db');
    symlinkSync(path, link);
    await (await StateBackend.open(link)).close();
  });

  test.each(['partial', 'restore'] as const)('may be one that a killed %s left', async (what) => {
    const path = await fileFor('the database');
    linkSync(path, temporaryName(path, what));
    await (await StateBackend.open(path)).close();
    linkSync(path, join(path, '..', 'b.db'));
    await expect(StateBackend.open(path)).rejects.toMatchObject({ code: 'HARD_LINKED', details: { links: 2 } });
  });

  test('does no harm once it is gone, or the file was renamed', async () => {
    const path = await fileFor('the database');
    renameSync(path, `${path}.moved`);
    await (await StateBackend.open(`${path}.moved`)).close();
  });
});

test('what a writer deletes is overwritten', async () => {
  const db = openSqlite(join(scratchFolder(), 'a.db'));
  onTestFinished(() => void db.close());
  expect(db.pragma('secure_delete', { simple: true })).toBe(1);
});
