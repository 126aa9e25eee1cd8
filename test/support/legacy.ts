import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { LEGACY_TABLES, type LegacyTable } from '../../src/migration/source/source.js';

/** The tables as the legacy system creates them. */
const SCHEMA: Readonly<Record<LegacyTable, string>> = {
  workflow_states: `
CREATE TABLE workflow_states(id text primary key, name text not null, version integer default 1, status text not null,
  started_at datetime default current_timestamp, completed_at datetime, duration_seconds integer default 0, metadata text,
  error_msg text, locked_by text, created_at datetime default current_timestamp,
  updated_at datetime default current_timestamp);`,
  workflow_resources: `
CREATE TABLE workflow_resources(id text primary key,
  workflow_id text not null references workflow_states(id) on delete cascade, type text not null, name text not null,
  action text not null, status text not null, attributes text, created_at datetime default current_timestamp,
  updated_at datetime default current_timestamp);`,
  workflow_outputs: `
CREATE TABLE workflow_outputs(workflow_id text not null references workflow_states(id) on delete cascade,
  key text not null, value text not null, created_at datetime default current_timestamp, primary key(workflow_id, key));`,
  state_versions: `
CREATE TABLE state_versions(id text primary key,
  workflow_id text not null references workflow_states(id) on delete cascade, version integer not null,
  state text not null, created_at datetime default current_timestamp, created_by text, description text,
  unique(workflow_id, version));`,
  drift_detections: `
CREATE TABLE drift_detections(id integer primary key autoincrement,
  workflow_id text not null references workflow_states(id) on delete cascade, resource_id text not null,
  resource_type text not null, detected_at datetime default current_timestamp, expected text, actual text,
  drifted boolean default 0);`,
  workflow_tags: `
CREATE TABLE workflow_tags(workflow_id text not null, tag text not null, created_at datetime default current_timestamp,
  primary key(workflow_id, tag));`,
  workflow_activity: `
CREATE TABLE workflow_activity(id integer primary key autoincrement, workflow_id text not null, action text not null,
  details text, created_at datetime default current_timestamp, created_by text);`,
  locks: `
CREATE TABLE locks(name text primary key, holder text not null, acquired_at datetime default current_timestamp,
  expires_at datetime not null);`,
  state: `
CREATE TABLE state(key text primary key, value text not null, created_at datetime default current_timestamp,
  updated_at datetime default current_timestamp);`,
};

/** A legacy database without rows, open: the caller closes it. Foreign keys are not enforced, as in the legacy system. */
export function emptyLegacy(
  path: string,
  { without = [] }: { readonly without?: readonly LegacyTable[] } = {},
): Database.Database {
  rmSync(path, { force: true });
  const db = new Database(path);
  db.pragma('foreign_keys = OFF');
  db.pragma('synchronous = OFF');
  for (const table of LEGACY_TABLES) if (!without.includes(table)) db.exec(SCHEMA[table]);
  return db;
}

/**
 * Rows of each existing table, by a plain SELECT. Opening a database in WAL mode creates files beside it, so count in a
 * copy.
 */
export function legacyTables(path: string): Partial<Record<LegacyTable, number>> {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    const count = (table: LegacyTable) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
    return Object.fromEntries(
      LEGACY_TABLES.filter((table) => names.includes(table)).map((table) => [table, count(table)]),
    );
  } finally {
    db.close();
  }
}

export interface LegacyOptions {
  readonly workflows?: number;
  /** For each workflow. */
  readonly resources?: number;
  /** The minimum for each workflow; at most 4. */
  readonly versions?: number;
  readonly seed?: number;
  /** Without the awkward rows: all can be taken unchanged. */
  readonly clean?: boolean;
}

type Values = Readonly<Record<string, null | number | bigint | string | Buffer>>;
type Insert = (table: LegacyTable, values: Values) => void;

