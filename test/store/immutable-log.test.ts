import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { scratchFolder } from '../support/folder.js';

describe('the event log cannot be changed', () => {
  let db: string;
  beforeEach(async () => {
    db = join(scratchFolder(), 'stacks.db');
    await using backend = await StateBackend.open(db);
    await backend.getStackManager().createStack({ name: 'a' });
    await backend.addTag('a', 't');
  });

  const COLUMNS =
    'position, stream, revision, version, type, schema_version, data, meta, recorded_at, command_id, hash';
  const row = (position: number | string, revision: number, stream = 1, version = 1) =>
    `(${position}, ${stream}, ${revision}, ${version}, 'TagAdded', 1, '{}', '{}', '2026-01-01T00:00:00.000Z', 'x', 'x')`;

  test.each([
    ['UPDATE', "UPDATE events SET data = '{}'"],
    ['UPDATE OR REPLACE', 'UPDATE OR REPLACE events SET position = 1 WHERE position = 2'],
    ['DELETE', 'DELETE FROM events WHERE position = 2'],
    ['REPLACE of a position', `INSERT OR REPLACE INTO events (${COLUMNS}) VALUES ${row(2, 2)}`],
    ['REPLACE of a revision at a free position', `INSERT OR REPLACE INTO events (${COLUMNS}) VALUES ${row(3, 2)}`],
    ['REPLACE INTO', `REPLACE INTO events (${COLUMNS}) VALUES ${row(1, 1)}`],
    ['UPSERT', `INSERT INTO events (${COLUMNS}) VALUES ${row(2, 2)} ON CONFLICT DO UPDATE SET data = 'x'`],
    ['INSERT OR IGNORE', `INSERT OR IGNORE INTO events (${COLUMNS}) VALUES ${row(2, 9)}`],
    ['a gap', `INSERT INTO events (${COLUMNS}) VALUES ${row(9, 3)}`],
    ['a gap in the revisions', `INSERT INTO events (${COLUMNS}) VALUES ${row(3, 4)}`],
    ['a stream that does not begin with revision 1', `INSERT INTO events (${COLUMNS}) VALUES ${row(3, 2, 3)}`],
    ['a version that goes back', `INSERT INTO events (${COLUMNS}) VALUES ${row(3, 3, 1, 0)}`],
    ['an INSERT before the first', `INSERT INTO events (${COLUMNS}) VALUES ${row(0, 3)}`],
    ['a negative position', `INSERT INTO events (${COLUMNS}) VALUES ${row(-1, 3)}`],
    [
      'a position left to SQLite over an existing revision',
      `INSERT OR REPLACE INTO events (${COLUMNS}) VALUES ${row('NULL', 2)}`,
    ],
  ])('%s, from a second connection without recursive triggers', (_, sql) => {
    const attacker = new Database(db);
    attacker.pragma('recursive_triggers = OFF');
    const rows = () => attacker.prepare('SELECT * FROM events').all();
    const before = rows();
    expect(() => attacker.exec(sql)).toThrow(/event log is (immutable|append-only)/);
    expect(rows()).toEqual(before);
    attacker.close();
  });

  test('the next event of a stream, and the first of another, are accepted', () => {
    const writer = new Database(db);
    writer.exec(`INSERT INTO events (${COLUMNS}) VALUES ${row(3, 3)}, ${row(4, 1, 4)}, ${row(5, 4, 1, 2)}`);
    expect(writer.prepare('SELECT max(position) FROM events').pluck().get()).toBe(5);
    writer.close();
  });
});

/** The specification's tables and every column it names. */
const SPECIFICATION: Readonly<Record<string, string>> = {
  stacks:
    'id name description version status created_at updated_at completed_at workflow_file task_results outputs configuration metadata execution_count last_duration last_error resource_version',
  resources:
    'id stack_id type name module properties dependencies state checksum created_at updated_at last_applied error_message metadata',
  state_versions: 'id stack_id version state_snapshot created_at created_by description checksum',
  drift_detections:
    'id stack_id resource_id detected_at expected_state actual_state drift_fields is_drifted resolution_status',
  state_locks: 'stack_id lock_id operation who created_at expires_at info',
  resource_dependencies: 'resource_id depends_on_id dependency_type created_at',
};

