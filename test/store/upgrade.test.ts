import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { bringUpToDate, openEngine } from '../../src/engine.js';
import { type Progress, StateBackend } from '../../src/index.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import { IS_ANNOTATION } from '../../src/store/sqlite/annotations.js';
import { SCHEMA_VERSION } from '../../src/store/sqlite/schema.js';
import { saySchema } from '../support/database.js';
import { allVersionsHold } from '../support/folded.js';
import { scratchFolder } from '../support/folder.js';

/** A database of the first release: a stack, two resources, drift, a tag and a lock. */
const HEAD = { position: 9, hash: 'ef5eeda1b6bc4c11fe1727efc4314993a795c26a96c43fe3981c7c2e94848776' };

/** 60 rounds over three resources in two stacks. Each resource is removed once; two of them are created again. */
const HISTORY_HEAD = { position: 91, hash: 'dee817e88f009e6d37a336d1f0752002b308473bc8ef656b41ddaf960fa12ed1' };

/** Commands with ids of their callers, a Terraform state, and tables that were rebuilt once. */
const COMMANDS_HEAD = { position: 9, hash: '8b876d170e97028969f71a0ac5c629caf49354c01b89a1bfa21fa4cf2a91d1b5' };

function databaseOf(schema: number | string): string {
  const file = join(scratchFolder(), 'state.db');
  copyFileSync(new URL(`../fixtures/database/schema-${schema}.db`, import.meta.url), file);
  return file;
}

/** Every schema before the current one. Before a new one, a database of the current one must be added to the fixtures. */
const EARLIER_SCHEMAS = Array.from({ length: SCHEMA_VERSION - 1 }, (_, index) => index + 1);

describe.each(EARLIER_SCHEMAS)('a database of schema %i', (schema) => {
  test('is upgraded when it is opened, and its log does not change', async () => {
    const file = databaseOf(schema);
    const engine = openEngine(file);
    await bringUpToDate(engine);
    expect(await engine.store.head()).toMatchObject(HEAD);
    expect((await verifyStore(engine.store)).problems).toEqual([]);
    expect(await engine.store.describe()).toMatchObject({ schemaVersion: SCHEMA_VERSION });
    await engine.store.close();

    await using backend = await StateBackend.open(file);
    expect(await backend.getTags('web')).toEqual(['prod']);
    await backend.breakLock('web', 'over');
    await backend.getStackManager().setResource('web', { type: 'app', name: 'b', properties: { at: 'vpc-1' } });
    expect(await backend.getDependencies('web', 'app.b')).toMatchObject([{ target: 'net.vpc', path: '$.at' }]);
  });

  test('views and triggers of the user stay, as do the rows of tables that did not change', async () => {
    const file = databaseOf(schema);
    const before = new Database(file);
    before.exec('CREATE VIEW mine AS SELECT id FROM stacks');
    const tags = before.prepare('SELECT * FROM tag_rows').all();
    before.close();
    await (await StateBackend.open(file)).close();
    const after = new Database(file, { readonly: true });
    expect(after.prepare('SELECT * FROM mine').pluck().all()).toEqual(['web-1']);
    expect(after.prepare('SELECT * FROM tag_rows').all()).toEqual(tags);
    after.close();
  });

  test('opened twice concurrently is upgraded for both', async () => {
    const file = databaseOf(schema);
    const both = await Promise.all([StateBackend.open(file), StateBackend.open(file)]);
    for (const backend of both) {
      expect(await backend.head()).toMatchObject(HEAD);
      await backend.close();
    }
  });

  test('finds annotations by their index, as a new one does', async () => {
    const file = databaseOf(schema);
    await (await StateBackend.open(file)).close();
    const fresh = join(scratchFolder(), 'fresh.db');
    await (await StateBackend.open(fresh)).close();
    const [index, expected] = [file, fresh].map((path) => {
      const db = new Database(path, { readonly: true });
      const sql = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'events_signals'").pluck().get();
      const [{ detail = '' } = {}] = db
        .prepare(`EXPLAIN QUERY PLAN SELECT * FROM events WHERE stream = 1 AND ${IS_ANNOTATION} ORDER BY position`)
        .all() as { detail: string }[];
      db.close();
      expect(detail).toContain('USING INDEX events_signals');
      return sql;
    });
    expect(index).toBe(expected);
  });
});

