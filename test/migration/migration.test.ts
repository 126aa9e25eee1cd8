import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { provenLog } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { legacyTables, makeLegacy } from '../support/legacy.js';
import { CLOCK, comparable, type Migrated, migrate } from '../support/migrations.js';
import { runSqlite3, withoutSqlite3 } from '../support/sqlite3.js';

const FIXTURE = new URL('../fixtures/legacy/state.db', import.meta.url).pathname;

/** A copy of the fixture, and a path for the target. */
function fixture() {
  const folder = scratchFolder();
  const source = join(folder, 'old.db');
  copyFileSync(FIXTURE, source);
  return { folder, source, target: join(folder, 'stacks.db') };
}

/** A legacy database with every kind of awkward row. */
async function awkward(workflows = 30, seed = 1) {
  const folder = scratchFolder();
  const source = join(folder, 'old.db');
  makeLegacy(source, { workflows, resources: 6, seed });
  return { folder, source, target: join(folder, 'stacks.db') };
}

/** Just before the clock of these tests: a row written today is in their future, and rejected. */
const LATELY = "'2026-11-25 23:45:00'";
const NEW_WORKFLOW = `
INSERT INTO workflow_states (id, name, status, started_at, created_at, updated_at)
VALUES ('wf-new', 'new', 'pending', ${LATELY}, ${LATELY}, ${LATELY})`;

function change(source: string, ...statements: readonly string[]): void {
  const db = new Database(source);
  for (const statement of statements) db.exec(statement);
  db.close();
}

/** Each row of the source is accounted for, exactly once. */
function expectAccounted(source: string, { rows, entries }: Migrated): void {
  const counts = legacyTables(source);
  expect(Object.fromEntries(Object.entries(rows).map(([table, row]) => [table, row.rows]))).toEqual(counts);
  for (const { rows: all, migrated, repaired, known, rejected } of Object.values(rows)) {
    expect(migrated + repaired + known + rejected).toBe(all);
  }
  const rejected = entries.filter(({ outcome }) => outcome === 'rejected');
  for (const [table, row] of Object.entries(rows)) {
    const of = (outcome: string) =>
      new Set(entries.filter((one) => one.table === table && one.outcome === outcome).map(({ id }) => id));
    expect(rejected.filter((one) => one.table === table)).toHaveLength(row.rejected);
    expect([...of('repaired')].filter((id) => !of('rejected').has(id)).length, table).toBeLessThanOrEqual(row.repaired);
    expect(row.repaired === 0, table).toBe([...of('repaired')].every((id) => of('rejected').has(id)));
  }
  expect(rejected.every(({ row }) => row !== undefined)).toBe(true);
}

describe('a whole legacy database', () => {
  test('the fixture: every row is accounted for, and exactly the rows without an owner are rejected', async () => {
    const { source, target } = fixture();
    const report = await migrate(source, target);
    expectAccounted(source, report);
    expect(report.verification).toMatchObject({ holds: true, unaccounted: [] });
    expect(report.errors).toEqual([
      'workflow_resources r-orphan: there is no workflow "wf-gone"',
      'workflow_outputs wf-gone/k: there is no workflow "wf-gone"',
    ]);
    expect(report.stacks_migrated).toBe(17);
    expect(report.rows.state_versions).toEqual({ rows: 34, migrated: 34, repaired: 0, known: 0, rejected: 0 });
    await provenLog(target);
  });

  test.each([1, 2, 3])(
    'awkward rows of all kinds, seed %s: accounted for, and both sides say the same',
    async (seed) => {
      const { source, target } = await awkward(30, seed);
      const report = await migrate(source, target);
      expectAccounted(source, report);
      expect(report.verification?.stacks.flatMap(({ differences }) => differences)).toEqual([]);
      expect(report.verification).toMatchObject({ holds: true, unaccounted: [] });
      await provenLog(target);
    },
  );

  test('times are the legacy ones, and every event names its migration and when it ran', async () => {
    const { source, target } = fixture();
    const { migration, start_time } = await migrate(source, target);
    const log = await provenLog(target);
    const metas = log.map(({ meta }) => JSON.parse(meta));
    expect(new Set(metas.map(({ imported }) => JSON.stringify(imported)))).toEqual(
      new Set([JSON.stringify({ migration, by: 'api', at: start_time })]),
    );
    expect(metas.every(({ source: through }) => through === 'migration')).toBe(true);
    expect(log[0]?.recordedAt).toBe('2025-01-01T00:00:00.000Z');
    for (const stream of new Set(log.map((event) => event.stream))) {
      const times = log.filter((event) => event.stream === stream).map(({ recordedAt }) => recordedAt);
      expect(times).toEqual([...times].sort());
    }
    await using backend = await StateBackend.open(target);
    expect((await backend.getState('deploy-0', { time: '2025-01-01T01:30:00.000Z' })).resources).toHaveLength(4);
    expect((await backend.getState('deploy-0')).resources).toHaveLength(8);
  });

  test('missing tables count as empty', async () => {
    const { source, target } = fixture();
    change(source, 'DROP TABLE drift_detections', 'DROP TABLE workflow_tags', 'DROP TABLE locks', 'DROP TABLE state');
    const report = await migrate(source, target);
    expectAccounted(source, report);
    expect(report.verification).toMatchObject({ holds: true });
  });

  test('the source does not change', async () => {
    const { source, target } = fixture();
    const before = readFileSync(source);
    await migrate(source, target);
    expect(readFileSync(source).equals(before)).toBe(true);
    expect(['-wal', '-shm', '-journal'].some((suffix) => existsSync(source + suffix))).toBe(false);
  });
});