describe('the tables of the specification, for any SQLite client', () => {
  test('have every column, with the right values', async () => {
    const path = join(scratchFolder(), 'stacks.db');
    const backend = await StateBackend.open(path, { actor: 'ana' });
    const manager = backend.getStackManager();
    await manager.createStack({
      id: 's',
      name: 'shop',
      description: 'd',
      version: '1.0.0',
      configuration: { region: 'eu' },
    });
    await manager.apply({
      stack: 'shop',
      resources: [
        { type: 'net', name: 'main', id: 'net-1', properties: { cidr: '10/8', big: 12345678901234567890n as never } },
        { type: 'server', name: 'web', dependencies: ['net.main'], module: 'app' },
      ],
      outputs: [{ name: 'url', value: 'u' }],
    });
    await backend.createSnapshot('shop', 'bea', 'before');
    await backend.detectDrift('shop', 'net.main', { a: 1, b: 1 }, { a: 2, b: 1 });
    await backend.lockState('shop', { operation: 'deploy', who: 'ci', id: 'lock-1', info: 'i' });
    await backend.addTag('shop', 'prod');
    await manager.startExecution('shop', 'run-1', { lockId: 'lock-1' });
    await manager.failExecution(
      'shop',
      { executionId: 'run-1', error: 'boom', durationMs: 5, taskResults: { t: 1 } },
      { lockId: 'lock-1' },
    );

    const client = new Database(path, { readonly: true });
    const all = (sql: string) => client.prepare(sql).all();
    for (const [table, columns] of Object.entries(SPECIFICATION)) {
      const [first] = all(`SELECT ${columns.split(' ').join(', ')} FROM ${table}`);
      expect(first, table).toBeDefined();
    }
    expect(all('SELECT * FROM stacks')).toMatchObject([
      {
        id: 's',
        name: 'shop',
        version: '1.0.0',
        status: 'failed',
        outputs: '{"url":"u"}',
        configuration: '{"region":"eu"}',
        task_results: '{"t":1}',
        execution_count: 1,
        last_duration: 5,
        last_error: 'boom',
        resource_version: '4',
      },
    ]);
    expect(all("SELECT * FROM resources WHERE name = 'main'")).toMatchObject([
      {
        id: 'net-1',
        stack_id: 's',
        type: 'net',
        module: '',
        properties: '{"cidr":"10/8","big":12345678901234567890}',
        state: 'applied',
      },
    ]);
    expect(all('SELECT resource_id, depends_on_id, dependency_type FROM resource_dependencies')).toEqual([
      { resource_id: expect.stringMatching(/^res-\d+$/), depends_on_id: 'net-1', dependency_type: 'explicit' },
    ]);
    expect(all('SELECT * FROM drift_detections')).toMatchObject([
      { stack_id: 's', resource_id: 'net-1', drift_fields: '["a"]', is_drifted: 1, resolution_status: 'pending' },
    ]);
    expect(all('SELECT * FROM state_locks')).toMatchObject([
      { stack_id: 's', lock_id: 'lock-1', who: 'ci', info: 'i' },
    ]);
    expect(all('SELECT stack_id, tag FROM stack_tags')).toEqual([{ stack_id: 's', tag: 'prod' }]);
    expect(all('SELECT id, status, execution_number, error_message FROM stack_executions')).toEqual([
      { id: 'run-1', status: 'failed', execution_number: 1, error_message: 'boom' },
    ]);
    const versions = all(
      'SELECT version, created_by, description, state_snapshot FROM state_versions ORDER BY version',
    ) as {
      version: number;
      created_by: string;
      description: string;
      state_snapshot: string;
    }[];
    expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
    expect(versions[1]).toMatchObject({ created_by: 'bea', description: 'before' });
    const [first, second] = versions.map(({ state_snapshot }) => JSON.parse(state_snapshot));
    expect(first).toMatchObject({ stack: { name: 'shop' }, resources: [], outputs: {} });
    expect(second.resources).toHaveLength(2);
    expect(second.outputs).toEqual({ url: 'u' });
    expect(all('SELECT version, added, changed, removed, kind FROM stack_versions ORDER BY version')[1]).toEqual({
      version: 2,
      added: 2,
      changed: 0,
      removed: 0,
      kind: 'apply',
    });
    const activity = all('SELECT action, created_by FROM state_activity ORDER BY id') as { action: string }[];
    expect(activity.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['StackCreated', 'LockAcquired', 'DriftDetected']),
    );
    client.close();
    await backend.close();
  });
});
