import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import type * as Shadow from '../../src/store/sqlite/rebuild/shadow.js';
import { TABLE_NAMES } from '../../src/store/tables.js';
import { scratchFolder } from '../support/folder.js';

/** Runs once, right after this process found no missing index: the work of another process. */
let meanwhile: (() => void) | undefined;

vi.mock('../../src/store/sqlite/rebuild/shadow.js', async (original) => {
  const shadow = await original<typeof Shadow>();
  return {
    ...shadow,
    missingIndexes: (...args: Parameters<typeof shadow.missingIndexes>) => {
      const found = shadow.missingIndexes(...args);
      if (found.length === 0 && meanwhile) {
        const act = meanwhile;
        meanwhile = undefined;
        if (args[0].inTransaction) throw new Error('too late: nobody else can write now');
        act();
      }
      return found;
    },
  };
});

test('a rebuild that another process finished and restarted is not swapped half-built', async () => {
  const { createShadows, dropShadows } = await import('../../src/store/sqlite/rebuild/shadow.js');
  const file = join(scratchFolder(), 'stacks.db');
  const engine = openEngine(file);
  await engine.execute({ type: 'createStack', name: 's' }, { actor: 'a' });
  await engine.execute({ type: 'apply', stack: 's', resources: [{ type: 't', name: 'a' }] }, { actor: 'a' });
  meanwhile = () => {
    const other = new Database(file);
    other.transaction(() => {
      const job = other.prepare('SELECT projections FROM rebuild_job').pluck().get();
      dropShadows(other);
      other.exec(
        'CREATE TABLE rebuild_job (id INTEGER PRIMARY KEY, projections TEXT NOT NULL, position INTEGER NOT NULL)',
      );
      other.prepare('INSERT INTO rebuild_job VALUES (1, ?, 0)').run(job);
      createShadows(other, TABLE_NAMES);
    })();
    other.close();
  };
  await engine.store.rebuild();
  expect(meanwhile).toBeUndefined();
  expect((await verifyStore(engine.store)).problems).toEqual([]);
  await engine.store.close();
});
