import { describe, expect, test } from 'vitest';
import type { Command, EnvelopeInput } from '../../src/commands/index.js';
import { openEngine } from '../../src/engine.js';
import { type Json, JsonNumber, parseJson, stringifyJson } from '../../src/lib/json.js';
import type {
  Cell,
  LegacyRecord,
  LegacySource,
  LegacyTable,
  LegacyWorkflow,
} from '../../src/migration/source/source.js';
import type { EventStore } from '../../src/store/event-store.js';
import type { Entries } from '../oracle/source-content.js';
import { type StackVerification, verifyMigration } from '../oracle/verify.js';
import { TestClock } from '../support/clock.js';
import { sourceOf } from '../support/legacy-rows.js';

/** When the migration ran. */
const NOW = '2026-01-01T00:00:00.000Z';
type Row = Record<string, Cell>;
/** Rows by their place in the test, so that one of them can be changed. */
type Rows = Record<string, { readonly table: LegacyTable; readonly row: Row }>;

const BIG = '{"env":"prod","n":9007199254740993}';
const state = (fields: object) =>
  JSON.stringify({ id: 'wf-1', name: 'web', status: 'running', metadata: {}, ...fields });
const FILE = { id: 'r-1', type: 'file', name: 'a', action: 'create', status: 'applied', attributes: { mode: '0600' } };
const STATE_1 = state({ version: 1, resources: [FILE], outputs: { url: 'http://x', n: { a: 1 } } });
const SERVICE = { id: 'r-2', type: 'service', name: 'b', action: 'noop', status: 'pending', attributes: { up: true } };
const STATE_2 = state({
  version: 2,
  status: 'success',
  resources: [FILE, SERVICE],
  outputs: { url: 'http://x', n: { a: 2 } },
});

/** A small workflow of the old system, with one of everything. */
const rowsOf = (): Rows => {
  const workflow_id = 'wf-1';
  const resource = (id: string, type: string, name: string, rest: Row): Rows[string] => {
    const row = { id, workflow_id, type, name, action: 'create', status: 'applied', attributes: '{}', ...rest };
    return { table: 'workflow_resources', row };
  };
  const drift = (id: bigint, hour: string, drifted: bigint, actual: string): Rows[string] => ({
    table: 'drift_detections',
    row: {
      id,
      workflow_id,
      resource_id: 'r-1',
      resource_type: 'file',
      detected_at: `2025-01-05 ${hour}:00:00`,
      expected: '{"mode":"0644"}',
      actual,
      drifted,
    },
  });
  return {
    workflow: {
      table: 'workflow_states',
      row: {
        id: 'wf-1',
        name: 'web',
        version: 2n,
        status: 'rolled_back',
        started_at: '2025-01-01 00:30:00',
        completed_at: '2025-01-03 00:00:00.5',
        duration_seconds: 600n,
        metadata: BIG,
        error_msg: 'boom',
        locked_by: '',
        created_at: '2025-01-01 00:00:00',
        updated_at: '2025-01-04 00:00:00',
      },
    },
    file: resource('r-1', 'file', 'a', {
      attributes: '{"mode": "0644", "size": 1.0, "big": 12345678901234567890}',
      created_at: '2025-01-01 01:00:00',
      updated_at: '2025-01-03 10:00:00.123456',
    }),
    service: resource('r-2', 'service', 'b', {
      action: 'noop',
      status: 'pending',
      attributes: '{"up":true}',
      created_at: '2025-01-01 02:00:00',
      updated_at: '2025-01-01 02:00:00',
    }),
    replaced: resource('r-3', 'file', 'c', { created_at: '2025-01-03 01:00:00', updated_at: '2025-01-03 01:00:00' }),
    replacing: resource('r-4', 'file', 'c', { created_at: '2025-01-03 02:00:00', updated_at: '2025-01-03 02:00:00' }),
    gone: resource('r-5', 'user', 'd', {
      action: 'delete',
      attributes: '{"uid":7}',
      created_at: '2025-01-03 03:00:00',
      updated_at: '2025-01-03 03:00:00',
    }),
    url: { table: 'workflow_outputs', row: { workflow_id, key: 'url', value: 'http://x' } },
    n: { table: 'workflow_outputs', row: { workflow_id, key: 'n', value: '{"a": 2}' } },
    plain: { table: 'workflow_outputs', row: { workflow_id, key: 'plain', value: '[1]' } },
    v2: {
      table: 'state_versions',
      row: {
        id: 'v-2',
        workflow_id,
        version: 2n,
        state: STATE_2,
        created_at: '2025-01-02 01:00:00 +0000 UTC',
        created_by: null,
        description: null,
      },
    },
    v1: {
      table: 'state_versions',
      row: {
        id: 'v-1',
        workflow_id,
        version: 1n,
        state: STATE_1,
        created_at: '2025-01-01 01:00:00',
        created_by: 'ana',
        description: 'first',
      },
    },
    prod: { table: 'workflow_tags', row: { workflow_id, tag: 'prod', created_at: '2025-01-05 00:00:00' } },
    found: drift(1n, '01', 1n, '{"mode":"0777"}'),
    again: drift(2n, '02', 1n, '{"mode":"0777"}'),
    worse: drift(3n, '03', 1n, '{"mode":"0666"}'),
    cleared: drift(4n, '04', 0n, '{"mode":"0644"}'),
    deployed: {
      table: 'workflow_activity',
      row: {
        id: 1n,
        workflow_id,
        action: 'deploy',
        details: 'by hand',
        created_at: '2025-01-06 00:00:00',
        created_by: 'bob',
      },
    },
    silent: {
      table: 'workflow_activity',
      row: { id: 2n, workflow_id, action: 'lock', details: null, created_at: 1736208000n, created_by: null },
    },
    running: {
      table: 'locks',
      row: {
        name: 'wf-1',
        holder: 'ci',
        acquired_at: '2025-12-31 23:00:00',
        expires_at: '2026-01-01T03:00:00+02:00',
      },
    },
  };
};

/** All rows of those tables whose rows the target does not have as they were. */
const ENTRIES: Entries = new Map([['workflow_resources/r-4', 'repaired']]);

const recordOf = ({ table, row }: Rows[string]): LegacyRecord => ({
  table,
  id: String(row.id ?? row.key ?? row.tag ?? row.name),
  row,
});

function workflowOf(rows: Rows): { readonly workflow: LegacyWorkflow; readonly locks: LegacyRecord[] } {
  const of = (table: LegacyTable): LegacyRecord[] =>
    Object.values(rows)
      .filter((one) => one.table === table)
      .map(recordOf);
  const [workflow] = of('workflow_states') as [LegacyRecord];
  return {
    workflow: {
      workflow,
      resources: of('workflow_resources'),
      outputs: of('workflow_outputs'),
      versions: of('state_versions'),
      drift: of('drift_detections'),
      tags: of('workflow_tags'),
      activity: of('workflow_activity'),
      locks: [], // the verification finds their owners itself
    },
    locks: of('locks'),
  };
}

/** One command of the migration, as plain objects, so that a test can change any part of it. */
interface Step {
  command: Record<string, unknown>;
  happened: string;
  actor: string;
  reason?: string;
}
type Steps = Record<string, Step>;

const asJson = (text: string): Json => parseJson(text);

