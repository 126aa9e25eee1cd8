import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { verifyStore } from '../../src/audit/verify.js';
import { bringUpToDate, openEngine } from '../../src/engine.js';
import { StateBackend } from '../../src/index.js';
import { SCHEMA_VERSION } from '../../src/store/sqlite/schema.js';
import { IS_SIGNAL } from '../../src/store/sqlite/signals.js';
import { scratchFolder } from '../support/folder.js';

/** What the first release wrote: a stack, two resources, drift, a tag and a lock. */
const HEAD = { position: 9, hash: 'ef5eeda1b6bc4c11fe1727efc4314993a795c26a96c43fe3981c7c2e94848776' };

function databaseOf(schema: number): string {
  const file = join(scratchFolder(), 'state.db');
  copyFileSync(new URL(`../fixtures/database/schema-${schema}.db`, import.meta.url), file);
  return file;
}

describe.each([1, 2])('a database of schema %i', (schema) => {
  test('is brought up to date when it is opened, and its log stays as it was', async () => {
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

  test('two that open it at once both find it up to date', async () => {
    const file = databaseOf(schema);
    const both = await Promise.all([StateBackend.open(file), StateBackend.open(file)]);
    for (const backend of both) {
      expect(await backend.head()).toMatchObject(HEAD);
      await backend.close();
    }
  });

  test('finds the events that are no state by their index, as a new one does', async () => {
    const file = databaseOf(schema);
    await (await StateBackend.open(file)).close();
    const fresh = join(scratchFolder(), 'fresh.db');
    await (await StateBackend.open(fresh)).close();
    const [index, expected] = [file, fresh].map((path) => {
      const db = new Database(path, { readonly: true });
      const sql = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'events_signals'").pluck().get();
      const [{ detail = '' } = {}] = db
        .prepare(`EXPLAIN QUERY PLAN SELECT * FROM events WHERE stream = 1 AND ${IS_SIGNAL} ORDER BY position`)
        .all() as { detail: string }[];
      db.close();
      expect(detail).toContain('USING INDEX events_signals');
      return sql;
    });
    expect(index).toBe(expected);
  });
});
