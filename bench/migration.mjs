// Migration of 2,000 workflows of 50 resources with their versions, against the engine's own appends: of the very same
// commands, ready made and sent in the same groups; and of as many events as resources stated 50 and 1,000 to a commit.
// Claims: at most 1.5 times the time of the same commands; memory below 300 MB.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { openEngine } from '../dist/engine.js';
import { StateBackend } from '../dist/index.js';
import { planWorkflow } from '../dist/migration/plan.js';
import { openLegacy } from '../dist/migration/source/source.js';
import { commandId } from '../dist/migration/steps.js';
import { planStack, takeAll } from '../dist/migration/take.js';
import { interleaved } from './measure.mjs';

const WORKFLOWS = 2_000;
const RESOURCES = 50;
const VERSIONS = 4;

const SCHEMA = `
CREATE TABLE workflow_states (id TEXT PRIMARY KEY, name TEXT, version INTEGER, status TEXT, started_at TEXT, completed_at TEXT,
  duration_seconds INTEGER, metadata TEXT, error_msg TEXT, locked_by TEXT, created_at TEXT, updated_at TEXT);
CREATE TABLE workflow_resources (id TEXT PRIMARY KEY, workflow_id TEXT, type TEXT, name TEXT, action TEXT, status TEXT,
  attributes TEXT, created_at TEXT, updated_at TEXT);
CREATE TABLE workflow_outputs (workflow_id TEXT, key TEXT, value TEXT, created_at TEXT, PRIMARY KEY (workflow_id, key));
CREATE TABLE state_versions (id TEXT PRIMARY KEY, workflow_id TEXT, version INTEGER, state TEXT, created_at TEXT, created_by TEXT,
  description TEXT, UNIQUE (workflow_id, version));
CREATE TABLE workflow_tags (workflow_id TEXT, tag TEXT, created_at TEXT, PRIMARY KEY (workflow_id, tag));
CREATE TABLE workflow_activity (id INTEGER PRIMARY KEY, workflow_id TEXT, action TEXT, details TEXT, created_at TEXT, created_by TEXT);`;

const time = (w, minute) => `2025-01-${String((w % 28) + 1).padStart(2, '0')} 10:${String(minute).padStart(2, '0')}:00`;

const attributes = (w, n, v) => ({
  path: `/srv/${w}/${n}`,
  mode: '0644',
  size: (w * 7919 + n * 104729 + v) % 1_000_000,
  nested: { a: [1, 2, { b: null }] },
});

/** Each version holds more of the resources than the one before, and changes a tenth of those it shares with it. */
function fill(path, workflows) {
  const db = new Database(path);
  db.exec(SCHEMA);
  const insert = (table, row) =>
    db.prepare(`INSERT INTO ${table} VALUES (${row.map(() => '?').join(', ')})`).run(...row);
  db.transaction(() => {
    for (let w = 0; w < workflows; w++) {
      const id = `wf-${w}`;
      insert('workflow_states', [
        id,
        `deploy-${w}`,
        VERSIONS,
        'success',
        time(w, 0),
        time(w, 50),
        3_000,
        '{"env":"prod"}',
        '',
        '',
        time(w, 0),
        time(w, 51),
      ]);
      const resource = (n, v) => ({
        id: `${id}-r${n}`,
        type: ['file', 'package', 'service', 'user'][n % 4],
        name: `res-${n}`,
        action: 'create',
        status: 'applied',
        attributes: attributes(w, n, n % 10 === 0 ? v : 0),
      });
      for (let n = 0; n < RESOURCES; n++) {
        const one = resource(n, VERSIONS);
        insert('workflow_resources', [
          one.id,
          id,
          one.type,
          one.name,
          one.action,
          one.status,
          JSON.stringify(one.attributes),
          time(w, 1),
          time(w, 2),
        ]);
      }
      for (let v = 1; v <= VERSIONS; v++) {
        const resources = Array.from({ length: (RESOURCES * v) / VERSIONS }, (_, n) => resource(n, v));
        const state = {
          id,
          name: `deploy-${w}`,
          version: v,
          status: 'running',
          resources,
          outputs: { url: `v${v}` },
          metadata: {},
        };
        insert('state_versions', [
          `${id}-v${v}`,
          id,
          v,
          JSON.stringify(state),
          time(w, 10 * v),
          'system',
          `Version ${v}`,
        ]);
      }
      insert('workflow_outputs', [id, 'url', `v${VERSIONS}`, time(w, 40)]);
      insert('workflow_tags', [id, 'production', time(w, 0)]);
      insert('workflow_activity', [null, id, 'create', 'Workflow created', time(w, 0), 'system']);
    }
  })();
  db.close();
}

