import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, test } from 'vitest';
import { type LogHead, SlothError, StateBackend, type StoredEvent } from '../../src/index.js';
import { besides, damage, namesIn, provenLog, saySchema, seed, spoilByte, start, until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';

let folder: string;
let db: string;
let backup: string;
beforeEach(() => {
  folder = scratchFolder();
  db = join(folder, 'stacks.db');
  backup = join(folder, 'backup.db');
});

const change = async (path: string, name: string): Promise<void> => {
  await using backend = await StateBackend.open(path, { actor: 'later' });
  await backend.getStackManager().createStack({ name });
};

/** A database, a backup of it, and something that happened after that. */
async function backedUp(resources = 3, bytes = 100): Promise<LogHead> {
  await seed(db, resources, bytes);
  const backend = await StateBackend.open(db);
  const { head } = await backend.getAdmin().backup(backup);
  await backend.close();
  await change(db, 'later');
  return head;
}

const refused = (run: Promise<unknown>): Promise<SlothError> =>
  run.then(
    () => expect.fail('it was done'),
    (error) => error,
  );

describe('a restore', () => {
  test('restores the backup and keeps the previous content', async () => {
    const head = await backedUp();
    const before = await provenLog(db);
    const restored = await StateBackend.restore(db, backup);
    expect(restored).toMatchObject({ database: db, file: backup, head, stacks: 1 });
    expect(restored.kept).toMatch(/stacks\.db\.before-restore-\d{8}T\d{6}Z$/);
    const [kept = ''] = besides(db);
    expect(join(folder, kept)).toBe(restored.kept);
    expect(statSync(join(folder, kept)).mode & 0o777).toBe(0o600);
    expect(await provenLog(db)).toEqual(before.slice(0, -1));
    expect(await provenLog(join(folder, kept))).toEqual(before);

    const back = await StateBackend.restore(db, join(folder, kept));
    expect(await provenLog(db)).toEqual(before);
    expect(besides(db)).toHaveLength(2);
    expect(back.kept).not.toBe(restored.kept);
  });

  test('creates a missing database, with its folders', async () => {
    const head = await backedUp();
    const elsewhere = join(folder, 'a', 'b', 'new.db');
    expect(await StateBackend.restore(elsewhere, backup)).toMatchObject({ head, kept: null });
    expect(statSync(elsewhere).mode & 0o777).toBe(0o600);
    expect(await provenLog(elsewhere)).toHaveLength(head.position);
    expect(namesIn(join(folder, 'a', 'b'))).toEqual(['new.db']);
  });

  test('keeps nothing of a database without events', async () => {
    const head = await backedUp();
    const empty = join(folder, 'empty.db');
    await (await StateBackend.open(empty)).close();
    expect(await StateBackend.restore(empty, backup)).toMatchObject({ head, kept: null });
    expect(besides(empty)).toEqual([]);
  });

  test('through a link: the link stays, the kept file is beside the database', async () => {
    await backedUp();
    const link = join(folder, 'link.db');
    symlinkSync(db, link);
    const { database, kept } = await StateBackend.restore(link, backup);
    expect(database).toBe(db);
    expect(kept).toContain(`${db}.before-restore-`);
    expect(readFileSync(link).equals(readFileSync(db))).toBe(true);
  });

  test('includes objects that users added to the backup', async () => {
    await seed(db, 1);
    const user = new Database(db);
    user.exec(`CREATE TABLE "my notes" (id INTEGER PRIMARY KEY, "a ""b" TEXT, twice AS (id * 2));
      INSERT INTO "my notes" (id, "a ""b") VALUES (7, 'hello');
      CREATE INDEX notes_by_text ON "my notes" ("a ""b"); CREATE TABLE about (note INTEGER REFERENCES "my notes" (id)); INSERT INTO about VALUES (7); CREATE VIEW newest AS SELECT max(id) AS id FROM "my notes";
      CREATE TRIGGER no_delete BEFORE DELETE ON "my notes" BEGIN SELECT RAISE(ABORT, 'no'); END`);
    user.close();
    await using backend = await StateBackend.open(db);
    await backend.getAdmin().backup(backup);
    const schema = (path: string) => {
      const reader = new Database(path, { readonly: true });
      const objects = reader.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();
      const notes = reader.prepare('SELECT * FROM "my notes"').all();
      reader.close();
      return { objects, notes };
    };
    const other = join(folder, 'other.db');
    await change(other, 'x');
    await StateBackend.restore(other, backup);
    await StateBackend.restore(other, backup); // over itself
    expect(schema(other)).toEqual(schema(backup));
    expect(schema(other).notes).toEqual([{ id: 7, 'a "b': 'hello', twice: 14 }]);
  });

  test('of tables that an older release built rebuilds them', async () => {
    await backedUp();
    const older = new Database(backup);
    older.exec("UPDATE projection_checkpoints SET version = 0; UPDATE resource_rows SET name = 'as it was'");
    older.close();
    await StateBackend.restore(db, backup);
    expect(await provenLog(db)).toHaveLength(4);
  });

  test('leaves no trace if it is not carried out', async () => {
    const head = await backedUp();
    const before = readFileSync(db);
    {
      using prepared = await StateBackend.prepareRestore(db, backup);
      expect(prepared).toMatchObject({ current: { head: { position: 5 }, stacks: 2 }, backup: { head, stacks: 1 } });
      expect(namesIn(folder).some((name) => name.includes('.restore-'))).toBe(true);
    }
    expect(readFileSync(db).equals(before)).toBe(true);
    expect(namesIn(folder)).toEqual(['backup.db', 'stacks.db']);
  });
});

describe('while others have the database open', () => {
  test('their reads and writes continue with the new content, and live queries see the old or the new', async () => {
    const head = await backedUp(6_000);
    const old = (await provenLog(db)).at(-1)?.position as number;
    const reader = await StateBackend.open(db);
    const client = new Database(db, { readonly: true });
    const state =
      client.prepare(`SELECT (SELECT count(*) FROM events) AS events, (SELECT max(position) FROM events) AS last,
      (SELECT count(*) FROM stack_rows) AS stacks, (SELECT count(*) FROM resources) AS resources,
      (SELECT count(*) FROM commit_rows) AS commits`);
    const seen = new Set<string>([JSON.stringify(state.get())]);
    const restoring = start('dying-admin.mjs', 'restore', db, backup, 'never', 1);
    let over = false;
    const finished = restoring.finished.finally(() => (over = true));
    while (!over) {
      seen.add(JSON.stringify(state.get()));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
    seen.add(JSON.stringify(state.get()));
    client.close();
    expect([...seen].map((text) => JSON.parse(text))).toEqual([
      { events: old, last: old, stacks: 2, resources: 6_000, commits: 8 },
      { events: head.position, last: head.position, stacks: 1, resources: 6_000, commits: 7 },
    ]);
    expect(await reader.head()).toEqual(head);
    const receipt = await reader.addTag('shared', 'after');
    expect(receipt.firstPosition).toBe(head.position + 1);
    await reader.close();
    expect(await provenLog(db)).toHaveLength(head.position + 1);
  });

  test('no acknowledged write is lost: it is in the kept file, or after the restored head', async () => {
    const head = await backedUp(2_000);
    const writers = [1, 2, 3].map((number) => start('steady-writer.mjs', db, number, 'shared'));
    await until(() => writers.every(({ printed }) => printed() > 20));
    const { kept } = await StateBackend.restore(db, backup);
    const client = new Database(db, { readonly: true });
    const last = client.prepare('SELECT max(position) FROM events').pluck();
    await until(() => (last.get() as number) > head.position + 100);
    client.close();
    const results = await Promise.all(writers.map(({ end }) => end()));
    for (const { code, stderr } of results) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

    const [old, now] = [await provenLog(kept as string), await provenLog(db)];
    const holds = (log: readonly StoredEvent[], position: number, hash?: string) => log[position - 1]?.hash === hash;
    expect(holds(now, head.position, head.hash)).toBe(true);
    expect(old.length).toBeGreaterThan(head.position + 60);
    expect(now.length).toBeGreaterThan(head.position + 100);
    const receipts = results.flatMap((result) => result.lines).map((line) => line.split(' '));
    const lost = receipts.filter(
      ([position, hash]) => !holds(old, Number(position), hash) && !holds(now, Number(position), hash),
    );
    expect(lost).toEqual([]);
    // All of them, and no more: exactly the written events are acknowledged.
    expect(receipts).toHaveLength(old.length - (head.position + 1) + (now.length - head.position));
  });

  test('two concurrent ones: one after the other, each keeps what it replaces', async () => {
    const head = await backedUp(500);
    const both = await Promise.all(
      [1, 2].map(() => start('dying-admin.mjs', 'restore', db, backup, 'never', 1).finished),
    );
    for (const { code, stderr } of both) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await provenLog(db)).toHaveLength(head.position);
    expect(besides(db)).toHaveLength(2);
  });
});

describe('killed part-way, the old content remains', () => {
  test.each([
    ['copying', 1],
    ['chain', 1],
    ['projecting', 1],
    ['keeping', 1],
    ['restoring', 1],
    ['restoring', 5],
    ['restoring', 16],
  ])('while %s (%i)', async (step, times) => {
    await backedUp(1_500);
    const before = await provenLog(db);
    const result = await start('dying-admin.mjs', 'restore', db, backup, step, times).finished;
    expect(result).toMatchObject({ signal: 'SIGKILL' });
    expect(await provenLog(db)).toEqual(before);
    for (const name of besides(db).filter((one) => !/partial|\.restore-/.test(one))) {
      expect(await provenLog(join(folder, name))).toEqual(before);
    }
    expect((await StateBackend.restore(db, backup)).head.position).toBe(before.length - 1);
  });
});

test('killed at any time, either all of the old content exists or all of the new', { timeout: 120_000 }, async () => {
  await backedUp(1_500);
  const before = await provenLog(db);
  const after = before.slice(0, -1);
  const began = Date.now();
  const other = join(folder, 'other.db');
  writeFileSync(other, readFileSync(db));
  await start('dying-admin.mjs', 'restore', other, backup, 'never', 1).finished;
  const whole = Date.now() - began;
  for (let moment = 1; moment <= 12; moment++) {
    const restoring = start('dying-admin.mjs', 'restore', db, backup, 'never', 1);
    setTimeout(() => restoring.kill('SIGKILL'), (whole * (moment + 3)) / 15);
    await restoring.finished;
    const log = await provenLog(db);
    expect([before.length, after.length]).toContain(log.length);
    expect(log).toEqual(log.length === before.length ? before : after);
    if (log.length === after.length) break;
  }
});

describe('a damaged or foreign backup is refused and changes nothing', () => {
  const attempt = async (file: string) => {
    const [names, content] = [namesIn(folder), readFileSync(db)];
    const error = await refused(StateBackend.restore(db, file));
    expect(namesIn(folder)).toEqual(names);
    expect(readFileSync(db).equals(content)).toBe(true);
    return error;
  };
  beforeEach(async () => {
    await backedUp(200);
  });

  test('one byte of an event', async () => {
    damage(backup, 'needle-77');
    const error = await attempt(backup);
    expect(error).toMatchObject({ code: 'BACKUP_DAMAGED', exitCode: 7 });
    expect(error.message).toContain(backup);
    expect(error.message).toMatch(/event \d+: hash/);
  });

  test('one byte of a table', async () => {
    damage(backup, 'item.r33');
    expect(await attempt(backup)).toMatchObject({ code: 'BACKUP_DAMAGED', exitCode: 7 });
  });

  test('one byte anywhere: refused, or without effect', { timeout: 120_000 }, async () => {
    const whole = readFileSync(backup);
    const content = await provenLog(backup);
    const flipped = join(folder, 'flipped.db');
    const target = join(folder, 'target.db');
    let refusals = 0;
    for (let at = 3; at < whole.length; at += Math.floor(whole.length / 120)) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      writeFileSync(flipped, bytes);
      try {
        await StateBackend.restore(target, flipped);
        expect(await provenLog(target)).toEqual(content);
        rmSync(target);
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(SlothError);
        refusals++;
      }
      expect(namesIn(folder)).toEqual(['backup.db', 'flipped.db', 'stacks.db']);
    }
    expect(refusals).toBeGreaterThan(0); // at least the first byte, of the header
  });

  test('cut off', async () => {
    writeFileSync(backup, readFileSync(backup).subarray(0, 8_192));
    expect(await attempt(backup)).toMatchObject({ exitCode: 7 });
  });

  test('without its tables', async () => {
    const file = new Database(backup);
    file.exec('DROP TABLE lock_rows');
    file.close();
    expect(await attempt(backup)).toMatchObject({ code: 'BACKUP_DAMAGED', exitCode: 7 });
  });

  test.each<[what: string, content: string | null, code: string]>([
    ['nothing', null, 'CANNOT_READ'],
    ['an empty file', '', 'NOT_A_BACKUP'],
    ['another file', 'SQLite format 2 '.repeat(20), 'NOT_A_BACKUP'],
  ])('%s', async (_, content, code) => {
    const file = join(folder, 'file');
    if (content !== null) writeFileSync(file, content);
    expect(await attempt(file)).toMatchObject({ code, exitCode: 2, details: { field: 'file', file } });
  });

  test('another program’s database, a folder, the database itself', async () => {
    const foreign = join(folder, 'foreign.db');
    const other = new Database(foreign);
    other.exec('CREATE TABLE t (x)');
    other.close();
    const link = join(folder, 'link.db');
    symlinkSync(db, link);
    expect(await attempt(foreign)).toMatchObject({ code: 'NOT_A_BACKUP' });
    expect(await attempt(folder)).toMatchObject({ code: 'CANNOT_READ' });
    expect(await attempt(link)).toMatchObject({ code: 'TARGET_IS_DATABASE' });
  });

  test('a backup of a newer release', async () => {
    const newer = new Database(backup);
    newer.pragma('user_version = 999');
    newer.close();
    const error = await attempt(backup);
    expect(error).toMatchObject({ code: 'NEWER_SCHEMA' });
    expect(error.message).toContain(backup);
    expect(error.hint).toContain('Upgrade');
  });

  test('the backup is only read, whatever its mode', async () => {
    const copied = join(folder, 'copied.db');
    writeFileSync(copied, readFileSync(db)); // a plain copy of a database: in WAL mode
    const [bytes, names] = [readFileSync(copied), namesIn(folder)];
    const { head } = await StateBackend.restore(join(folder, 'new.db'), copied);
    expect(head.position).toBe(202);
    expect(readFileSync(copied).equals(bytes)).toBe(true);
    expect(namesIn(folder)).toEqual([...names, 'new.db'].sort());
  });

  test('content that another process has not yet moved into the file is part of the backup', async () => {
    const open = await StateBackend.open(backup);
    await open.getStackManager().createStack({ name: 'in the write-ahead log' });
    const bytes = readFileSync(backup);
    const { stacks } = await StateBackend.restore(join(folder, 'new.db'), backup);
    expect(stacks).toBe(2);
    expect(readFileSync(backup).equals(bytes)).toBe(true);
    await open.close();
  });

  test('a place that is no file', async () => {
    for (const path of ['', ':memory:', 'memory:', 'postgres://host/db']) {
      expect(await refused(StateBackend.restore(path, backup))).toMatchObject({ code: 'NOT_A_FILE', exitCode: 2 });
    }
    for (const path of [folder, join(db, 'below-a-file.db'), join(db, 'further', 'below.db')]) {
      expect(await refused(StateBackend.restore(path, backup))).toMatchObject({ code: 'CANNOT_OPEN' });
    }
  });
});