/** What docs/adr/0017 makes of the rows above. */
const stepsOf = (): Steps => {
  const step = (happened: string, command: object, actor = 'unknown', reason?: string): Step => ({
    command: { stack: 'wf-1', ...command },
    happened: `2025-01-${happened}Z`,
    actor,
    ...(reason === undefined ? {} : { reason }),
  });
  const commit = { type: 'apply', kind: 'import' };
  const origin = { format: 'workflow', lineage: 'wf-1' };
  const version = (id: string, number: number, rest: object) => ({
    serial: number,
    header: {
      version: { id, workflow_id: 'wf-1', version: number, ...rest },
      state: { id: 'wf-1', name: 'web', version: number },
    },
    ...origin,
  });
  const file = { type: 'file', name: 'a', state: 'applied' };
  const drift = (actual: Json) => ({
    type: 'detectDrift',
    findings: [{ resource: 'r-1', expected: { mode: '0644' }, actual }],
  });
  const other = (at: string, action = 'create') => ({
    type: 'file',
    name: 'c',
    properties: {},
    state: 'applied',
    metadata: { action, created_at: `2025-01-03 ${at}`, updated_at: `2025-01-03 ${at}` },
    lastApplied: `2025-01-03T${at}.000Z`,
  });
  const row = recordOf(rowsOf().workflow as Rows[string]).row;
  return {
    create: step('01T00:00:00.000', { type: 'createStack', stack: undefined, id: 'wf-1', name: 'web' }),
    start: step('01T00:30:00.000', { type: 'startExecution', executionId: 'wf-1' }),
    v1: step(
      '01T01:00:00.000',
      {
        ...commit,
        resources: [{ ...file, id: 'r-1', properties: { mode: '0600' }, metadata: { action: 'create' } }],
        outputs: [
          { name: 'url', value: 'http://x' },
          { name: 'n', value: { a: 1 } },
        ],
        document: {
          status: 'running',
          metadata: {},
          origin: version('v-1', 1, { created_at: '2025-01-01 01:00:00', created_by: 'ana', description: 'first' }),
        },
      },
      'ana',
      'first',
    ),
    v2: step('02T01:00:00.000', {
      ...commit,
      resources: [
        {
          ...{ type: 'service', name: 'b', id: 'r-2', state: 'pending', properties: { up: true } },
          metadata: { action: 'noop', created_at: '2025-01-01 02:00:00', updated_at: '2025-01-01 02:00:00' },
        },
      ],
      outputs: [{ name: 'n', value: { a: 2 } }],
      document: {
        status: 'completed',
        metadata: {},
        origin: version('v-2', 2, { created_at: '2025-01-02 01:00:00 +0000 UTC', created_by: null, description: null }),
      },
    }),
    fail: step('03T00:00:00.500', { type: 'failExecution', executionId: 'wf-1', error: 'boom', durationMs: 600_000 }),
    replaced: step('03T01:00:00.000', { ...commit, resources: [{ ...other('01:00:00'), id: 'r-3' }] }),
    gone: step('03T03:00:00.000', {
      ...commit,
      resources: [
        {
          ...{ type: 'user', name: 'd', id: 'r-5', state: 'applied', properties: { uid: 7 } },
          metadata: { action: 'delete', created_at: '2025-01-03 03:00:00', updated_at: '2025-01-03 03:00:00' },
          lastApplied: '2025-01-03T03:00:00.000Z',
        },
      ],
    }),
    removal: step('03T03:00:00.000', { ...commit, remove: ['user.d'] }),
    current: step('04T00:00:00.000', {
      ...commit,
      resources: [
        {
          ...file,
          properties: asJson('{"mode":"0644","size":1,"big":12345678901234567890}'),
          metadata: { action: 'create', created_at: '2025-01-01 01:00:00', updated_at: '2025-01-03 10:00:00.123456' },
          lastApplied: '2025-01-03T10:00:00.123Z',
        },
        { ...other('02:00:00'), metadata: { ...other('02:00:00').metadata, id: 'r-4' } },
      ],
      outputs: [{ name: 'plain', value: '[1]' }],
      document: {
        status: 'rolled_back',
        version: '2',
        metadata: asJson(BIG),
        origin: {
          serial: 2,
          header: { row: { ...row, version: 2, duration_seconds: new JsonNumber('600') } },
          ...origin,
        },
      },
    }),
    prod: step('05T00:00:00.000', { type: 'addTags', tags: ['prod'] }),
    found: step('05T01:00:00.000', drift({ mode: '0777' })),
    again: step('05T02:00:00.000', {
      type: 'recordActivity',
      action: 'drift',
      details: { ...rowsOf().again?.row, id: 2, drifted: 1 },
    }),
    worse: step('05T03:00:00.000', drift({ mode: '0666' })),
    cleared: step('05T04:00:00.000', drift({ mode: '0644' })),
    deployed: step('06T00:00:00.000', { type: 'recordActivity', action: 'deploy', details: 'by hand' }, 'bob'),
    silent: step('07T00:00:00.000', { type: 'recordActivity', action: 'lock' }),
    lock: {
      command: { type: 'acquireLock', stack: 'wf-1', id: 'l-1', operation: 'old lock', who: 'ci', ttlMs: 3_600_000 },
      happened: NOW,
      actor: 'unknown',
    },
  };
};

interface Target {
  readonly store: EventStore;
  /** Something done by somebody else. */
  readonly also: (command: {
    readonly type: string;
    readonly stack: string;
    readonly [field: string]: unknown;
  }) => Promise<unknown>;
  /** More of a migration. */
  readonly migrate: (steps: Steps, migration?: string) => Promise<void>;
}

async function targetOf(steps: Steps): Promise<Target> {
  const engine = openEngine(':memory:', new TestClock());
  const migrate = async (all: Steps, migration = 'm-1'): Promise<void> => {
    for (const [name, { command, happened, actor, reason }] of Object.entries(all)) {
      const given = Object.fromEntries(Object.entries(command).filter(([, value]) => value !== undefined));
      const envelope: EnvelopeInput = {
        actor,
        source: 'migration',
        commandId: `migration-${migration}-${name}`,
        imported: { migration, by: 'op', at: NOW, happened },
        ...(reason === undefined ? {} : { reason }),
      };
      await engine.execute(given as unknown as Command, envelope);
    }
  };
  await migrate(steps);
  const also = (command: { readonly stack: string }) =>
    engine.execute(command as unknown as Command, {
      actor: 'eve',
      ...(steps.lock && command.stack === 'wf-1' ? { lockId: 'l-1' } : {}),
    });
  return { store: engine.store, also, migrate };
}

async function verified(
  rows: Rows,
  { store }: Pick<Target, 'store'>,
  entries = ENTRIES,
  migration?: string,
): Promise<StackVerification> {
  const { workflow, locks } = workflowOf(rows);
  const options = { entries, ...(migration === undefined ? {} : { migration }) };
  const { equal, stacks } = await verifyMigration(sourceOf([workflow], { locks }), store, options);
  const [stack] = stacks as [StackVerification];
  expect([stacks.length, equal]).toEqual([1, stack.equal]);
  return stack;
}

