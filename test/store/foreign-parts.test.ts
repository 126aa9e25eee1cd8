import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';

/** A small database with a row in most tables. */
async function small(): Promise<string> {
  const path = join(scratchFolder(), 'stacks.db');
  await using backend = await StateBackend.open(path, { actor: 'a' });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web' });
  await manager.setResource('web', { type: 't', name: 'a', properties: { n: 1 } });
  await backend.addTag('web', 'prod');
  return path;
}

/** Writes the schema as a user with the file may, and makes open connections reload it. */
function forge(path: string, ...statements: string[]): void {
  const db = new Database(path);
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  db.transaction(() => {
    for (const statement of statements) db.exec(statement);
    db.pragma(`schema_version = ${(db.pragma('schema_version', { simple: true }) as number) + 1}`);
  }).exclusive();
  db.close();
}

const SWALLOWS = 'BEGIN SELECT RAISE(IGNORE); END';
const EVIL = `CREATE TRIGGER evil BEFORE INSERT ON events ${SWALLOWS}`;
const row = (type: string, name: string, table: string, sql: string): string =>
  `INSERT INTO sqlite_schema VALUES(${type}, ${name}, ${table}, 0, ${sql})`;

/** Spellings of one trigger that SQLite accepts and that discards every event. */
const SPELLINGS: Record<string, string> = {
  'as SQLite writes it': row(`'trigger'`, `'evil'`, `'events'`, `'${EVIL}'`),
  'with its type in capitals': row(`'TRIGGER'`, `'evil'`, `'events'`, `'${EVIL}'`),
  'with type, name and table in mixed case': row(`'tRigger'`, `'EVIL'`, `'Events'`, `'${EVIL}'`),
  'with a NUL after the names': row(`'trigger'`, `'evil'||char(0)`, `'events'||char(0)||'x'`, `'${EVIL}'`),
  'with a NUL after the type': row(`'trigger'||char(0)`, `'evil'`, `'events'`, `'${EVIL}'`),
  'with a NUL in its text': row(`'trigger'`, `'evil'`, `'events'`, `'${EVIL}'||char(0)||'x'`),
  'as bytes': row(`CAST('trigger' AS BLOB)`, `'evil'`, `CAST('events' AS BLOB)`, `CAST('${EVIL}' AS BLOB)`),
  'with comments': row(
    `'trigger'`,
    `'evil'`,
    `'events'`,
    `'create/**/trigger/**/evil/**/before insert/**/on/**/"EVENTS" ${SWALLOWS}'`,
  ),
  'as a temporary one': row(`'trigger'`, `'evil'`, `'events'`, `'${EVIL.replace('TRIGGER', 'TEMP TRIGGER')}'`),
  'with a condition': row(
    `'TRIGGER'`,
    `'evil'`,
    `'events'`,
    `'${EVIL.replace('BEGIN', 'WHEN NEW.position > 3 BEGIN')}'`,
  ),
};