/**
 * Writes a legacy database, the same for the same options: `workflows` ordinary ones, `wf-00000` …, and awkward ones with
 * descriptive ids.
 */
export function makeLegacy(
  path: string,
  { workflows = 12, resources = 8, versions = 1, seed = 7, clean = false }: LegacyOptions = {},
): void {
  const db = emptyLegacy(path);
  const statements = new Map<string, Database.Statement>();
  const insert: Insert = (table, values) => {
    const columns = Object.keys(values);
    const sql = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
    const statement = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, statement);
    statement.run(...Object.values(values));
  };
  try {
    db.transaction(() => {
      const random = randomNumbers(seed);
      for (let index = 0; index < workflows; index++) ordinary(insert, random, index, resources, versions);
      if (clean) return;
      awkward(insert);
      // Invalid UTF-8, as written by a program that uses Latin-1.
      db.exec(`UPDATE workflow_states SET error_msg = CAST(x'66616361e76f' AS TEXT) WHERE id = 'wf-latin1'`);
    })();
  } finally {
    db.close();
  }
}

/** Integers from 0 to below a limit: mulberry32. */
type Random = (limit: number) => number;

function randomNumbers(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const STATUSES = ['pending', 'running', 'success', 'failed', 'rolled_back'] as const;
const TYPES = ['file', 'package', 'service', 'user', 'docker_container', 'aws_instance'] as const;

const HOUR = 3_600;

/** A time of the workflow with that number, this many seconds after its first, in SQLite's format. */
const at = (index: number, seconds = 0): string =>
  new Date(Date.UTC(2025, 0, 1) + ((index * 7 * HOUR) % (330 * 24 * HOUR)) * 1_000 + seconds * 1_000)
    .toISOString()
    .slice(0, 19)
    .replace('T', ' ');

/** A workflow without repairs. Its versions add, change and remove resources. */
function ordinary(insert: Insert, random: Random, index: number, resources: number, versions: number): void {
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T;
  const id = `wf-${String(index).padStart(5, '0')}`;
  const name = `deploy-${index}`;
  const status = pick(STATUSES);
  const count = versions + random(5 - versions);
  const done = status === 'pending' || status === 'running' ? null : at(index, 3 * HOUR);
  const metadata = { env: pick(['prod', 'dev', 'staging']), owner: 'ação' };
  insert('workflow_states', {
    id,
    name,
    version: count,
    status,
    started_at: at(index),
    completed_at: done,
    duration_seconds: random(4_000),
    metadata: JSON.stringify(metadata),
    error_msg: status === 'failed' ? 'exit 1: boom' : '',
    locked_by: '',
    created_at: at(index),
    updated_at: at(index, 6 * HOUR),
  });

  const rows = Array.from({ length: resources }, (_, place) => ({
    id: `${id}-r${String(place).padStart(4, '0')}`,
    type: TYPES[place % TYPES.length] as string,
    name: `res-${place}`,
    action: pick(['create', 'update', 'noop']),
    status: pick(['applied', 'pending', 'failed']),
    attributes: {
      path: `/srv/${index}/${place}`,
      mode: '0644',
      size: 1 + random(1_000_000),
      nested: { a: [1, 2, { b: null }] },
    },
  }));
  rows.forEach(({ attributes, ...row }, place) => {
    insert('workflow_resources', {
      ...row,
      workflow_id: id,
      attributes: JSON.stringify(attributes),
      created_at: at(index, 60 + place),
      updated_at: at(index, 5 * HOUR + place),
    });
  });

  const outputs = Object.fromEntries(Array.from({ length: random(4) }, (_, k) => [`out${k}`, `value ${index}.${k}`]));
  for (const [key, value] of Object.entries(outputs)) {
    insert('workflow_outputs', { workflow_id: id, key, value, created_at: at(index, 5 * HOUR) });
  }

  const gone = { id: `${id}-gone`, type: 'file', name: 'gone', action: 'create', status: 'applied', attributes: {} };
  for (let version = 1; version <= count; version++) {
    const last = version === count;
    const known = rows.slice(0, Math.max(1, Math.floor((resources * version) / count)));
    const then = known.map((row, place) =>
      last || place % 3 > 0 ? row : { ...row, attributes: { ...row.attributes, size: version } },
    );
    insert('state_versions', {
      id: `${id}-v${version}`,
      workflow_id: id,
      version,
      state: JSON.stringify({
        id,
        name,
        version,
        status: last ? status : 'running',
        resources: last ? then : [...then, gone],
        outputs: last ? outputs : {},
        metadata: last ? metadata : {},
      }),
      created_at: at(index, version * HOUR),
      created_by: pick(['system', 'alice']),
      description: `Version ${version}`,
    });
  }

  const [first] = rows;
  if (first && index % 3 === 0) {
    insert('drift_detections', {
      workflow_id: id,
      resource_id: first.id,
      resource_type: first.type,
      detected_at: at(index, 7 * HOUR),
      expected: '{"mode": "0644"}',
      actual: '{"mode": "0777"}',
      drifted: 1,
    });
  }
  if (index % 2 === 0) {
    for (const tag of ['production', `team-${random(5)}`]) {
      insert('workflow_tags', { workflow_id: id, tag, created_at: at(index, 60) });
    }
  }
  for (const [action, details] of [
    ['create', 'Workflow created'],
    ['update', '{"by":"plan"}'],
  ] as const) {
    insert('workflow_activity', {
      workflow_id: id,
      action,
      details,
      created_at: at(index, action === 'create' ? 0 : HOUR),
      created_by: 'system',
    });
  }
}

const GO_TIME = '2025-01-31 12:00:00.123456789 -0300 -03';
const TERMINAL = 'esc\u001b[31mred\u0007\nnewline';
/** Larger than a double can represent. */
const BIG = 2n ** 62n + 1n;

/** Unforeseen rows: each kind in its own workflow, and rows that belong to none. */
function awkward(insert: Insert): void {
  const workflow = (id: string, values: Values = {}): void =>
    insert('workflow_states', { id, name: id, status: 'success', metadata: '{}', created_at: at(40), ...values });
  const resource = (workflow_id: string, id: string, values: Values = {}): void =>
    insert('workflow_resources', {
      id,
      workflow_id,
      type: 'file',
      name: id,
      action: 'create',
      status: 'applied',
      attributes: '{}',
      created_at: at(40, 10),
      updated_at: at(40, 20),
      ...values,
    });
  const version = (workflow_id: string, number: number | bigint, state: string | Buffer, values: Values = {}): void =>
    insert('state_versions', {
      id: `${workflow_id}-v${number}`,
      workflow_id,
      version: number,
      state,
      created_at: at(40, Math.min(Number(number), 100) * HOUR),
      created_by: 'system',
      description: `Version ${number}`,
      ...values,
    });
  const output = (workflow_id: string, key: string, value: string | Buffer, values: Values = {}): void =>
    insert('workflow_outputs', { workflow_id, key, value, created_at: at(40, HOUR), ...values });
  const tag = (workflow_id: string, text: string, values: Values = {}): void =>
    insert('workflow_tags', { workflow_id, tag: text, created_at: at(40, HOUR), ...values });
  const activity = (workflow_id: string, action: string, values: Values = {}): void =>
    insert('workflow_activity', { workflow_id, action, details: '', created_at: at(40), created_by: 'bob', ...values });
  const drift = (workflow_id: string, resource_id: string, hours: number, values: Values = {}): void =>
    insert('drift_detections', {
      workflow_id,
      resource_id,
      resource_type: 'file',
      detected_at: at(40, hours * HOUR),
      expected: '{"mode":"0644"}',
      actual: '{"mode":"0777"}',
      drifted: 1,
      ...values,
    });

  // The content of `make-legacy-db.py`.
  workflow('wf-null', {
    name: 'nulls',
    version: null,
    started_at: null,
    completed_at: null,
    duration_seconds: null,
    metadata: null,
    error_msg: null,
    locked_by: null,
    updated_at: null,
  });
  resource('wf-null', 'r-null', { attributes: null, created_at: null, updated_at: null });
  resource('wf-null', 'r-one', { name: 'a' });
  resource('wf-null', 'r-dup', { name: 'a', action: 'update', updated_at: at(40, 30) });
  resource('wf-null', 'r-big', { attributes: '{"n":9007199254740993,"f":1e400,"exact":1.10}' });
  workflow('wf-badjson', { metadata: '{not json', status: 'failed', error_msg: 'x' });
  workflow('wf-dup', { name: 'deploy-0', version: 9 });
  workflow('wf-proto', { name: '__proto__', metadata: '{"__proto__":{"polluted":true},"constructor":1}' });
  workflow('wf-ansi', { name: TERMINAL, status: 'strange-status' });

  // Names.
  const odd = `it's "100%" ação 😀`;
  workflow(odd);
  resource(odd, 'r-odd', { type: TERMINAL, name: '  blanks  ', status: '', attributes: '[1, 2]' });
  resource(odd, 'r-empty', { type: '', name: '', attributes: '"text"' });
  workflow('wf-long', { name: 'n'.repeat(600), error_msg: 'e'.repeat(5_000), locked_by: 'alice' });
  resource('wf-long', 'r-long', { type: 't'.repeat(400), name: `${'é'.repeat(400)}1` });
  resource('wf-long', `r-${'i'.repeat(300)}`, { name: `${'é'.repeat(400)}2` });
  resource('wf-long', 'r-proto', { name: '__proto__', attributes: '{"__proto__":{"a":1},"toString":"x","\\ud800":1}' });
  output('wf-long', 'k'.repeat(600), 'v');

  // Times.
  workflow('wf-go', {
    created_at: GO_TIME,
    started_at: GO_TIME,
    completed_at: `${GO_TIME} m=+0.5`,
    updated_at: GO_TIME,
  });
  resource('wf-go', 'r-go', { created_at: GO_TIME, updated_at: '2025-02-01T00:00:00.5+01:00' });
  workflow('wf-epoch', { created_at: 1_738_324_800, started_at: 1_738_324_800_123, updated_at: 1_738_324_800.5 });
  workflow('wf-undated', { created_at: null, started_at: null, updated_at: null, completed_at: 'yesterday' });
  activity('wf-undated', 'create', { created_at: null, created_by: null, details: null });
  workflow('wf-future', { created_at: '2999-12-31 23:59:59', updated_at: '1999-01-01 00:00:00' });

  // Cells of unexpected types.
  workflow('wf-blob', { metadata: Buffer.from([0, 255, 1]), version: 'seven', duration_seconds: 1.5 });
  resource('wf-blob', 'r-blob', { attributes: Buffer.from('{"a":1}') });
  output('wf-blob', 'bytes', Buffer.from([1, 2, 3]));
  workflow('wf-int', { version: BIG, duration_seconds: 2n ** 53n + 1n, completed_at: at(40, HOUR) });
  version('wf-int', BIG, '{"resources":[],"n":12345678901234567890}', { created_at: at(40, HOUR) });
  workflow('wf-latin1', { status: 'failed' });

  // Removed resources, and some existing ones.
  workflow('wf-deleted');
  for (const [action, status] of [
    ['delete', 'applied'],
    ['destroy', 'success'],
    ['delete', 'deleted'],
    ['delete', 'pending'],
    ['destroy', 'failed'],
  ] as const) {
    resource('wf-deleted', `r-${action}-${status}`, { action, status });
  }
  resource('wf-deleted', 'r-made', { name: 'made and deleted' });
  resource('wf-deleted', 'r-unmade', { name: 'made and deleted', action: 'delete', updated_at: at(40, 40) });

  // Versions.
  const item = (id: string, size: number) => ({ id, type: 'file', name: id, status: 'applied', attributes: { size } });
  const state = (...resources: readonly object[]): string => JSON.stringify({ status: 'running', resources });
  workflow('wf-versions', { version: 9 });
  resource('wf-versions', 'va', { attributes: '{"size":3}' });
  version('wf-versions', 1, state(item('va', 1), item('vb', 1)));
  version('wf-versions', 2, state(item('va', 2), item('vb', 1)), { created_by: null, description: null });
  version('wf-versions', 3, state(item('va', 2)), { created_at: null });
  version('wf-versions', 4, 'no JSON at all');
  version('wf-versions', 5, '["an array"]');
  version('wf-versions', 6, '{"resources":"none","outputs":7,"metadata":null,"status":12}');
  version(
    'wf-versions',
    7,
    '{"resources":[1,null,{"name":"no type"},{"type":"file","name":"va"},{"type":"file","name":"va"}]}',
  );
  version('wf-versions', 8, '{"outputs":{"o":{"deep":[1.0,true]}},"metadata":{"__proto__":1},"resources":null}');
  version('wf-versions', 9, Buffer.from('{}'), { created_at: at(40) });
  output('wf-versions', 'o', '{"deep":[1.0,true]}');

  // Outputs, tags, drift, activity.
  workflow('wf-signals', { name: 'signals' });
  resource('wf-signals', 'r-signals');
  output('wf-signals', 'json', '{"a": 1}');
  output('wf-signals', 'text', 'plain', { created_at: null });
  output('wf-signals', '', 'no key');
  output('wf-signals', TERMINAL, '');
  for (const text of ['one', 'two', '', ' two ', TERMINAL, 'x'.repeat(300)]) tag('wf-signals', text);
  tag('wf-signals', 'undated', { created_at: null });
  drift('wf-signals', 'r-signals', 1);
  drift('wf-signals', 'r-signals', 2);
  drift('wf-signals', 'r-signals', 3, { actual: '{"mode":"0644"}', drifted: 0 });
  drift('wf-signals', 'r-signals', 4, { drifted: 0 });
  drift('wf-signals', 'r-signals', 5, { expected: '{broken', actual: null });
  drift('wf-signals', 'r-signals', 6, { drifted: null, detected_at: null });
  drift('wf-signals', 'r-nowhere', 7);
  activity('wf-signals', TERMINAL, { details: TERMINAL, created_by: TERMINAL });
  activity('wf-signals', '', { details: '{"n":9007199254740993}', created_by: '' });

  // A key that is NULL, which SQLite allows in a text primary key, and rows without a workflow.
  insert('workflow_states', { id: null, name: 'no id', status: 'success', created_at: at(40) });
  resource('wf-gone', 'r-orphan');
  output('wf-gone', 'k', 'v');
  version('wf-gone', 1, '{}');
  drift('wf-gone', 'r-orphan', 1);
  tag('wf-gone', 'orphan');
  activity('wf-gone', 'create');

  for (const [name, expires_at] of [
    ['wf-signals', '2099-01-01 00:00:00'],
    ['nulls', '2099-01-01 00:00:00'],
    ['wf-dup', at(40, HOUR)],
    ['wf-go', 'whenever'],
    ['no-workflow', '2099-01-01 00:00:00'],
    [TERMINAL, at(40)],
  ] as const) {
    insert('locks', { name, holder: 'host:1234', acquired_at: at(40), expires_at });
  }
  insert('state', { key: 'last_run', value: 'ok', created_at: at(40), updated_at: at(41) });
  insert('state', { key: 'config', value: '{"n":9007199254740993}', created_at: null, updated_at: null });
  insert('state', { key: TERMINAL, value: '', created_at: at(41), updated_at: at(40) });
}