test('a database of schema 3 has the values of every version after resources were created, changed, removed and created again', async () => {
  const engine = openEngine(databaseOf('3-history'));
  onTestFinished(() => engine.store.close());
  expect(await engine.store.head()).toMatchObject(HISTORY_HEAD);
  await allVersionsHold(engine.store, 'web', ['app.a', 'net.vpc']);
  await allVersionsHold(engine.store, 'api', ['app.b']);
  expect((await verifyStore(engine.store)).problems).toEqual([]);
});

test('commits of schema 4 repeat by stack, kind and actor, and Terraform’s last state is recognised', async () => {
  await using backend = await StateBackend.open(databaseOf('4-commands'), { actor: 'ana' });
  expect(await backend.head()).toMatchObject(COMMANDS_HEAD);
  const set: Command = { type: 'apply', stack: 'web', outputs: [{ name: 'o', value: 1 }] };
  const first = await backend.execute(set, { commandId: 'apply-1' });
  expect(first).toMatchObject({ commandId: 'apply-1', stackId: 'web-1', version: 2, events: 4 });
  const tag: Command = { type: 'addTags', stack: 'db', tags: ['x'] };
  expect(await backend.execute(tag, { commandId: 'tag-1', actor: 'ci' })).toMatchObject({ events: 1 });
  expect(await backend.execute({ type: 'createStack', name: 'web' }, { commandId: 'create-web' })).toMatchObject({
    stackId: 'web-1',
    version: 1,
  });
  for (const [command, call] of [
    [tag, { commandId: 'tag-1', actor: 'ana' }],
    [set, { commandId: 'create-web' }],
  ] as const) {
    await expect(backend.execute(command, call)).rejects.toMatchObject({ code: 'COMMAND_ID_REUSED' });
  }
  const states = await backend.getTerraformStates();
  const { text = '' } = (await states.get('tf')) ?? {};
  await states.put('tf', Buffer.from(text), { actor: 'ci' });
  expect(await backend.head()).toMatchObject(COMMANDS_HEAD);
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
});

test('a rebuild that was running when the release changed restarts', async () => {
  const file = databaseOf(3);
  const before = new Database(file);
  before.exec(`CREATE TABLE rebuild_job (id INTEGER PRIMARY KEY CHECK (id = 1), projections TEXT NOT NULL, position INTEGER NOT NULL) STRICT;
    INSERT INTO rebuild_job VALUES (1, 'resources@3', 4);
    CREATE TABLE rebuild_resource_rows AS SELECT * FROM resource_rows;
    CREATE TABLE rebuild_resource_history AS SELECT * FROM resource_history`);
  before.close();
  const engine = openEngine(file);
  onTestFinished(() => engine.store.close());
  await engine.store.rebuild({ names: ['resources'] });
  expect((await verifyStore(engine.store)).problems).toEqual([]);
});

test('progress is reported, but not for a current or new file', async () => {
  const file = databaseOf(3);
  const reported: Progress[] = [];
  const open = (path: string) => StateBackend.open(path, { onProgress: (progress) => reported.push(progress) });
  await (await open(file)).close();
  expect(reported[0]).toEqual({
    step: `bringing the file to schema ${SCHEMA_VERSION}`,
    unit: 'parts',
    done: 0,
    total: reported.length,
  });
  expect(reported.map(({ done }) => done)).toEqual(reported.map((_, index) => index));
  reported.length = 0;
  await (await open(file)).close();
  await (await open(join(scratchFolder(), 'new.db'))).close();
  expect(reported).toEqual([]);
});

test('a file of this schema whose header claims an earlier one is damaged, and does not change', async () => {
  const file = join(scratchFolder(), 'state.db');
  await (await StateBackend.open(file)).close();
  for (let schema = 0; schema < SCHEMA_VERSION; schema++) {
    saySchema(file, schema);
    const before = readFileSync(file);
    expect(() => openEngine(file)).toThrow(expect.objectContaining({ code: 'DATABASE_CORRUPT' }));
    expect(readFileSync(file).equals(before)).toBe(true);
  }
});