describe('a second run', () => {
  test('migrates nothing if nothing is new, and makes no backup', async () => {
    const { source, target } = await awkward();
    await migrate(source, target);
    const before = await provenLog(target);
    const report = await migrate(source, target);
    expectAccounted(source, report);
    expect(report).toMatchObject({ events: 0, stacks_migrated: 0, backup: null, verification: { holds: true } });
    expect(report.entries.every(({ outcome }) => outcome === 'rejected')).toBe(true);
    expect(await provenLog(target)).toEqual(before);
  });

  test('knows which rows the first one repaired', async () => {
    const { source, target } = fixture();
    change(
      source,
      `INSERT INTO workflow_tags VALUES ('wf-00001', 'early', '1999-01-01 00:00:00'), ('wf-00001', 'none', NULL)`,
      `INSERT INTO workflow_activity (workflow_id, action, created_at) VALUES ('wf-00001', 'late', '2999-01-01')`,
      `UPDATE workflow_resources SET status = '' WHERE id = 'wf-00001-r0001'`,
      `INSERT INTO workflow_resources VALUES ('res-7', 'wf-00001', 'file', 'own', 'create', 'applied', '[]', '2025-01-01', NULL)`,
      `UPDATE state_versions SET created_by = char(7), created_at = '2001-01-01' WHERE id = 'wf-00002-v1'`,
    );
    const first = await migrate(source, target);
    expect(first.verification?.stacks.flatMap(({ differences }) => differences)).toEqual([]);
    expect(first.entries.filter(({ outcome }) => outcome === 'repaired').length).toBeGreaterThan(14);
    const second = await migrate(source, target);
    expect(second.verification?.stacks.flatMap(({ differences }) => differences)).toEqual([]);
    expect(second).toMatchObject({ events: 0, verification: { holds: true } });
    change(
      source,
      `INSERT INTO workflow_activity (workflow_id, action, created_at) VALUES ('wf-00001', 'more', ${LATELY})`,
    );
    expect(await migrate(source, target)).toMatchObject({ events: 1, verification: { holds: true } });
  });

  test('migrates new rows of a stack whose lock the first one took over, and renews that lock', async () => {
    const { source, target } = fixture();
    const lock = (expires: string) =>
      `INSERT OR REPLACE INTO locks VALUES ('wf-00001', 'ana', '2026-11-25 23:00:00', '${expires}')`;
    change(source, lock('2026-11-26 02:00:00'));
    await migrate(source, target);
    change(
      source,
      lock('2026-11-26 03:00:00'),
      `UPDATE workflow_resources SET attributes = '{"changed":true}', updated_at = '2026-11-25 23:30:00' WHERE id = 'wf-00001-r0000'`,
    );
    const report = await migrate(source, target);
    expect(report.rows).toMatchObject({ locks: { rejected: 0, migrated: 1 }, workflow_resources: { migrated: 1 } });
    expect(report).toMatchObject({ verification: { holds: true } });
    await using backend = await StateBackend.open(target, { clock: CLOCK });
    expect(await backend.getLockInfo('wf-00001')).toMatchObject({ who: 'ana', expiresAt: '2026-11-26T03:00:00.000Z' });
  });

  test('migrates nothing against a lock that was taken here', async () => {
    const { source, target } = fixture();
    await migrate(source, target);
    await using backend = await StateBackend.open(target, { clock: CLOCK });
    await backend.lockState('wf-00001', { operation: 'mine', id: 'mine' });
    change(
      source,
      `UPDATE workflow_resources SET attributes = '{"changed":true}', updated_at = '2026-11-25 23:30:00' WHERE id = 'wf-00001-r0000'`,
    );
    const report = await migrate(source, target);
    expect(report.entries).toContainEqual(
      expect.objectContaining({ outcome: 'rejected', problem: expect.stringContaining('locked by') }),
    );
  });

  test('migrates what is new: a workflow, a version, current rows, activity', async () => {
    const { source, target } = fixture();
    await migrate(source, target);
    const before = await provenLog(target);
    change(
      source,
      NEW_WORKFLOW,
      `INSERT INTO workflow_activity (workflow_id, action, created_by, created_at) VALUES ('wf-00001', 'restart', 'ana', ${LATELY})`,
      `INSERT INTO state_versions (id, workflow_id, version, state, created_at) VALUES ('v-new', 'wf-00002', 90, '{"resources":[]}', ${LATELY})`,
      `UPDATE workflow_resources SET attributes = '{"changed":true}', updated_at = '2026-11-24 12:00:00' WHERE id = 'wf-00003-r0000'`,
      `UPDATE workflow_states SET name = 'renamed' WHERE id = 'wf-00004'`,
      `UPDATE workflow_outputs SET value = 'other' WHERE workflow_id = 'wf-00002' AND key = 'out0'`,
    );
    const report = await migrate(source, target);
    expectAccounted(source, report);
    expect(report).toMatchObject({ stacks_migrated: 5, verification: { holds: true } });
    expect(report.rows).toMatchObject({
      workflow_states: { known: 14, migrated: 4 },
      workflow_activity: { known: 12, migrated: 1 },
      state_versions: { known: 34, migrated: 1 },
    });
    const log = await provenLog(target);
    expect(log.slice(0, before.length)).toEqual(before);
    const added = log.slice(before.length).map(comparable);
    expect(added).toContainEqual(expect.objectContaining({ type: 'ActivityRecorded', actor: 'ana' }));
    expect(added.filter(({ type, name }) => type === 'ResourceUpdated' && name === 'file.res-0')).toHaveLength(1);
    await using backend = await StateBackend.open(target);
    expect((await backend.getResource('deploy-3', 'wf-00003-r0000')).resource.value.properties).toEqual({
      changed: true,
    });
    expect((await backend.getState('renamed')).stack).toMatchObject({ id: 'wf-00004' });
    expect((await backend.getState('deploy-2')).resources).toHaveLength(8); // there are still eight current rows
  });

  test('records new earlier rows under the current state', async () => {
    const { source, target } = fixture();
    await migrate(source, target);
    change(
      source,
      `INSERT INTO state_versions (id, workflow_id, version, state, created_at) VALUES ('v-new', 'wf-00002', 90, '{"resources":[]}', ${LATELY})`,
      `INSERT INTO workflow_resources VALUES ('late', 'wf-00003', 'file', 'res-0', 'create', 'failed', '{"old":1}', '2024-01-01', '2024-01-01')`,
    );
    const report = await migrate(source, target);
    expect(report).toMatchObject({ stacks_migrated: 2, verification: { holds: true } });
    await using backend = await StateBackend.open(target);
    expect((await backend.getState('deploy-2')).resources).toHaveLength(8);
    const { resource } = await backend.getResource('deploy-3', 'file.res-0');
    expect(resource.value.properties).toMatchObject({ mode: '0644' });
    const { changes } = await backend.getResourceHistory('deploy-3', 'file.res-0');
    expect(changes.map(({ kind }) => kind)).toEqual(['changed', 'changed', 'added']);
    expect(await migrate(source, target)).toMatchObject({ events: 0, verification: { holds: true } });
  });

  test('migrates nothing more into a stack that was changed here since, and names it', async () => {
    const { source, target } = fixture();
    await migrate(source, target);
    {
      await using backend = await StateBackend.open(target, { actor: 'ana' });
      await backend
        .getStackManager()
        .setResource('deploy-1', { type: 'file', name: 'res-0', properties: { mine: true } });
    }
    change(
      source,
      `UPDATE workflow_resources SET attributes = '{"old":true}' WHERE id = 'wf-00001-r0000'`,
      `INSERT INTO state_versions (id, workflow_id, version, state, created_at) VALUES ('v-new', 'wf-00001', 90, '{}', ${LATELY})`,
      `INSERT INTO workflow_tags (workflow_id, tag) VALUES ('wf-00001', 'late')`,
    );
    const report = await migrate(source, target);
    expectAccounted(source, report);
    expect(report.verification).toMatchObject({ holds: true });
    const why = 'the stack deploy-1 was changed here since it was migrated (version 6, set)';
    expect(report.errors).toContain(`workflow_resources wf-00001-r0000: ${why}`);
    expect(report.errors).toContain(`state_versions v-new: ${why}`);
    expect(report.errors).toContain(`workflow_tags wf-00001/late: ${why}`);
    expect(report.events).toBe(0);
    await using backend = await StateBackend.open(target);
    expect((await backend.getResource('deploy-1', 'file.res-0')).resource.value.properties).toEqual({ mine: true });
    expect(await backend.getTags('deploy-1')).not.toContain('late');
  });

  test('does not restore a stack that was deleted here', async () => {
    const { source, target } = fixture();
    await migrate(source, target);
    {
      await using backend = await StateBackend.open(target, { actor: 'ana' });
      await backend.getStackManager().deleteStack('deploy-1');
    }
    expect(await migrate(source, target)).toMatchObject({ events: 0, verification: { holds: true } });
    change(
      source,
      `INSERT INTO workflow_activity (workflow_id, action, created_at) VALUES ('wf-00001', 'late', ${LATELY})`,
    );
    const report = await migrate(source, target);
    expect(report.errors.filter((error) => error.includes('deleted here'))).toHaveLength(1);
    expectAccounted(source, report);
  });

  test('does not migrate another workflow with the id of a migrated one', async () => {
    const { source, target } = fixture();
    await migrate(source, target);
    change(source, `UPDATE workflow_states SET created_at = '2020-01-01' WHERE id = 'wf-00001'`);
    const report = await migrate(source, target);
    expect(report.errors).toContain(
      'workflow_states wf-00001: another workflow with the id wf-00001 was taken in before',
    );
    expectAccounted(source, report);
  });
});

