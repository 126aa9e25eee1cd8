import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { restoreSchemaText } from '../../src/store/sqlite/schema-text.js';
import { TABLE_NAMES } from '../../src/store/tables.js';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';

const fixture = (name: string): string => {
  const path = join(scratchFolder(), 'stacks.db');
  copyFileSync(new URL(`../fixtures/database/${name}.db`, import.meta.url), path);
  return path;
};

/** A small database with something in most tables. */
async function small(): Promise<string> {
  const path = join(scratchFolder(), 'stacks.db');
  await using backend = await StateBackend.open(path, { actor: 'a' });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web' });
  await manager.setResource('web', { type: 't', name: 'a', properties: { n: 1 } });
  await backend.addTag('web', 'prod');
  return path;
}

/** The whole schema, sorted by name: the place of a table in the file does not matter. */
function schemaOf(path: string): unknown[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();
  } finally {
    db.close();
  }
}

async function emptySchema(): Promise<unknown[]> {
  const path = join(scratchFolder(), 'fresh.db');
  await (await StateBackend.open(path)).close();
  return schemaOf(path);
}

async function problemsOf(path: string): Promise<readonly { readonly where?: string; readonly message: string }[]> {
  await using backend = await StateBackend.open(path, { skipRebuild: true });
  return (await backend.getAdmin().verify()).problems as never;
}

/** Changes the schema as a user with the file may: by statements, and by writing the schema itself. */
function forge(path: string, change: (db: Database.Database) => void): void {
  const db = new Database(path);
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  db.transaction(() => change(db)).exclusive();
  db.close();
}

const ours = (db: Database.Database, type: string): { name: string; sql: string }[] =>
  db
    .prepare(
      "SELECT name, sql FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL AND name NOT LIKE '%\\_2' ESCAPE '\\'",
    )
    .all(type) as { name: string; sql: string }[];

const COPY = 'CREATE TABLE events_2 AS SELECT * FROM events';