describe('an unreadable database is renamed', () => {
  test.each<[what: string, spoil: () => void]>([
    ['not a database', () => writeFileSync(db, 'oops '.repeat(100))],
    ['cut off', () => writeFileSync(db, readFileSync(db).subarray(0, 20_000))],
    ['a damaged schema', () => damage(db, 'events_append_only')],
    ['an object of no kind in its schema', () => damage(db, 'tableexecution_rows', 0x20)],
    ['of another schema by its header', () => saySchema(db, 0)],
    ['of another format to write by its header', () => spoilByte(db, 18)],
    ['of another format to read by its header', () => spoilByte(db, 19)],
  ])('%s', async (_, spoil) => {
    const head = await backedUp(200);
    spoil();
    const spoilt = readFileSync(db);
    const { kept } = await StateBackend.restore(db, backup);
    expect(await provenLog(db)).toHaveLength(head.position);
    expect(readFileSync(kept as string).equals(spoilt)).toBe(true);
    expect(statSync(kept as string).mode & 0o777).toBe(0o600);
  });

  test.each<[table: string, other: string]>([
    ['events', 'stack_rows'],
    ['stack_rows', 'events'],
  ])('without its %s, it is replaced in place', async (table, other) => {
    const head = await backedUp();
    const spoilt = new Database(db);
    const views = spoilt.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").pluck().all();
    spoilt.exec(`${views.map((view) => `DROP VIEW ${view};`).join('')} DROP TABLE ${table}`);
    const rows = spoilt.prepare(`SELECT count(*) FROM ${other}`).pluck().get();
    const { kept } = await StateBackend.restore(db, backup);
    expect(spoilt.prepare('SELECT count(*) FROM events').pluck().get()).toBe(head.position);
    spoilt.close();
    expect(await provenLog(db)).toHaveLength(head.position);
    const reader = new Database(kept as string, { readonly: true });
    expect(reader.prepare(`SELECT count(*) FROM ${other}`).pluck().get()).toBe(rows);
    reader.close();
  });

  test('pages damaged where nothing reads them are not copied', async () => {
    const head = await backedUp(200);
    damage(db, 'needle-77');
    const spoilt = readFileSync(db);
    const { kept } = await StateBackend.restore(db, backup);
    expect(await provenLog(db)).toHaveLength(head.position);
    const reader = new Database(kept as string, { readonly: true });
    const text = reader.prepare("SELECT data FROM events WHERE data LIKE '%eedle-77 %'").pluck().get() as string;
    reader.close();
    expect(text).not.toContain('needle-77 ');
    expect(spoilt.includes(text)).toBe(true);
  });

  test('with its write-ahead log, which is not applied to the new one', async () => {
    const head = await backedUp(50);
    const open = await StateBackend.open(db);
    await open.getStackManager().createStack({ name: 'in the write-ahead log' });
    const log = readFileSync(`${db}-wal`);
    expect(log.length).toBeGreaterThan(0);
    await open.close();
    writeFileSync(`${db}-wal`, log); // as a crash leaves it
    const bytes = readFileSync(db);
    bytes.write('not a database', 0);
    writeFileSync(db, bytes);
    const { kept } = await StateBackend.restore(db, backup);
    expect(readFileSync(`${kept}-wal`).equals(log)).toBe(true);
    expect(existsSync(`${db}-wal`)).toBe(false);
    expect(await provenLog(db)).toHaveLength(head.position);
  });

  test('files left of a removed database are kept too', async () => {
    const head = await backedUp(5);
    rmSync(db);
    writeFileSync(`${db}-wal`, 'left over');
    const { kept } = await StateBackend.restore(db, backup);
    expect(readFileSync(kept as string, 'utf8')).toBe('left over');
    expect(await provenLog(db)).toHaveLength(head.position);
  });

  test('but not one of a newer release', async () => {
    await backedUp();
    const newer = new Database(db);
    newer.pragma('user_version = 999');
    newer.close();
    const bytes = readFileSync(db);
    expect(await refused(StateBackend.restore(db, backup))).toMatchObject({ code: 'NEWER_SCHEMA' });
    expect(readFileSync(db).equals(bytes)).toBe(true);
    expect(namesIn(folder)).toEqual(['backup.db', 'stacks.db']);
  });
});