describe('what was migrated by the book', () => {
  test('is equal, and counted', async () => {
    const result = await verified(rowsOf(), await targetOf(stepsOf()));
    const counts = { resources: 4, outputs: 3, versions: 2, tags: 1, drift: 4, activity: 2, locks: 1 };
    expect(result.differences).toEqual([]);
    expect(result).toMatchObject({ workflow: 'wf-1', stack: 'wf-1', equal: true, repaired: 1, rejected: 0 });
    expect(result.source).toMatchObject(counts);
    expect(result.target).toEqual(result.source);
    expect(result.source.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('however it was changed here since, and when it was deleted', async () => {
    const target = await targetOf(stepsOf());
    const before = await verified(rowsOf(), target);
    await target.also({ type: 'apply', stack: 'wf-1', remove: ['file.a'], resources: [{ type: 'x', name: 'new' }] });
    await target.also({ type: 'updateStack', stack: 'wf-1', name: 'renamed', status: 'fine', metadata: 1 });
    await target.also({ type: 'addTags', stack: 'wf-1', tags: ['mine'] });
    await target.also({ type: 'removeTags', stack: 'wf-1', tags: ['prod'] });
    await target.also({ type: 'addTags', stack: 'wf-1', tags: ['prod'] });
    await target.also({ type: 'detectDrift', stack: 'wf-1', findings: [{ resource: 'x.new', actual: { a: 1 } }] });
    await target.also({ type: 'recordActivity', stack: 'wf-1', action: 'looked' });
    await target.also({ type: 'startExecution', stack: 'wf-1' });
    expect(await verified(rowsOf(), target)).toEqual(before);
    await target.also({ type: 'deleteStack', stack: 'wf-1' });
    expect(await verified(rowsOf(), target)).toEqual(before);
  });

  test('spelled otherwise', async () => {
    const rows = rowsOf();
    set(rows, 'file', { attributes: '{"big":12345678901234567890,"size":10e-1,"mode":"\\u0030644"}' });
    expect((await verified(rows, await targetOf(stepsOf()))).equal).toBe(true);
  });

  test('with a tag that somebody had given it here before', async () => {
    const target = await targetOf(stepsOf());
    await target.also({ type: 'addTags', stack: 'wf-1', tags: ['eu'] });
    const rows = { ...rowsOf(), eu: { table: 'workflow_tags', row: { tag: 'eu', created_at: NOW } } as Rows[string] };
    expect((await verified(rows, target)).equal).toBe(true);
  });
});

describe('also equal', () => {
  const equal = async (rows: Rows, steps: Steps, entries = ENTRIES): Promise<void> =>
    expect((await verified(rows, await targetOf(steps), entries)).differences).toEqual([]);
  const note = (rows: Rows, name: string, changed: Row, number: number) => {
    set(rows, name, changed);
    return {
      type: 'recordActivity',
      stack: 'wf-1',
      action: 'drift',
      details: { ...rows[name]?.row, id: number, drifted: 1 },
    };
  };

  test('rows in another order than that of their times', async () => {
    await equal(Object.fromEntries(Object.entries(rowsOf()).reverse()), stepsOf());
  });

  test('rows of one resource that were written at one time, by when they were made', async () => {
    const rows = rowsOf();
    const { replaced, ...others } = rows as Rows & { replaced: Rows[string] };
    set(rows, 'replaced', { updated_at: '2025-01-03 02:00:00' });
    const steps = stepsOf();
    edit('replaced', (command) => {
      put((resourceOf(command) as { metadata: object }).metadata, { updated_at: '2025-01-03 02:00:00' });
      put(resourceOf(command), { lastApplied: '2025-01-03T02:00:00.000Z' });
    })(steps);
    await equal({ ...others, replaced }, steps);
  });

  test.each<[Cell, string]>([
    ['0x2', '0x2'],
    [-2n, '-2'],
    [1.5, '1.5'],
    [null, ''],
  ])('a workflow’s version that is no serial: %s', async (version, label) => {
    const rows = rowsOf();
    set(rows, 'workflow', { version });
    const steps = stepsOf();
    edit('current', (command) => {
      put(documentOf(command), { version: label });
      put(originOf(command), { serial: 0 });
      put((originOf(command).header as unknown as { row: object }).row, {
        version: typeof version === 'bigint' ? -2 : version,
      });
    })(steps);
    await equal(rows, steps);
  });

  test.each<[string, Json, Cell, Json]>([
    ['a number no JSON has', 1, Number.POSITIVE_INFINITY, 'Infinity'],
    ['a text in JSON, as the last version has it', 'abc', '"abc"', 'abc'],
    ['a text in JSON that the last version has otherwise', 'abd', '"abc"', '"abc"'],
    ['a number, as the last version has it', new JsonNumber('1e400'), '10e399', new JsonNumber('1e400')],
  ])('an output of %s', async (_, before, value, value2) => {
    const rows = rowsOf();
    const said = { ...JSON.parse(STATE_2), outputs: { url: 'http://x', n: { a: 2 }, plain: before } };
    set(rows, 'v2', { state: stringifyJson(said) });
    set(rows, 'plain', { value });
    const steps = stepsOf();
    edit('v2', (command) => (command.outputs as unknown as object[]).push({ name: 'plain', value: before }))(steps);
    edit('current', (command) => put(command, { outputs: [{ name: 'plain', value: value2 }] }))(steps);
    await equal(rows, steps);
  });

  test('what follows a version or a finding that was rejected', async () => {
    const rows = rowsOf();
    rows.v3 = { table: 'state_versions', row: { id: 'v-3', version: 3n, state: '[]' } };
    const steps = stepsOf();
    const { found, ...others } = steps as Steps & { found: Step };
    others.again = { ...found, happened: '2025-01-05T02:00:00.000Z' };
    const rejected = ['state_versions/v-3', 'drift_detections/1'].map((row) => [row, 'rejected'] as const);
    await equal(rows, others, new Map([...ENTRIES, ...rejected]));
  });

  test('a document that a migration changed between versions', async () => {
    const { create, start, v1, v2, ...rest } = stepsOf() as Record<'create' | 'start' | 'v1' | 'v2', Step> & Steps;
    const command = { type: 'updateStack', stack: 'wf-1', description: 'x' };
    const update: Step = { command, happened: '2025-01-02T02:00:00.000Z', actor: 'unknown' };
    await equal(rowsOf(), { create, start, v1, v2, update, ...rest });
  });

  test('more than a page of events', async () => {
    const tags = Array.from({ length: 600 }, (_, index) => `t${index}`);
    const rows = rowsOf();
    for (const tag of tags) rows[tag] = { table: 'workflow_tags', row: { tag, created_at: '2025-01-05' } };
    const steps = stepsOf();
    edit('prod', (command) => put(command, { tags: ['prod', ...tags] }))(steps);
    await equal(rows, steps);
  });

  test.each<[string, string]>([
    ['the id of another row about it', 'r-4'],
    ['the id it could not have', 'r-8'],
    ['its address', 'file.e'],
  ])('a finding of a resource by %s', async (_, resource_id) => {
    const rows = rowsOf();
    const steps = stepsOf();
    rows.e = {
      table: 'workflow_resources',
      row: { id: 'r-8', type: 'file', name: 'e', action: 'x', status: 'failed', attributes: '{}' },
    };
    const one = { type: 'file', name: 'e', properties: {}, state: 'failed', metadata: { action: 'x', id: 'r-8' } };
    edit('current', (command) => (command.resources as unknown as object[]).push(one))(steps);
    const details = note(rows, 'again', { resource_id }, 2);
    for (const name of ['found', 'worse', 'cleared']) set(rows, name, { resource_id });
    for (const name of ['found', 'worse', 'cleared']) {
      const resource = resource_id === 'r-4' ? 'r-3' : 'file.e';
      edit(name, (command) => put((command.findings as object[])[0] as object, { resource }))(steps);
    }
    put(steps.again as Step, { command: details });
    await equal(rows, steps);
  });
});

describe('differences', () => {
  test('are told beside what is most like it, and each once', async () => {
    const rows = rowsOf();
    set(rows, 'silent', { details: 'loud' });
    set(rows, 'deployed', { details: 'by force' });
    set(rows, 'v1', { state: STATE_1.replace('0600', '0601') });
    const backwards = Object.fromEntries(Object.entries(rows).reverse());
    expect((await verified(backwards, await targetOf(stepsOf()))).differences.toSorted()).toEqual([
      'state_versions/v-1: resource file.a: attributes is {"mode":"0601"} in the source, {"mode":"0600"} in the target',
      'workflow_activity/1: details is "by force" in the source, "by hand" in the target',
      'workflow_activity/2: details is "loud" in the source, null in the target',
    ]);
  });

  test('are the first ten', async () => {
    const { workflow } = rowsOf();
    const { differences } = await verified({ workflow } as Rows, await targetOf(stepsOf()));
    expect(differences).toHaveLength(10);
  });
});

const set = (rows: Rows, name: string, cells: Row): void => {
  Object.assign((rows[name] as Rows[string]).row, cells);
};
const edit = (name: string, change: (command: Step['command']) => void) => (steps: Steps) =>
  change((steps[name] as Step).command);
const resourceOf = (command: Step['command'], at = 0) => (command.resources as Record<string, unknown>[])[at] as never;
const documentOf = (command: Step['command']) => command.document as Record<string, never>;
const originOf = (command: Step['command']) => documentOf(command).origin as unknown as Record<string, never>;
const put = (target: object, fields: object): void => {
  Object.assign(target, fields);
};

describe('a row that says something else than the target', () => {
  const without = (name: string) => (rows: Rows) => {
    delete rows[name];
  };
  const cells = (name: string, changed: Row) => (rows: Rows) => set(rows, name, changed);
  const inState = (change: (state: Record<string, never>) => void, text = STATE_2) => {
    const said = JSON.parse(text);
    change(said);
    return cells('v2', { state: JSON.stringify(said) });
  };
  const first = (said: Record<string, never>, fields: object) =>
    put((said.resources as unknown as object[])[0] as object, fields);
  test.each<[string, (rows: Rows) => void, string]>([
    [
      'the name',
      cells('workflow', { name: 'other' }),
      'workflow_states/wf-1: name is "other" in the source, "web" in the target',
    ],
    ['the status', cells('workflow', { status: 'success' }), 'workflow_states/wf-1: status'],
    ['a status we do not know', cells('workflow', { status: 'Rolled_back' }), 'workflow_states/wf-1: status'],
    ['the version', cells('workflow', { version: 3n }), 'workflow_states/wf-1: version'],
    ['the serial', cells('workflow', { version: 'two' }), 'workflow_states/wf-1: serial'],
    ['the start', cells('workflow', { started_at: '2025-01-01 00:30:01' }), 'workflow_states/wf-1: started_at'],
    ['the end', cells('workflow', { completed_at: '2025-01-03 00:00:00' }), 'workflow_states/wf-1: completed_at'],
    ['the duration', cells('workflow', { duration_seconds: 601n }), 'workflow_states/wf-1: duration_seconds'],
    ['the last digit of the metadata', cells('workflow', { metadata: BIG.replace('3}', '2}') }), 'wf-1: metadata'],
    ['no metadata', cells('workflow', { metadata: null }), 'workflow_states/wf-1: metadata is null'],
    ['the error', cells('workflow', { error_msg: 'Boom' }), 'workflow_states/wf-1: error_msg'],
    ['who held it', cells('workflow', { locked_by: 'eve' }), 'workflow_states/wf-1: the row'],
    ['the creation', cells('workflow', { created_at: '2025-01-01 00:00:01' }), 'workflow_states/wf-1: created_at'],
    ['the last change', cells('workflow', { updated_at: '2025-01-04 00:00:01' }), 'workflow_states/wf-1: the row'],
    ['a column more', cells('workflow', { extra: 1n }), 'workflow_states/wf-1: the row'],
    ['a status that has not begun', cells('workflow', { status: 'pending' }), 'wf-1: execution is "none"'],

    [
      'a resource more',
      (rows) => {
        rows.more = { table: 'workflow_resources', row: { ...rows.file?.row, id: 'r-9', name: 'z' } };
      },
      'workflow_resources/r-9 is not in the target',
    ],
    ['a resource less', without('service'), 'resource service.b: in the target, but in no row'],
    ['a resource’s id', cells('file', { id: 'r-11' }), 'workflow_resources/r-11: id is "r-11" in the source, "r-1"'],
    ['a resource’s type', cells('file', { type: 'File' }), 'workflow_resources/r-1 is not in the target'],
    ['a resource’s name', cells('file', { name: 'A' }), 'resource file.a: in the target, but in no row'],
    ['a resource’s status', cells('file', { status: 'failed' }), 'workflow_resources/r-1: status is "failed"'],
    ['a resource’s attribute', cells('service', { attributes: '{"up":"true"}' }), 'workflow_resources/r-2: attributes'],
    [
      'an attribute of null',
      cells('service', { attributes: '{"up":true,"x":null}' }),
      'workflow_resources/r-2: attributes',
    ],
    ['no attributes', cells('service', { attributes: null }), 'workflow_resources/r-2: attributes is {}'],
    [
      'a big number',
      cells('file', { attributes: '{"mode":"0644","size":1,"big":12345678901234567891}' }),
      'r-1: attributes',
    ],
    ['a resource’s action', cells('file', { action: 'update' }), 'workflow_resources/r-1: action'],
    [
      'when a resource was made',
      cells('file', { created_at: '2025-01-01 01:00:01' }),
      'workflow_resources/r-1: created_at',
    ],
    ['digits of when it was changed', cells('file', { updated_at: '2025-01-03 10:00:00.123457' }), 'r-1: updated_at'],
    [
      'when it was last applied',
      cells('file', { updated_at: '2025-01-03 10:00:00.2' }),
      'workflow_resources/r-1: last applied',
    ],
    [
      'a column of a resource',
      cells('file', { region: 'eu' }),
      'workflow_resources/r-1: region is "eu" in the source, nothing',
    ],
    ['that a resource is gone', cells('file', { action: 'destroy' }), 'resource file.a: in the target, but in no row'],
    [
      'that a resource is still there',
      cells('gone', { status: 'failed' }),
      'workflow_resources/r-5 is not in the target',
    ],
    [
      'an earlier value of a resource',
      cells('replaced', { attributes: '{"x":1}' }),
      'workflow_resources/r-3: attributes',
    ],
    [
      'the last value of what is gone',
      cells('gone', { attributes: '{"uid":8}' }),
      'workflow_resources/r-5: attributes',
    ],
    [
      'which row is the later one',
      cells('replaced', { updated_at: '2025-01-03 02:30:00' }),
      'workflow_resources/r-3: id is "r-3" in the source, "r-4" in the target',
    ],

    [
      'an output more',
      (rows) => {
        rows.more = { table: 'workflow_outputs', row: { key: 'z', value: '' } };
      },
      'workflow_outputs/z is not in the target',
    ],
    ['an output less', without('url'), 'output url: in the target, but in no row'],
    ['an output’s key', cells('url', { key: 'URL' }), 'workflow_outputs/URL is not in the target'],
    ['an output’s text', cells('url', { value: 'http://x ' }), 'workflow_outputs/url: value'],
    ['an output’s JSON', cells('n', { value: '{"a":3}' }), 'workflow_outputs/n: value is "{\\"a\\":3}"'],
    ['an output of JSON that no version has', cells('plain', { value: '[ 1]' }), 'workflow_outputs/plain: value'],
    [
      'an output that is a number',
      cells('plain', { value: 1n }),
      'workflow_outputs/plain: value is 1 in the source, "[1]"',
    ],

    [
      'a version more',
      (rows) => {
        rows.v3 = { table: 'state_versions', row: { ...rows.v2?.row, id: 'v-3', version: 3n } };
      },
      'state_versions/v-3 is not in the target',
    ],
    ['a version less', without('v1'), 'old version 1: in the target, but in no row'],
    ['a version’s number', cells('v1', { version: 7n }), 'state_versions/v-1 is not in the target'],
    ['a version’s id', cells('v1', { id: 'v-x' }), 'state_versions/v-x: the row'],
    ['a version’s time', cells('v1', { created_at: '2025-01-01 01:00:01' }), 'state_versions/v-1: created_at'],
    ['a version’s author', cells('v1', { created_by: 'bob' }), 'state_versions/v-1: created_by'],
    ['a version’s description', cells('v1', { description: null }), 'state_versions/v-1: description'],
    [
      'a version’s status',
      inState((said) => put(said, { status: 'failed' })),
      'state_versions/v-2: state.status is "failed"',
    ],
    [
      'a version’s metadata',
      inState((said) => put(said, { metadata: { a: 1 } })),
      'state_versions/v-2: state.metadata',
    ],
    [
      'another field of a version',
      inState((said) => put(said, { x: 1 })),
      'state_versions/v-2: the other fields of its state',
    ],
    [
      'a resource of a version more',
      inState((said) => put(said, { resources: [FILE, SERVICE, { ...FILE, name: 'z' }] })),
      'state_versions/v-2: resource file.z is not in the target',
    ],
    [
      'a resource of a version less',
      inState((said) => put(said, { resources: [FILE] })),
      'state_versions/v-2: resource service.b: in the target, but in no row',
    ],
    [
      'no resources in a version',
      inState((said) => put(said, { resources: null })),
      'state_versions/v-2: resource file.a: in the target, but in no row',
    ],
    [
      'the id of a resource of a version',
      inState((said) => first(said, { id: 'r-7' })),
      'resource file.a: id is "r-7"',
    ],
    [
      'the type of a resource of a version',
      inState((said) => first(said, { type: 'dir' })),
      'resource dir.a is not in the target',
    ],
    [
      'the status of a resource of a version',
      inState((said) => first(said, { status: 'failed' })),
      'resource file.a: status',
    ],
    [
      'the attributes of a resource of a version',
      inState((said) => first(said, { attributes: {} })),
      'resource file.a: attributes',
    ],
    [
      'the action of a resource of a version',
      inState((said) => first(said, { action: 'noop' })),
      'resource file.a: action',
    ],
    [
      'a field of a resource of a version',
      inState((said) => first(said, { created_at: 'x' })),
      'resource file.a: created_at',
    ],
    [
      'an output of a version more',
      inState((said) => put(said.outputs as never, { z: 1 })),
      'output z is not in the target',
    ],
    [
      'no outputs in a version',
      inState((said) => put(said, { outputs: {} })),
      'state_versions/v-2: output n: in the target, but in no row',
    ],
    [
      'an output’s value in a version',
      inState((said) => put(said.outputs as never, { url: 'y' })),
      'output url: value is "y"',
    ],

    [
      'a tag more',
      (rows) => {
        rows.eu = { table: 'workflow_tags', row: { tag: 'eu', created_at: NOW } };
      },
      'workflow_tags/eu is not in the target',
    ],
    ['a tag less', without('prod'), 'tag prod: in the target, but in no row'],
    ['a tag’s time', cells('prod', { created_at: '2025-01-05 00:00:01' }), 'workflow_tags/prod: created_at'],

    ['a finding’s resource', cells('found', { resource_id: 'r-2' }), 'drift_detections/1: resource_id'],
    ['what a finding expected', cells('found', { expected: '{"mode":"0640"}' }), 'drift_detections/1: expected'],
    ['what a finding saw', cells('found', { actual: '{"mode":"0770"}' }), 'drift_detections/1: actual'],
    ['a finding’s time', cells('found', { detected_at: '2025-01-05 01:00:01' }), 'drift_detections/1: detected_at'],
    ['that a finding was none', cells('worse', { drifted: 0n }), 'drift_detections/3: '],
    ['that nothing drifted', cells('found', { drifted: null }), 'drift_detections/1: '],
    ['a finding made again', cells('again', { resource_type: 'dir' }), 'drift_detections/2: the row'],
    ['a finding less', without('worse'), 'in the target, but in no row'],
    ['the time of an end', cells('cleared', { detected_at: '2025-01-05 05:00:00' }), 'drift_detections/4: detected_at'],

    ['an action', cells('deployed', { action: 'undeploy' }), 'workflow_activity/1: action'],
    ['details', cells('deployed', { details: 'By hand' }), 'workflow_activity/1: details'],
    ['details of nothing', cells('silent', { details: '' }), 'workflow_activity/2: details is "" in the source, null'],
    ['who did it', cells('deployed', { created_by: null }), 'workflow_activity/1: created_by is "unknown"'],
    ['when it was done', cells('silent', { created_at: 1736208001n }), 'workflow_activity/2: created_at'],
    ['an action less', without('deployed'), 'in the target, but in no row'],

    ['a lock’s holder', cells('running', { holder: 'eve' }), 'locks/wf-1: holder'],
    ['a lock’s end', cells('running', { expires_at: '2026-01-01 01:00:01' }), 'locks/wf-1: expires_at'],
    [
      'that a lock has run out',
      cells('running', { expires_at: '2026-01-01 00:00:00' }),
      'locks/wf-1 is not in the target',
    ],
    ['a lock less', without('running'), 'in the target, but in no row'],
  ])('%s', async (_, change, words) => {
    const rows = rowsOf();
    change(rows);
    const result = await verified(rows, await targetOf(stepsOf()));
    expect(result.equal).toBe(false);
    expect(result.source.hash).not.toBe(result.target.hash);
    expect(result.differences.join('\n')).toContain(words);
  });
});

describe('a target that says something else than the rows', () => {
  const without = (name: string) => (steps: Steps) => {
    delete steps[name];
  };
  const time = (name: string, happened: string) => (steps: Steps) => put(steps[name] as Step, { happened });
  const actor = (name: string) => (steps: Steps) => put(steps[name] as Step, { actor: 'eve' });
  const current = (fields: object) => edit('current', (command) => put(documentOf(command), fields));
  const origin = (name: string, fields: object) => edit(name, (command) => put(originOf(command), fields));
  const header = (name: string, fields: object) =>
    edit(name, (command) => put(originOf(command).header as never, fields));
  const resource = (name: string, fields: object, at = 0) =>
    edit(name, (command) => put(resourceOf(command, at), fields));
  const metadata = (name: string, fields: object) =>
    edit(name, (command) => put((resourceOf(command) as { metadata: object }).metadata, fields));
  test.each<[string, (steps: Steps) => void, string]>([
    ['another name', edit('create', (command) => put(command, { name: 'x' })), 'workflow_states/wf-1: name'],
    ['another creation', time('create', '2024-12-31T00:00:00.000Z'), 'workflow_states/wf-1: created_at'],
    ['another status', current({ status: 'failed' }), 'workflow_states/wf-1: status'],
    ['another version', current({ version: '2.0' }), 'workflow_states/wf-1: version'],
    ['other metadata', current({ metadata: asJson('{"env":"prod","n":9007199254740992}') }), 'wf-1: metadata'],
    ['another serial', origin('current', { serial: 1 }), 'workflow_states/wf-1: serial'],
    ['another format', origin('current', { format: 'x' }), 'workflow_states/wf-1: format'],
    ['another lineage', origin('current', { lineage: 'x' }), 'workflow_states/wf-1: lineage'],
    ['another row', header('current', { row: { id: 'wf-1' } }), 'workflow_states/wf-1: the row'],
    [
      'no execution',
      (steps) => {
        delete steps.start;
        delete steps.fail;
      },
      'wf-1: execution is "failed" in the source, "none"',
    ],
    ['an execution that goes on', without('fail'), 'workflow_states/wf-1: execution'],
    [
      'an execution that succeeded',
      edit('fail', (command) => put(command, { type: 'completeExecution', error: undefined })),
      'workflow_states/wf-1: execution',
    ],
    ['another start', time('start', '2025-01-01T00:30:00.001Z'), 'workflow_states/wf-1: started_at'],
    ['another end', time('fail', '2025-01-03T00:00:00.501Z'), 'workflow_states/wf-1: completed_at'],
    [
      'another duration',
      edit('fail', (command) => put(command, { durationMs: 600 })),
      'workflow_states/wf-1: duration_seconds',
    ],
    ['another error', edit('fail', (command) => put(command, { error: '' })), 'workflow_states/wf-1: error_msg'],

    ['other properties', resource('current', { properties: { mode: '0644' } }), 'workflow_resources/r-1: attributes'],
    ['another state', resource('current', { state: 'tainted' }), 'workflow_resources/r-1: status'],
    ['another id', resource('v1', { id: 'r-x' }), 'workflow_resources/r-1: id'],
    ['another name', resource('current', { name: 'x' }), 'workflow_resources/r-1: '],
    ['another module', resource('current', { module: 'm' }), 'workflow_resources/r-1: '],
    ['another action', metadata('current', { action: 'x' }), 'workflow_resources/r-1: action'],
    ['another time of making', metadata('current', { created_at: 'x' }), 'workflow_resources/r-1: created_at'],
    ['more metadata', metadata('current', { x: 1 }), 'workflow_resources/r-1: other columns'],
    ['another time of applying', resource('current', { lastApplied: NOW }), 'workflow_resources/r-1: last applied'],
    ['dependencies', resource('current', { dependencies: ['service.b'] }), 'workflow_resources/r-1: what no row says'],
    ['an error in a resource', resource('current', { errorMessage: 'x' }), 'workflow_resources/r-1: what no row says'],
    [
      'a resource of no row',
      edit('current', (command) => (command.resources as unknown as object[]).push({ type: 'x', name: 'y' })),
      'resource x.y: in the target, but in no row',
    ],
    [
      'a resource less',
      edit('current', (command) => put(command, { remove: ['service.b'] })),
      'workflow_resources/r-2 is not in the target',
    ],
    ['no earlier value', without('replaced'), 'workflow_resources/r-3'],
    ['another earlier value', resource('replaced', { properties: { x: 1 } }), 'workflow_resources/r-3: attributes'],
    ['what is gone still there', without('removal'), 'resource user.d: in the target, but in no row'],
    [
      'what is gone never there',
      (steps) => {
        delete steps.gone;
        delete steps.removal;
      },
      'workflow_resources/r-5 is not in the target',
    ],

    [
      'another output',
      edit('current', (command) => put(command, { outputs: [{ name: 'plain', value: [1] }] })),
      'workflow_outputs/plain: value',
    ],
    [
      'no output',
      edit('current', (command) => put(command, { outputs: [] })),
      'workflow_outputs/plain is not in the target',
    ],
    [
      'a sensitive output',
      edit('current', (command) => put(command, { outputs: [{ name: 'plain', value: '[1]', sensitive: true }] })),
      'workflow_outputs/plain: what no row says',
    ],
    [
      'an output with metadata',
      edit('current', (command) => put(command, { outputs: [{ name: 'plain', value: '[1]', metadata: 1 }] })),
      'workflow_outputs/plain: what no row says',
    ],

    ['no version', without('v2'), 'state_versions/v-2 is not in the target'],
    ['another number', origin('v2', { serial: 3 }), 'old version 3: in the target, but in no row'],
    ['another time of a version', time('v2', '2025-01-02T01:00:00.001Z'), 'state_versions/v-2: created_at'],
    ['another author', actor('v1'), 'state_versions/v-1: created_by'],
    ['another description', (steps) => put(steps.v1 as Step, { reason: 'First' }), 'state_versions/v-1: description'],
    ['another row of a version', header('v1', { version: { id: 'v-1' } }), 'state_versions/v-1: the row'],
    ['no other fields of a version', header('v1', { state: {} }), 'state_versions/v-1: the other fields of its state'],
    [
      'another status of a version',
      edit('v2', (command) => put(documentOf(command), { status: 'running' })),
      'state_versions/v-2: state.status',
    ],
    [
      'other metadata of a version',
      edit('v2', (command) => put(documentOf(command), { metadata: null })),
      'state_versions/v-2: state.metadata',
    ],
    [
      'another resource in a version',
      resource('v1', { properties: { mode: '0601' } }),
      'state_versions/v-2: resource file.a: attributes',
    ],
    ['another action in a version', metadata('v1', { action: 'noop' }), 'resource file.a: action'],
    ['another state in a version', resource('v1', { state: 'failed' }), 'resource file.a: status'],
    [
      'a version without a resource',
      edit('v2', (command) => put(command, { resources: [] })),
      'resource service.b is not in the target',
    ],
    [
      'another output in a version',
      edit('v1', (command) => put(command, { outputs: [{ name: 'n', value: { a: 1 } }] })),
      'output url is not in the target',
    ],

    ['no tag', without('prod'), 'workflow_tags/prod is not in the target'],
    [
      'another tag',
      edit('prod', (command) => put(command, { tags: ['prod', 'eu'] })),
      'tag eu: in the target, but in no row',
    ],
    ['another time of a tag', time('prod', '2025-01-05T00:00:00.001Z'), 'workflow_tags/prod: created_at'],

    ['no finding', without('found'), 'drift_detections/1'],
    ['no end of a finding', without('cleared'), 'drift_detections/4 is not in the target'],
    ['no finding made again', without('again'), 'drift_detections/2 is not in the target'],
    [
      'another finding',
      edit('found', (command) => put((command.findings as object[])[0] as object, { actual: 1 })),
      'drift_detections/1: actual',
    ],
    [
      'a finding that expected something else',
      edit('found', (command) => put((command.findings as object[])[0] as object, { expected: 1 })),
      'drift_detections/1: expected',
    ],
    [
      'a finding of another resource',
      edit('found', (command) => put((command.findings as object[])[0] as object, { resource: 'r-2' })),
      'drift_detections/1: resource_id',
    ],
    ['another time of a finding', time('found', '2025-01-05T01:00:00.001Z'), 'drift_detections/1: detected_at'],

    [
      'another action done',
      edit('deployed', (command) => put(command, { action: 'x' })),
      'workflow_activity/1: action',
    ],
    [
      'other details',
      edit('deployed', (command) => put(command, { details: { text: 'by hand' } })),
      'workflow_activity/1: details',
    ],
    ['another who did it', actor('deployed'), 'workflow_activity/1: created_by'],
    ['another when it was done', time('deployed', '2025-01-06T00:00:00.001Z'), 'workflow_activity/1: created_at'],
    ['what was done done twice', (steps) => put(steps, { twice: steps.silent }), 'in the target, but in no row'],

    ['no lock', without('lock'), 'locks/wf-1 is not in the target'],
    ['another holder', edit('lock', (command) => put(command, { who: 'eve' })), 'locks/wf-1: holder'],
    ['a shorter lock', edit('lock', (command) => put(command, { ttlMs: 3_599_999 })), 'locks/wf-1: expires_at'],
  ])('%s', async (_, change, words) => {
    const steps = stepsOf();
    change(steps);
    const result = await verified(rowsOf(), await targetOf(steps));
    expect(result.equal).toBe(false);
    expect(result.source.hash).not.toBe(result.target.hash);
    expect(result.differences.join('\n')).toContain(words);
  });
});

describe('rows with an entry', () => {
  const unlock = (rows: Rows): Rows => {
    delete rows.running;
    return rows;
  };
  const withEntries = (...entries: [string, 'repaired' | 'rejected'][]): Entries => new Map([...ENTRIES, ...entries]);
  const mangle = (change: (rows: Rows) => void): Rows => {
    const rows = rowsOf();
    change(rows);
    return rows;
  };

  test.each<[string, string, string, Row]>([
    ['a workflow', 'workflow', 'workflow_states/wf-1', { name: 'w\u0007b', metadata: '{not json' }],
    ['a resource', 'file', 'workflow_resources/r-1', { attributes: '{not json' }],
    ['an earlier value', 'replaced', 'workflow_resources/r-3', { attributes: '[]' }],
    ['an output', 'plain', 'workflow_outputs/plain', { value: new Uint8Array([1]) }],
    ['a version', 'v1', 'state_versions/v-1', { created_at: 'noon' }],
    ['a tag', 'prod', 'workflow_tags/prod', { created_at: null }],
    ['a finding', 'cleared', 'drift_detections/4', { detected_at: '2026-05-05 00:00:00' }],
    ['an action', 'deployed', 'workflow_activity/1', { action: '\tdeploy' }],
    ['a lock', 'running', 'locks/wf-1', { expires_at: '2027-01-01 00:00:00' }],
  ])('are left out where they were repaired: %s', async (_, name, entry, cells) => {
    const rows = mangle((all) => set(all, name, cells));
    const target = await targetOf(stepsOf());
    const result = await verified(rows, target, withEntries([entry, 'repaired']));
    expect(result).toMatchObject({ equal: true, repaired: 2, rejected: 0, differences: [] });
    expect(result.target).toEqual(result.source);
    expect((await verified(rows, target)).equal).toBe(false);
  });

  test('account for one thing of the target each, of their own kind and name', async () => {
    const steps = stepsOf();
    delete steps.lock;
    const target = await targetOf(steps);
    const repaired = withEntries(['workflow_resources/r-2', 'repaired'], ['workflow_outputs/url', 'repaired']);
    const renamed = mangle((rows) => set(unlock(rows), 'url', { key: 'other' }));
    const added = new Map([...repaired, ['workflow_outputs/other', 'repaired'] as const]);
    expect((await verified(mangle(unlock), target, repaired)).equal).toBe(true);
    expect((await verified(renamed, target, added)).differences).toEqual(['output url: in the target, but in no row']);
    const cut = mangle((rows) => set(unlock(rows), 'url', { key: ' url' }));
    const known = new Map([...repaired, ['workflow_outputs/ url', 'repaired'] as const]);
    for (const key of [' url', 'u\u0007rl', '', 'u'.repeat(129)]) {
      const other = mangle((rows) => set(unlock(rows), 'url', { key }));
      const entries = new Map([...repaired, [`workflow_outputs/${key}`, 'repaired'] as const]);
      expect((await verified(other, target, entries)).equal).toBe(true);
    }
    await target.migrate({
      more: {
        command: { type: 'apply', stack: 'wf-1', kind: 'import', outputs: [{ name: 'x', value: 1 }] },
        happened: NOW,
        actor: 'a',
      },
    });
    expect((await verified(cut, target, known)).differences).toEqual(['output x: in the target, but in no row']);
  });

  test('count for nothing where they were rejected and the target has them', async () => {
    const target = await targetOf(stepsOf());
    const result = await verified(rowsOf(), target, withEntries(['workflow_tags/prod', 'rejected']));
    expect(result).toMatchObject({
      equal: false,
      rejected: 1,
      differences: ['tag prod: in the target, but in no row'],
    });
    const steps = stepsOf();
    delete steps.prod;
    const rejected = await verified(rowsOf(), await targetOf(steps), withEntries(['workflow_tags/prod', 'rejected']));
    expect(rejected).toMatchObject({ equal: true, rejected: 1 });
  });

  test('of a workflow held by somebody stand for the entry in its history', async () => {
    const rows = mangle((all) => set(all, 'workflow', { locked_by: 'eve' }));
    const target = await targetOf(stepsOf());
    const note = { type: 'recordActivity', stack: 'wf-1', action: 'locked', details: 'eve' };
    await target.migrate({ locked: { command: note, happened: NOW, actor: 'unknown' } });
    const repaired = withEntries(['workflow_states/wf-1', 'repaired']);
    expect((await verified(rows, target, repaired)).equal).toBe(true);
    expect((await verified(rowsOf(), target, repaired)).differences[0]).toContain('in the target, but in no row');
    await target.migrate({ twice: { command: note, happened: NOW, actor: 'unknown' } });
    expect((await verified(rows, target, repaired)).differences[0]).toContain('in the target, but in no row');
  });

  test('are all there is of a workflow that was rejected', async () => {
    const { store } = openEngine(':memory:');
    const entries = new Map(
      Object.values(rowsOf()).map((row) => {
        const { table, id } = recordOf(row);
        return [`${table}/${id}`, 'rejected'] as const;
      }),
    );
    const result = await verified(rowsOf(), { store }, entries);
    expect(result).toMatchObject({ stack: null, equal: true, rejected: 19, differences: [] });
    entries.delete('workflow_tags/prod');
    const left = await verified(rowsOf(), { store }, entries);
    expect(left).toMatchObject({ equal: false, differences: ['workflow_tags/prod is not in the target'] });
  });

  test('of two resources that read as one address do not stand for the other', async () => {
    const resource = (id: string, type: string, name: string): Rows[string] => ({
      table: 'workflow_resources',
      row: { id, workflow_id: 'wf-1', type, name, action: 'create', status: 'failed', attributes: '{}' },
    });
    const rows = { ...rowsOf(), one: resource('r-6', 'file.x', 'y'), two: resource('r-7', 'file', 'x.y') };
    const steps = stepsOf();
    const rest = { properties: {}, state: 'failed', metadata: { action: 'create' } };
    for (const one of [
      { type: 'file.x', name: 'y', id: 'r-6', ...rest },
      { type: 'file', name: 'x.y-r-7', id: 'r-7', ...rest },
    ]) {
      edit('current', (command) => (command.resources as unknown as object[]).push(one))(steps);
    }
    const target = await targetOf(steps);
    const entries = withEntries(['workflow_resources/r-7', 'repaired']);
    expect((await verified(rows, target, entries)).differences).toEqual([]);
    set(rows, 'one', { attributes: '{"x":1}' });
    expect((await verified(rows, target, entries)).differences[0]).toContain('workflow_resources/r-6: attributes');
  });

  test('of a workflow whose id had to be changed lead to its stack all the same', async () => {
    const id = ' wf\t9';
    const header = { row: { id, name: 'odd', status: 'pending' } };
    const origin = { format: 'workflow', lineage: id, serial: 0, header };
    const step = (command: object): Step => ({ command: command as never, happened: NOW, actor: 'unknown' });
    const target = await targetOf({
      create: step({ type: 'createStack', name: 'odd', id: 'wf\\u00099' }),
      current: step({ type: 'apply', kind: 'import', stack: 'odd', document: { status: 'pending', origin } }),
      prod: step({ type: 'addTags', stack: 'odd', tags: ['prod'] }),
    });
    const rows: Rows = {
      workflow: { table: 'workflow_states', row: { id, name: 'odd', status: 'pending' } },
      prod: { table: 'workflow_tags', row: { workflow_id: id, tag: 'prod', created_at: NOW } },
    };
    const entries: Entries = new Map([[`workflow_states/${id}`, 'repaired']]);
    const result = await verified(rows, target, entries);
    expect(result).toMatchObject({ workflow: id, stack: 'wf\\u00099', equal: true, target: { tags: 1 } });
    expect((await verified(rows, target, new Map())).stack).toBeNull();
    await target.also({ type: 'deleteStack', stack: 'odd' });
    expect(await verified(rows, target, entries)).toEqual(result);
    set(rows, 'prod', { tag: 'eu' });
    expect((await verified(rows, target, entries)).equal).toBe(false);
  });

  test('are needed for a workflow whose id is the name of a stack', async () => {
    const rows = mangle((all) => set(unlock(all), 'workflow', { id: 'web' }));
    expect(await verified(rows, await targetOf(stepsOf()))).toMatchObject({ stack: null, equal: false });
  });

  test('are needed for a stack that somebody else made', async () => {
    const engine = openEngine(':memory:');
    await engine.execute({ type: 'createStack', name: 'web', id: 'wf-1' }, { actor: 'eve' });
    expect(await verified(rowsOf(), engine)).toMatchObject({ stack: null, equal: false });
  });
});

describe('a further migration', () => {
  const step = (command: object, happened = NOW): Step => ({
    command: { stack: 'wf-1', ...command },
    happened,
    actor: 'unknown',
  });
  const rowOf = (cells: Row) => ({ ...rowsOf().workflow?.row, ...cells });
  const taken = (cells: Row, document: object) => {
    const row = Object.fromEntries(
      Object.entries(rowOf(cells)).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
    );
    const origin = { format: 'workflow', lineage: 'wf-1', serial: 2, header: { row } };
    return step({ type: 'apply', kind: 'import', lockId: undefined, document: { ...document, origin } });
  };

  test('need not find again what an earlier one took, but for the state', async () => {
    const steps = stepsOf();
    delete steps.lock;
    const target = await targetOf(steps);
    const rows = rowsOf();
    for (const name of ['v1', 'prod', 'found', 'again', 'worse', 'cleared', 'deployed', 'running']) delete rows[name];
    expect((await verified(rows, target, ENTRIES, 'm-1')).equal).toBe(false);
    expect((await verified(rows, target, ENTRIES)).equal).toBe(false);
    expect((await verified(rows, target, ENTRIES, 'm-2')).differences).toEqual([]);
    delete rows.url;
    const state = await verified(rows, target, ENTRIES, 'm-2');
    expect(state.differences).toEqual(['output url: in the target, but in no row']);
    const rejected = new Map([...ENTRIES, ['workflow_states/wf-1', 'rejected'] as const]);
    expect((await verified(rows, target, rejected, 'm-2')).equal).toBe(true);
  });

  test('brings the state up to date', async () => {
    const steps = stepsOf();
    delete steps.lock;
    const target = await targetOf(steps);
    const rows = rowsOf();
    delete rows.running;
    set(rows, 'workflow', { status: 'pending', metadata: null });
    expect((await verified(rows, target, ENTRIES, 'm-2')).equal).toBe(false);
    await target.migrate(
      { current: taken({ status: 'pending', metadata: null }, { status: 'pending', metadata: null }) },
      'm-2',
    );
    expect((await verified(rows, target, ENTRIES, 'm-2')).differences).toEqual([]);
    set(rows, 'workflow', { status: 'running', started_at: '2025-12-01 00:00:00', completed_at: null });
    const cells = { ...rows.workflow?.row };
    await target.migrate(
      {
        start: step({ type: 'startExecution', executionId: 'wf-1@2' }, '2025-12-01T00:00:00.000Z'),
        current: taken(cells, { status: 'running' }),
      },
      'm-3',
    );
    expect((await verified(rows, target, ENTRIES, 'm-3')).differences).toEqual([]);
  });
});

describe('a lock that had run out', () => {
  test('is in the history with its row', async () => {
    const rows = rowsOf();
    set(rows, 'running', { expires_at: '2025-12-31 23:59:59' });
    const details = { ...rows.running?.row };
    const steps = stepsOf();
    steps.lock = {
      command: { type: 'recordActivity', stack: 'wf-1', action: 'lock', details },
      happened: NOW,
      actor: 'unknown',
    };
    const target = await targetOf(steps);
    expect((await verified(rows, target)).differences).toEqual([]);
    set(rows, 'running', { acquired_at: null });
    expect((await verified(rows, target)).differences[0]).toContain('locks/wf-1: the row');
    set(rows, 'running', { expires_at: '2026-01-01 00:00:01' });
    expect((await verified(rows, target)).differences[0]).toContain('locks/wf-1 is not in the target');
  });
});

describe('all of a source', () => {
  const lock = (name: string): Rows[string] => ({
    table: 'locks',
    row: { name, holder: 'h', acquired_at: '2025-01-01', expires_at: '2025-01-02' },
  });
  const second = { id: 'wf-2', name: 'wf-1', status: 'pending', created_at: NOW };
  const third = { id: 'wf-3', name: 'web', status: 'pending', created_at: NOW };
  const all = (rows: Rows, more: { orphans?: LegacyRecord[]; state?: Rows[string][] } = {}): LegacySource => {
    const { workflow, locks } = workflowOf(rows);
    const others = [second, third].map((row) => workflowOf({ other: { table: 'workflow_states', row } }).workflow);
    return sourceOf([...others, workflow], { ...more, locks, state: (more.state ?? []).map(recordOf) });
  };
  const steps = (): Steps => {
    const step = (command: object, happened = NOW): Step => ({ command: command as never, happened, actor: 'unknown' });
    const shared = { stack: 'workflow-state', type: 'apply', kind: 'import' };
    return {
      ...stepsOf(),
      ...Object.fromEntries(
        [second, third].flatMap((row) => {
          const origin = { format: 'workflow', lineage: row.id, serial: 0, header: { row } };
          const document = { status: 'pending', metadata: null, origin };
          return [
            [row.id, step({ type: 'createStack', id: row.id, name: `${row.name}-${row.id}` })],
            [`row of ${row.id}`, step({ type: 'apply', kind: 'import', stack: row.id, document })],
          ];
        }),
      ),
      web: step({ type: 'recordActivity', stack: 'wf-3', action: 'lock', details: lock('web').row }),
      shared: step({ type: 'createStack', id: 'workflow-state', name: 'workflow-state' }, '2025-01-01T00:00:00.000Z'),
      value: step({ ...shared, outputs: [{ name: 'k', value: 'v' }] }, '2025-02-01T00:00:00.000Z'),
      stray: step({ type: 'recordActivity', stack: 'workflow-state', action: 'lock', details: lock('nobody').row }),
    };
  };
  const rows = (): Rows => ({ ...rowsOf(), nobody: lock('nobody'), web: lock('web') });
  const value = (cells: Row = {}): Rows[string] => ({
    table: 'state',
    row: { key: 'k', value: 'v', created_at: '2025-01-01', updated_at: '2025-02-01', ...cells },
  });
  const entries: Entries = new Map([
    ...ENTRIES,
    ['locks/nobody', 'repaired'],
    ['workflow_states/wf-2', 'repaired'],
    ['workflow_states/wf-3', 'repaired'],
  ]);

  test('is verified: workflows, with the locks that name them, and what belongs to none', async () => {
    const { store } = await targetOf(steps());
    const progress: unknown[] = [];
    const source = all(rows(), { state: [value()] });
    const result = await verifyMigration(source, store, { entries, onProgress: (one) => progress.push(one) });
    expect(result.stacks.flatMap(({ differences }) => differences)).toEqual([]);
    expect(result).toMatchObject({ equal: true, unaccounted: [] });
    expect(result.stacks.map(({ workflow, stack }) => [workflow, stack])).toEqual([
      ['wf-2', 'wf-2'],
      ['wf-3', 'wf-3'],
      ['wf-1', 'wf-1'],
      ['workflow-state', 'workflow-state'],
    ]);
    expect(result.stacks[3]).toMatchObject({ target: { outputs: 1, locks: 1 }, repaired: 1 });
    expect(progress).toEqual([1, 2, 3].map((done) => ({ step: 'comparing', done, total: 3 })));
    expect((await verifyMigration(all(rowsOf()), store, { entries })).stacks).toHaveLength(3);
  });

  test.each<[string, Row, string]>([
    ['key', { key: 'K' }, 'state/K is not in the target'],
    ['value', { value: 'V' }, 'state/k: value is "V" in the source, "v" in the target'],
    ['time', { updated_at: null }, 'state/k: updated_at'],
  ])('a %s of the old store that differs', async (_, cells, words) => {
    const { store } = await targetOf(steps());
    const result = await verifyMigration(all(rows(), { state: [value(cells)] }), store, { entries });
    expect(result).toMatchObject({ equal: false });
    expect(result.stacks[3]?.differences.join('\n')).toContain(words);
  });

  test('a lock of nobody that differs, though it has an entry', async () => {
    const { store } = await targetOf(steps());
    const changed = rows();
    set(changed, 'nobody', { holder: 'x' });
    const result = await verifyMigration(all(changed, { state: [value()] }), store, { entries });
    expect(result.stacks[3]?.differences[0]).toContain('locks/nobody: the row');
  });

  test('a lock of nobody that was rejected', async () => {
    const { stray: _, ...others } = steps() as Steps & { stray: Step };
    const { store } = await targetOf(others);
    const source = all(rows(), { state: [value()] });
    expect((await verifyMigration(source, store, { entries })).equal).toBe(false);
    const rejected = new Map([...entries, ['locks/nobody', 'rejected'] as const]);
    expect((await verifyMigration(source, store, { entries: rejected })).equal).toBe(true);
  });

  test('a row of no workflow must be said to be rejected', async () => {
    const { store } = await targetOf(steps());
    const orphan: LegacyRecord = { table: 'workflow_tags', id: 'gone/x', row: { workflow_id: 'gone', tag: 'x' } };
    const source = all(rows(), { state: [value()], orphans: [orphan] });
    const result = await verifyMigration(source, store, { entries });
    const unaccounted = ['workflow_tags/gone/x belongs to no workflow, and no entry says that it was rejected'];
    expect(result).toMatchObject({ equal: false, unaccounted });
    const told = new Map([...entries, ['workflow_tags/gone/x', 'rejected'] as const]);
    expect(await verifyMigration(source, store, { entries: told })).toMatchObject({ equal: true, unaccounted: [] });
  });
});

describe('times', () => {
  test.each<[Cell]>([
    ['2025-01-05 00:00:00'],
    ['2025-01-05'],
    ['2025-01-05T00:00'],
    ['2025-01-05T00:00:00.000999Z'],
    ['2025-01-04T21:00:00-03:00'],
    ['2025-01-04 21:00:00.000123456 -0300 -03'],
    ['2025-01-05 01:00:00 +0100 CET m=+0.012345'],
    [1736035200n],
    [1736035200000n],
    [1736035200.0004],
  ])('%s is the same instant', async (created_at) => {
    const rows = rowsOf();
    set(rows, 'prod', { created_at });
    expect((await verified(rows, await targetOf(stepsOf()))).differences).toEqual([]);
  });

  test.each<[Cell]>([['2025-01-05 00:00:01'], ['2025-02-30'], ['soon'], [''], [null], [1736035201n], [1e300]])(
    '%s is not',
    async (created_at) => {
      const rows = rowsOf();
      set(rows, 'prod', { created_at });
      expect((await verified(rows, await targetOf(stepsOf()))).differences[0]).toContain(
        'workflow_tags/prod: created_at',
      );
    },
  );
});