describe('a forged schema', () => {
  test('all views read a copy of the log', async () => {
    const path = await small();
    let views: string[] = [];
    forge(path, (db) => {
      db.exec(COPY);
      views = ours(db, 'view')
        .filter(({ sql }) => /\bevents\b/.test(sql))
        .map(({ name, sql }) => {
          db.exec(`DROP VIEW ${name}; ${sql.replace(/\bevents\b(?!\.)/g, 'events_2')}`);
          return name;
        });
    });
    expect(views.length).toBeGreaterThan(5);
    const { run } = commandLine(path);
    expect((await run(['audit', 'verify'])).code).toBe(7);
    const messages = (await problemsOf(path)).map(({ message }) => message);
    for (const view of views) expect(messages).toContainEqual(expect.stringContaining(`${view}: the view is not`));
  });

  test('all guards are on another table', async () => {
    const path = await small();
    forge(path, (db) => {
      db.exec(COPY);
      for (const { name, sql } of ours(db, 'trigger')) {
        db.exec(`DROP TRIGGER ${name}; ${sql.replace(/\bON events\b/, 'ON events_2')}`);
      }
    });
    const { run } = commandLine(path);
    expect((await run(['audit', 'verify'])).code).toBe(7);
    const messages = (await problemsOf(path)).map(({ message }) => message);
    for (const name of ['events_no_update', 'events_no_delete', 'events_append_only']) {
      expect(messages).toContainEqual(
        expect.stringContaining(
          `${name}: the trigger is not the one this release makes, and on events_2 instead of events`,
        ),
      );
    }
  });

  const CASES: Record<string, readonly [where: string, change: string]> = {
    'a guard of the same name on another table': [
      'events_no_delete',
      `CREATE TABLE other (x); DROP TRIGGER events_no_delete;
       CREATE TRIGGER events_no_delete BEFORE DELETE ON other BEGIN
  SELECT RAISE(ABORT, 'the event log is immutable: DELETE refused');
END`,
    ],
    'a table whose name is in quotes': [
      'tag_rows',
      `UPDATE sqlite_schema SET sql = replace(sql, 'TABLE tag_rows', 'TABLE "tag_rows"') WHERE name = 'tag_rows'`,
    ],
    'an index with the suffix of an earlier release': [
      'tag_rows_by_tag',
      'DROP INDEX tag_rows_by_tag; CREATE INDEX tag_rows_by_tag_2 ON tag_rows (tag, stream)',
    ],
    'an index on other columns': [
      'tag_rows_by_tag',
      'DROP INDEX tag_rows_by_tag; CREATE INDEX tag_rows_by_tag ON tag_rows (stream, tag)',
    ],
    'an index on another table': [
      'tag_rows_by_tag',
      'DROP INDEX tag_rows_by_tag; CREATE INDEX tag_rows_by_tag ON lock_rows (who, stream)',
    ],
    'an index that is no longer unique': [
      'stack_rows_by_id',
      'DROP INDEX stack_rows_by_id; CREATE INDEX stack_rows_by_id ON stack_rows (id)',
    ],
    'a view with its text in other letter case': [
      'stack_tags',
      "UPDATE sqlite_schema SET sql = replace(sql, 'SELECT', 'select') WHERE name = 'stack_tags'",
    ],
    'a view with its name in other letter case': [
      'stack_tags',
      "UPDATE sqlite_schema SET name = 'STACK_TAGS', tbl_name = 'STACK_TAGS' WHERE name = 'stack_tags'",
    ],
    'a table in the place of a view': ['stack_tags', 'DROP VIEW stack_tags; CREATE TABLE stack_tags (stack_id, tag)'],
    'a trigger more on the log': ['mine', 'CREATE TRIGGER mine AFTER INSERT ON events BEGIN SELECT 1; END'],
    'a trigger more, on a name in other letter case': [
      'mine',
      "CREATE TRIGGER mine AFTER INSERT ON Tag_Rows BEGIN DELETE FROM Tag_Rows WHERE tag = 'x'; END",
    ],
    'a trigger more on a view': ['mine', 'CREATE TRIGGER mine INSTEAD OF INSERT ON stack_tags BEGIN SELECT 1; END'],
    'a trigger on a table that is being rebuilt': [
      'mine',
      `CREATE TABLE rebuild_tag_rows AS SELECT * FROM tag_rows;
       CREATE TRIGGER mine AFTER INSERT ON rebuild_tag_rows BEGIN SELECT 1; END`,
    ],
  };

  test.each(Object.entries(CASES))('%s', async (_, [where, change]) => {
    const path = await small();
    forge(path, (db) => db.exec(change));
    expect(await problemsOf(path)).toMatchObject([{ message: expect.stringContaining(`${where}: `) }]);
    const { run } = commandLine(path);
    expect((await run(['audit', 'verify'])).code).toBe(7);
  });

  test('foreign tables, views, indexes and triggers are allowed', async () => {
    const path = await small();
    forge(path, (db) =>
      db.exec(`CREATE TABLE mine (x); CREATE INDEX mine_too ON tag_rows (tag); CREATE VIEW my_tags AS SELECT * FROM stack_tags;
        CREATE TRIGGER my_own AFTER INSERT ON mine BEGIN SELECT 1; END`),
    );
    expect(await problemsOf(path)).toEqual([]);
  });
});

