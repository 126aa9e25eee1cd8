import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { compareMigration } from '../../src/migration/comparison.js';
import { keyOf } from '../../src/migration/report.js';
import { openLegacy } from '../../src/migration/source/source.js';
import { scratchFolder } from '../support/folder.js';
import { CLOCK, type Migrated, migrate } from '../support/migrations.js';

const FIXTURE = new URL('../fixtures/legacy/state.db', import.meta.url).pathname;

const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-test-'));
const target = join(folder, 'stacks.db');
let report: Migrated;
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  report = await migrate(FIXTURE, target);
});

/** Compares a changed copy of the source, or of the target, with the other one after the migration. */
async function compared({ source = [], tables = [] }: { source?: readonly string[]; tables?: readonly string[] }) {
  const folder = scratchFolder();
  const copy = (from: string, name: string, statements: readonly string[]): string => {
    copyFileSync(from, join(folder, name));
    const db = new Database(join(folder, name));
    for (const statement of statements) expect(db.prepare(statement).run().changes, statement).toBeGreaterThan(0);
    db.close();
    return join(folder, name);
  };
  const legacy = await openLegacy(copy(FIXTURE, 'old.db', source));
  const { store } = openEngine(copy(target, 'stacks.db', tables), CLOCK);
  const entries = new Map(report.entries.map(({ table, id, outcome }) => [`${table}/${id}`, outcome]));
  const migration = { id: report.migration, by: report.by, at: report.start_time, resumed: false };
  try {
    return await compareMigration(legacy, store, migration, (record) => entries.get(keyOf(record)));
  } finally {
    legacy.close();
    await store.close();
  }
}

test('the comparison counts the rows of each kind on both sides', async () => {
  const { equal, stacks, unaccounted } = await compared({});
  expect({ equal, unaccounted }).toEqual({ equal: true, unaccounted: [] });
  const stack = stacks.find(({ workflow }) => workflow === 'wf-00002');
  expect(stack?.source).toMatchObject({ resources: 8, outputs: 2, versions: 1, tags: 1, activity: 1 });
  expect(stack?.target).toEqual(stack?.source);
  expect(stacks.reduce((sum, { repaired }) => sum + repaired, 0)).toBeGreaterThan(0);
});

test.each<[string, string, string]>([
  [
    'a resource',
    "UPDATE workflow_resources SET attributes = '{}' WHERE id = 'wf-00002-r0001'",
    'resource package.res-1 is {"id":"wf-00002-r0001",',
  ],
  ['the metadata of a resource', "UPDATE workflow_resources SET action = 'x' WHERE id = 'wf-00002-r0001'", 'resource '],
  [
    'a resource that is not in the target',
    "UPDATE workflow_resources SET name = 'other' WHERE id = 'wf-00002-r0001'",
    'resource package.other is not in the target',
  ],
  [
    'a resource that no row has',
    "DELETE FROM workflow_resources WHERE id = 'wf-00002-r0001'",
    'resource package.res-1: in the target, but in no row',
  ],
  [
    'an output',
    "UPDATE workflow_outputs SET value = 'x' WHERE workflow_id = 'wf-00002'",
    'output out0 is "x" in the source',
  ],
  [
    'a field of the workflow',
    "UPDATE workflow_states SET metadata = '1' WHERE id = 'wf-00002'",
    'the fields of the stack is {',
  ],
  [
    'a version',
    "INSERT INTO state_versions (id, workflow_id, version, state) VALUES ('v', 'wf-00002', 99, '{}')",
    'state_versions/v is not in the target',
  ],
  [
    'the state of a version',
    'UPDATE state_versions SET state = \'{"outputs":{"o":1}}\' WHERE id = \'wf-00002-v1\'',
    'state_versions/wf-00002-v1: output o is not in the target',
  ],
  [
    'a tag',
    "INSERT INTO workflow_tags (workflow_id, tag) VALUES ('wf-00002', 'late')",
    'workflow_tags/wf-00002/late is not in the target',
  ],
  [
    'a finding',
    "INSERT INTO drift_detections (id, workflow_id, resource_id, resource_type) VALUES (99, 'wf-00002', 'r', 'x')",
    'drift_detections/99 is not in the target',
  ],
  [
    'activity',
    "INSERT INTO workflow_activity (id, workflow_id, action) VALUES (99, 'wf-00002', 'x')",
    'workflow_activity/99 is not in the target',
  ],
  [
    'a lock',
    "INSERT INTO locks (name, holder, expires_at) VALUES ('wf-00002', 'x', '2025-01-01')",
    'locks/wf-00002 is not in the target',
  ],
])('the comparison finds %s that differs', async (_, change, difference) => {
  const { equal, stacks } = await compared({ source: [change] });
  expect(equal).toBe(false);
  const unequal = stacks.filter((stack) => !stack.equal);
  expect(unequal.map(({ workflow }) => workflow)).toEqual(['wf-00002']);
  expect(unequal[0]?.differences.join('\n')).toContain(difference);
  expect(unequal[0]?.source.hash).not.toBe(unequal[0]?.target.hash);
});

test.each([
  [
    'outputs',
    "DELETE FROM output_history WHERE name = 'out0'",
    /^(state_versions.*: )?output out0 is not in the target$/,
  ],
  ['resources', 'DELETE FROM resource_history', /^(state_versions.*: )?resource .* is not in the target$/],
  ['commits', 'DELETE FROM commit_rows', /is not in the target$/],
])('the comparison finds damage in the table of %s', async (_, change, difference) => {
  const { equal, stacks } = await compared({ tables: [change] });
  expect(equal).toBe(false);
  const differences = stacks.flatMap((stack) => stack.differences);
  expect(differences.length).toBeGreaterThan(0);
  for (const words of differences) expect(words).toMatch(difference);
});

test('the comparison finds a workflow, a value of state and a row without a workflow that are not in the target', async () => {
  const { equal, stacks, unaccounted } = await compared({
    source: [
      "INSERT INTO workflow_states (id, name, status) VALUES ('wf-late', 'late', 'x')",
      "INSERT INTO state (key, value) VALUES ('late', 'x')",
      "INSERT INTO workflow_tags (workflow_id, tag) VALUES ('nobody', 'x')",
    ],
  });
  expect(equal).toBe(false);
  expect(stacks.filter((stack) => !stack.equal).flatMap(({ differences }) => differences)).toEqual([
    'workflow_states/wf-late is not in the target',
    'state/late is not in the target',
  ]);
  expect(unaccounted).toEqual(['workflow_tags/nobody/x belongs to no workflow, and no entry rejects it']);
});