async function migrate(source, verify) {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  try {
    const migration = await StateBackend.prepareMigration(join(folder, 'target.db'), source);
    const { events, verification } = await migration.carryOut({ verify });
    migration[Symbol.dispose]();
    if (verify && !verification.holds) throw new Error('source and target do not say the same');
    return events;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** States as many resources, the last few of each stack to change. */
async function append(size, events) {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  const backend = await StateBackend.open(join(folder, 'target.db'), { actor: 'bench' });
  try {
    const manager = backend.getStackManager();
    for (let n = 0; n < events; n += size) {
      const stack = `stack-${Math.floor(n / 1_000)}`;
      if (n % 1_000 === 0) await manager.createStack({ name: stack });
      const resources = Array.from({ length: size }, (_, index) => ({
        type: 'file',
        name: `res-${(n + index) % 1_000}`,
        id: `${stack}-r${(n + index) % 1_000}`,
        properties: attributes(n, index, 0),
        metadata: { action: 'create', created_at: time(n, 1), updated_at: time(n, 2) },
      }));
      await manager.apply({ stack, resources });
    }
  } finally {
    await backend.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How many stacks a migration of these takes in together. */
const GROUP = 3;

/** The commands of a migration, planned beforehand. */
async function plansOf(path, migration) {
  const engine = openEngine(':memory:');
  const source = await openLegacy(path);
  const plans = [];
  for (const workflow of source.workflows()) {
    const { id } = workflow.workflow;
    const planOf = (options) => planWorkflow(workflow, options);
    plans.push(await planStack(engine.store, { id, creation: commandId(id, 'workflow_states'), planOf }, migration));
  }
  source.close();
  return plans;
}

async function appendPlanned(plans, migration) {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  const engine = openEngine(join(folder, 'target.db'));
  try {
    for (let n = 0; n < plans.length; n += GROUP) await takeAll(engine, plans.slice(n, n + GROUP), migration);
  } finally {
    await engine.store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Largest resident memory of a process that migrates, in MiB. */
function memory(source, verify) {
  const { stdout } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), source, verify], {
    encoding: 'utf8',
  });
  return Number(stdout);
}

export async function migration({ workflows = WORKFLOWS, rounds = 5 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  try {
    const source = join(folder, 'old.db');
    fill(source, workflows);
    const events = await migrate(source, false);
    const id = { id: 'bench', by: 'bench', at: new Date().toISOString(), resumed: false };
    const plans = await plansOf(source, id);
    const times = await interleaved(
      {
        'append, 1,000 a commit': () => append(1_000, events),
        'append, 50 a commit': () => append(50, events),
        'append, the same commands': () => appendPlanned(plans, id),
        migrate: () => migrate(source, false),
        'migrate and verify': () => migrate(source, true),
      },
      { rounds, times: 1, warmUp: false },
    );
    const base = times['append, the same commands'].median;
    return Object.entries(times).map(([what, { median, min, max }]) => ({
      what,
      events,
      'events/s': Math.round(events / (median / 1000)).toLocaleString('en-US'),
      'times the same commands': (median / base).toFixed(2),
      'seconds (min–max)': `${(median / 1000).toFixed(1)} (${(min / 1000).toFixed(1)}–${(max / 1000).toFixed(1)})`,
      MiB: what.startsWith('migrate') ? memory(source, what === 'migrate and verify') : '',
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await migrate(process.argv[2], process.argv[3] === 'true');
  console.log(Math.round(process.resourceUsage().maxRSS / 1024));
}