describe('a rebuild leaves the schema of a new database', () => {
  test('of all projections, of each separately, and again, while others have the file open', async () => {
    const path = await small();
    const fresh = await emptySchema();
    expect(schemaOf(path)).toEqual(fresh);
    await using other = await StateBackend.open(path);
    await using backend = await StateBackend.open(path);
    const names = (await backend.getAdmin().projections()).map(({ name }) => name);
    for (const some of [names, ...names.map((name) => [name]), names, names]) {
      await backend.getAdmin().rebuild({ names: some });
      expect(schemaOf(path)).toEqual(fresh);
      await other.addTag('web', 'x');
      await other.removeTag('web', 'x');
      expect((await other.getAdmin().verify()).problems).toEqual([]);
      expect((await backend.getAdmin().verify()).problems).toEqual([]);
    }
  });

  test('in memory, and after an import', async () => {
    await using backend = await StateBackend.open(':memory:');
    await backend.getStackManager().createStack({ name: 'web' });
    for (let time = 0; time < 2; time++) await backend.getAdmin().rebuild();
    expect((await backend.getAdmin().verify()).problems).toEqual([]);
    const copy = join(scratchFolder(), 'copy.db');
    const cli = commandLine(copy);
    const log = join(scratchFolder(), 'log.jsonl');
    await commandLine(await small()).text('audit', 'export', log);
    await cli.text('audit', 'import', log);
    expect(schemaOf(copy)).toEqual(await emptySchema());
  });
});

describe('tables that earlier releases rebuilt', () => {
  test.each([
    'schema-1',
    'schema-2',
    'schema-3',
    'schema-3-history',
    'schema-4',
    'schema-4-rebuilt',
    'schema-4-commands',
    'schema-5',
  ])('%s has the schema of a new database once it is opened', async (name) => {
    const path = fixture(name);
    await (await StateBackend.open(path)).close();
    expect(schemaOf(path)).toEqual(await emptySchema());
    expect(await problemsOf(path)).toEqual([]);
  });

  /** A database whose tables and indexes are spelled as rebuilds of earlier releases left them. */
  async function earlierRebuilt(): Promise<string> {
    const path = await small();
    const db = new Database(path);
    db.pragma('legacy_alter_table = ON');
    for (const table of TABLE_NAMES)
      db.exec(`ALTER TABLE ${table} RENAME TO moved; ALTER TABLE moved RENAME TO ${table}`);
    const indexes = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% ON \"%'");
    for (const { name, sql } of indexes.all() as { name: string; sql: string }[]) {
      db.exec(`DROP INDEX ${name}; ${sql.replace(name, `${name}_2`)}`);
    }
    db.close();
    expect(schemaOf(path)).not.toEqual(await emptySchema());
    return path;
  }

  const restored = (path: string): void => {
    const db = new Database(path);
    db.transaction(() => restoreSchemaText(db)).exclusive();
    expect(db.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    db.close();
  };

  test('quoted tables and indexes with a suffix are spelled as in a new database, once or twice', async () => {
    const path = await earlierRebuilt();
    for (let time = 0; time < 2; time++) {
      restored(path);
      expect(schemaOf(path)).toEqual(await emptySchema());
    }
    expect(await problemsOf(path)).toEqual([]);
    await using backend = await StateBackend.open(path);
    await backend.addTag('web', 'later');
    await backend.getAdmin().rebuild();
    expect((await backend.getAdmin().verify()).problems).toEqual([]);
  });

  test('a connection that has the file open sees the names', async () => {
    const path = await earlierRebuilt();
    const open = new Database(path);
    const plan = open.prepare('SELECT * FROM commit_rows WHERE command_id = ?');
    plan.all('x');
    restored(path);
    expect(plan.all('x')).toEqual([]);
    const [{ detail }] = open.prepare('EXPLAIN QUERY PLAN SELECT * FROM commit_rows WHERE command_id = ?').all('x') as [
      { detail: string },
    ];
    expect(detail).toContain('commit_rows_by_command ');
    open.close();
  });

  test('an object that differs in more than its spelling, or whose name is taken, does not change', async () => {
    const path = await earlierRebuilt();
    forge(path, (db) => {
      db.exec('DROP INDEX stack_rows_by_id_2; CREATE INDEX stack_rows_by_id_2 ON "stack_rows" (id)');
      db.exec('CREATE TABLE drift_rows_open (x)');
    });
    restored(path);
    const problems = (await problemsOf(path)).map(({ message }) => message);
    expect(problems).toHaveLength(2);
    expect(problems).toContainEqual(expect.stringContaining('stack_rows_by_id: the index is missing'));
    expect(problems).toContainEqual(expect.stringContaining('drift_rows_open: the index is not'));
  });
});