describe('a non-empty target', () => {
  async function used() {
    const all = fixture();
    await using backend = await StateBackend.open(all.target, { actor: 'ana' });
    const manager = backend.getStackManager();
    await manager.createStack({ name: 'deploy-1', id: 'mine' });
    await manager.createStack({ name: 'other', id: 'wf-00002' });
    await manager.setResource('deploy-1', { type: 'x', name: 'y', id: 'wf-00003-r0001' });
    return all;
  }

  test('is backed up first, and nothing of it is lost; conflicts are named', async () => {
    const { source, target } = await used();
    const before = await provenLog(target);
    const report = await migrate(source, target);
    expectAccounted(source, report);
    expect(report.verification).toMatchObject({ holds: true });
    expect(await provenLog(report.backup as string)).toEqual(before);
    expect((await provenLog(target)).slice(0, before.length)).toEqual(before);
    expect(report.entries).toContainEqual(
      expect.objectContaining({ id: 'wf-00001', outcome: 'repaired', done: 'became "deploy-1-wf-00001"' }),
    );
    expect(report.entries).toContainEqual(
      expect.objectContaining({ outcome: 'repaired', problem: 'its id is taken: wf-00003-r0001' }),
    );
    expect(report.errors).toContain('workflow_states wf-00002: the id "wf-00002" is taken by another stack');
    expect(report.rows.workflow_states).toMatchObject({ rejected: 1 });
    const again = await migrate(source, target);
    expect(again).toMatchObject({ events: 0, verification: { holds: true } });
  });

  test('is refused if it is not a database of ours, and the source if it is one', async () => {
    const { source, target } = fixture();
    writeFileSync(target, 'no database');
    await expect(migrate(source, target)).rejects.toMatchObject({ code: 'NOT_A_DATABASE' });
    expect(readFileSync(target, 'utf8')).toBe('no database');
    await expect(migrate(target, source)).rejects.toMatchObject({ code: 'NOT_A_LEGACY_DATABASE' });
    await expect(migrate(join(source, 'gone.db'), target)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});

describe('strict', () => {
  test('stops at the first row that cannot be taken unchanged, and changes nothing', async () => {
    const { source, target } = fixture();
    await expect(migrate(source, target, { strict: true })).rejects.toMatchObject({
      code: 'MIGRATION_STRICT',
      exitCode: 2,
      details: { table: 'workflow_resources', id: 'r-null' },
    });
    expect(existsSync(target)).toBe(false);
    expect(existsSync(`${target}.migration`)).toBe(false);
  });

  test('migrates everything if there is no such row', async () => {
    const folder = scratchFolder();
    const source = join(folder, 'old.db');
    makeLegacy(source, { workflows: 5, resources: 3, seed: 1, clean: true });
    const report = await migrate(source, join(folder, 'stacks.db'), { strict: true });
    expect(report).toMatchObject({ entries: [], errors: [], verification: { holds: true } });
  });
});

describe('a dry run', () => {
  test('reports the same and changes nothing', async () => {
    const { source, target, folder } = fixture();
    using migration = await StateBackend.prepareMigration(target, source, { clock: CLOCK });
    const dry = await migration.dryRun({ report: join(folder, 'dry.json') });
    expect(existsSync(target)).toBe(false);
    const real = await migration.carryOut();
    const { rows, entries, errors, events } = real;
    expect(dry).toMatchObject({ rows, entries, errors, events, dry_run: true, backup: null, target: real.target });
    expect(JSON.parse(readFileSync(join(folder, 'dry.json'), 'utf8'))).toMatchObject({ dry_run: true });
  });

  test('does not change a byte of a non-empty target', async () => {
    const { source, target } = fixture();
    await migrate(source, target);
    const before = readFileSync(target);
    change(source, NEW_WORKFLOW);
    using migration = await StateBackend.prepareMigration(target, source, { clock: CLOCK });
    expect(await migration.dryRun()).toMatchObject({ stacks_migrated: 1 });
    expect(readFileSync(target).equals(before)).toBe(true);
  });
});

describe('the script', () => {
  test.skipIf(withoutSqlite3())(
    'gives what the command gives, but for meta.imported, meta.content and the hashes',
    async () => {
      const { source, target, folder } = await awkward();
      const script = join(folder, 'migration.sql');
      const scripted = join(folder, 'scripted.db');
      using migration = await StateBackend.prepareMigration(scripted, source, { clock: CLOCK });
      const report = await migration.writeScript(script);
      expect(existsSync(scripted)).toBe(false);
      expect(runSqlite3(scripted, script)).toMatchObject({ code: 0, stderr: '' });
      const log = await provenLog(scripted);
      expect(log.at(-1)?.hash).toBe(report.head.hash);
      await migrate(source, target);
      expect(log.map(comparable)).toEqual((await provenLog(target)).map(comparable));
      expect(readFileSync(script, 'utf8')).toContain('meta.imported');
      expect(runSqlite3(scripted, script).code).not.toBe(0);
      expect(await migrate(source, scripted)).toMatchObject({ events: 0 });
    },
  );

  test.skipIf(withoutSqlite3())('goes on from a target that holds something', async () => {
    const { source, target, folder } = fixture();
    await migrate(source, target);
    change(
      source,
      `INSERT INTO workflow_activity (workflow_id, action, created_at) VALUES ('wf-00001', 'it''s; -- late', ${LATELY})`,
    );
    const script = join(folder, 'migration.sql');
    using migration = await StateBackend.prepareMigration(target, source, { clock: CLOCK });
    await migration.writeScript(script);
    await expect(migration.writeScript(script)).rejects.toMatchObject({ code: 'TARGET_EXISTS' });
    expect(runSqlite3(target, script)).toMatchObject({ code: 0 });
    expect((await provenLog(target)).at(-1)).toMatchObject({ type: 'ActivityRecorded' });
  });
});

describe('one at a time', () => {
  test('an interrupted migration of another source must be finished first', async () => {
    const { source, target } = fixture();
    writeFileSync(
      `${target}.migration`,
      JSON.stringify({
        migration: 'm',
        by: 'ana',
        started_at: '2026-01-01T00:00:00.000Z',
        source: '/other.db',
        backup: null,
      }),
    );
    await expect(migrate(source, target)).rejects.toMatchObject({ code: 'MIGRATION_UNDER_WAY', exitCode: 5 });
    writeFileSync(`${target}.migration`, 'nonsense');
    await expect(migrate(source, target)).rejects.toMatchObject({ code: 'CANNOT_READ' });
    expect(existsSync(target)).toBe(false);
  });
});