describe.each(Object.entries(SPELLINGS))('a trigger on the log, %s', (_, statement) => {
  test('discards no acknowledged command', async () => {
    const path = await small();
    await using open = await StateBackend.open(path);
    forge(path, statement);
    await using backend = await StateBackend.open(path);
    for (const one of [open, backend, open]) {
      await expect(one.addTag('web', 'x')).rejects.toMatchObject({ code: 'EVENT_NOT_STORED', exitCode: 7 });
      expect((await one.head()).position).toBe(3);
    }
  });

  test('is named by a verification, and stops a rebuild and a backup', async () => {
    const path = await small();
    forge(path, statement);
    await using backend = await StateBackend.open(path, { skipRebuild: true });
    const admin = backend.getAdmin();
    const named = { where: expect.stringMatching(/^evil$/i), problem: 'an unknown trigger on events' };
    expect(await admin.checkStorage()).toContainEqual(named);
    expect(await admin.checkStorage({ quick: true })).toContainEqual(named);
    expect(await admin.verify()).toMatchObject({ holds: false });
    await expect(admin.rebuild()).rejects.toMatchObject({
      code: 'FOREIGN_PARTS',
      exitCode: 7,
      message: expect.stringMatching(/evil/i),
    });
    const file = join(scratchFolder(), 'copy.db');
    await expect(admin.backup(file)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    expect(existsSync(file)).toBe(false);
  });
});

test('commands name a trigger that is spelled in capitals, and exit with 7', async () => {
  const path = await small();
  forge(path, SPELLINGS['with its type in capitals'] as string);
  const { run } = commandLine(path);
  const commands = [
    ['audit', 'verify'],
    ['doctor'],
    ['projections', 'rebuild'],
    ['backup', join(scratchFolder(), 'copy.db')],
  ];
  for (const command of commands) {
    const { code, stdout, stderr } = await run(command);
    expect({ command, code, text: stdout + stderr }).toEqual({
      command,
      code: 7,
      text: expect.stringContaining('evil'),
    });
  }
  expect((await run(['stack', 'state', 'tags', 'add', 'web', 'x'])).code).toBe(7);
});

/** Foreign objects that affect which rows our tables contain, and rows of the schema that SQLite does not write. */
const ATTACHED: Record<string, readonly [statement: string, where: string, problem: string]> = {
  'a trigger on a view, its type in capitals': [
    row(`'TRIGGER'`, `'mine'`, `'stack_tags'`, `'CREATE TRIGGER mine INSTEAD OF DELETE ON stack_tags ${SWALLOWS}'`),
    'mine',
    'an unknown trigger on stack_tags',
  ],
  'a trigger for one column': [
    `CREATE TRIGGER mine BEFORE UPDATE OF deleted_at ON stack_rows ${SWALLOWS}`,
    'mine',
    'an unknown trigger on stack_rows',
  ],
  'a trigger on the job of a rebuild': [
    `CREATE TABLE rebuild_job (id, projections, position); CREATE TRIGGER mine BEFORE UPDATE ON Rebuild_Job ${SWALLOWS}`,
    'mine',
    'an unknown trigger on rebuild_job',
  ],
  'a trigger on a table that follows ours by a foreign key': [
    `CREATE TABLE mine (tag REFERENCES stack_rows (stream) ON DELETE CASCADE);
     CREATE TRIGGER follows AFTER DELETE ON mine BEGIN DELETE FROM tag_rows; END`,
    'follows',
    'an unknown trigger on stack_rows',
  ],
  'a foreign key that refuses changes of ours': [
    'CREATE TABLE mine (tag REFERENCES Tag_Rows (none))',
    'mine',
    'an unknown foreign key to Tag_Rows',
  ],
  'an index that allows fewer rows': [
    'CREATE UNIQUE INDEX mine ON tag_rows (stream)',
    'mine',
    'an unknown unique index on tag_rows',
  ],
  'a partial index that allows fewer events': [
    "CREATE UNIQUE INDEX mine ON Events (stream) WHERE type = 'TagAdded'",
    'mine',
    'an unknown unique index on events',
  ],
  'an index with its type in capitals': [
    "CREATE UNIQUE INDEX mine ON tag_rows (stream); UPDATE sqlite_schema SET type = 'INDEX' WHERE name = 'mine'",
    'mine',
    'an unknown unique index on tag_rows',
  ],
  'a table with its type in capitals': [
    "CREATE TABLE mine (x); UPDATE sqlite_schema SET type = 'TABLE' WHERE name = 'mine'",
    'mine',
    'SQLite does not write such a row of sqlite_schema: TABLE, CREATE TABLE mine (x)',
  ],
};

test.each(Object.entries(ATTACHED))('%s is named, and stops a rebuild', async (_, [statement, where, problem]) => {
  const path = await small();
  forge(path, statement);
  await using backend = await StateBackend.open(path, { skipRebuild: true });
  expect(await backend.getAdmin().checkStorage()).toContainEqual({ where, problem });
  await expect(backend.getAdmin().rebuild()).rejects.toMatchObject({ code: 'FOREIGN_PARTS' });
});

/** Changes of our own rows that do not change what SQLite reads, or hide a second table behind one. */
const CHANGED: Record<string, readonly [statement: string, where: string]> = {
  'a guard as bytes': [
    "UPDATE sqlite_schema SET sql = CAST(sql AS BLOB) WHERE name = 'events_no_update'",
    'events_no_update',
  ],
  'a guard with a NUL after it': [
    "UPDATE sqlite_schema SET sql = sql || char(0) || 'x' WHERE name = 'events_no_update'",
    'events_no_update',
  ],
  'a view with its type in capitals': [
    "UPDATE sqlite_schema SET type = 'VIEW' WHERE name = 'stack_tags'",
    'stack_tags',
  ],
  'a table that has a computed column': [
    "UPDATE sqlite_schema SET sql = replace(sql, 'PRIMARY KEY (stream, tag)', 'x TEXT AS (tag), PRIMARY KEY (stream, tag)') WHERE name = 'tag_rows'",
    'tag_rows',
  ],
  'an index that has a condition': [
    "UPDATE sqlite_schema SET sql = sql || ' WHERE stream < 0' WHERE name = 'tag_rows_by_tag'",
    'tag_rows_by_tag',
  ],
  'a second table on the pages of the log': [
    `INSERT INTO sqlite_schema SELECT 'table', 'mine', 'mine', rootpage, 'CREATE TABLE mine (position INTEGER PRIMARY KEY, stream)'
     FROM sqlite_schema WHERE name = 'events'`,
    'page',
  ],
};

test.each(Object.entries(CHANGED))('%s is named', async (_, [statement, where]) => {
  const path = await small();
  forge(path, statement);
  await using backend = await StateBackend.open(path, { skipRebuild: true });
  for (const quick of [false, true]) {
    expect((await backend.getAdmin().checkStorage({ quick })).map((found) => found.where)).toContain(where);
  }
});

test.each([
  ['a byte order mark before the text', row(`'trigger'`, `'evil'`, `'events'`, `char(0xfeff) || '${EVIL}'`)],
  ['a comment before the text', row(`'trigger'`, `'evil'`, `'events'`, `'/**/${EVIL}'`)],
  ['no name', row('NULL', 'NULL', 'NULL', `'${EVIL}'`)],
  ['the table of another', row(`'trigger'`, `'evil'`, `'mine'`, `'${EVIL}'`)],
  ['a guard twice', "INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 'events_no_update'"],
])('a schema that SQLite does not read is damage: %s', async (_, statement) => {
  const path = await small();
  forge(path, statement);
  await expect(StateBackend.open(path)).rejects.toMatchObject({ code: 'DATABASE_CORRUPT', exitCode: 7 });
});

test('foreign tables, views, indexes, triggers and modules are allowed, also by a rebuild', async () => {
  const path = await small();
  forge(
    path,
    `CREATE TABLE mine (x UNIQUE, y); CREATE INDEX mine_too ON tag_rows (tag); CREATE UNIQUE INDEX mine_y ON mine (y);
     CREATE VIEW my_tags AS SELECT * FROM stack_tags; CREATE TABLE other (x REFERENCES mine (x) ON DELETE CASCADE, c AS (x));
     CREATE TRIGGER my_own AFTER INSERT ON mine BEGIN SELECT 1; END;
     CREATE TRIGGER on_view INSTEAD OF INSERT ON my_tags BEGIN SELECT 1; END;
     CREATE VIRTUAL TABLE words USING fts5 (w); CREATE TABLE counted (n INTEGER PRIMARY KEY AUTOINCREMENT); ANALYZE`,
    row(`'table'`, `'elsewhere'`, `'elsewhere'`, `'CREATE VIRTUAL TABLE elsewhere USING not_here (x)'`),
  );
  await using backend = await StateBackend.open(path);
  expect(await backend.getAdmin().checkStorage({ quick: true })).toEqual([]);
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
  await backend.getAdmin().rebuild();
  await backend.addTag('web', 'later');
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
});
