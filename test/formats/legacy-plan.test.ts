import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { type Json, type JsonObject, stringifyJson } from '../../src/lib/json.js';
import { compareMigration } from '../../src/migration/comparison.js';
import { type Before, type Plan, type PlanOptions, planShared, planWorkflow } from '../../src/migration/plan.js';
import { keyOf } from '../../src/migration/report.js';
import type { Cell, LegacyRecord, LegacyWorkflow } from '../../src/migration/source/source.js';
import { commandId } from '../../src/migration/steps.js';
import { planStack, takeAll } from '../../src/migration/take.js';
import { readState } from '../../src/queries/state.js';
import {
  AT,
  aLock,
  aRecord,
  aWorkflow,
  beforeOf,
  carriedOut,
  commitsOf,
  NOTHING_TAKEN,
  type Parts,
  planned,
  type Row,
  said,
  sourceOf,
  stepsOf,
  UNTIL,
} from '../support/legacy-rows.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { reads } from '../support/reads.js';

const MIGRATION = { id: 'm-1', by: 'op', at: UNTIL, resumed: false };

const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all);

/** What is left when all versions and earlier rows are laid down. */
const currentOf = (plan: Plan) => {
  const current = commitsOf(plan).at(-1);
  if (!current) throw new Error('no commit');
  return current;
};

const documentOf = (plan: Plan) => currentOf(plan).document ?? {};

const outcomes = ({ records }: Plan): string[] => records.map(({ table, id, outcome }) => `${table}/${id} ${outcome}`);

describe('a workflow', () => {
  it('is its creation, its execution and its current state, in the order of their times', () => {
    const { steps, stack, records, ledger } = planned(aWorkflow());
    expect(stack).toEqual({ id: 'wf', name: 'web' });
    expect(steps.map(({ at, actor, command: { type } }) => [at, actor, type])).toEqual([
      [AT, 'unknown', 'createStack'],
      [AT, 'unknown', 'startExecution'],
      ['2025-01-01T10:05:00.000Z', 'unknown', 'completeExecution'],
      ['2025-01-01T10:05:00.000Z', 'unknown', 'apply'],
    ]);
    expect(steps[0]?.command).toEqual({ type: 'createStack', id: 'wf', name: 'web' });
    expect(records.map(({ outcome }) => outcome)).toEqual(['migrated']);
    expect(ledger.entries()).toEqual([]);
  });

  it('has its version as label and serial, its metadata, and every column as it was read', () => {
    const row = { version: 7n, metadata: '{"n":12345678901234567890}', extra: bytes(1) };
    const { status, version, metadata, origin } = documentOf(planned(aWorkflow(row)));
    expect({ status, version, metadata: stringifyJson(metadata) }).toEqual({
      status: 'completed',
      version: '7',
      metadata: '{"n":12345678901234567890}',
    });
    expect(origin).toMatchObject({ format: 'workflow', lineage: 'wf', serial: 7 });
    expect(origin?.header.row).toMatchObject({
      id: 'wf',
      name: 'web',
      version: 7,
      status: 'success',
      metadata: row.metadata,
      extra: { base64: 'AQ==' },
    });
  });

  it.each<[Cell, { readonly version: string; readonly serial: number; readonly entries: number }]>([
    ['1.2.0', { version: '1.2.0', serial: 0, entries: 1 }],
    ['12', { version: '12', serial: 12, entries: 0 }],
    [null, { version: '', serial: 0, entries: 0 }],
    [-1n, { version: '-1', serial: 0, entries: 1 }],
    [bytes(5), { version: 'BQ==', serial: 0, entries: 2 }],
  ])('of version %o', (version, { entries, serial, version: label }) => {
    const plan = planned(aWorkflow({ version }));
    expect(documentOf(plan)).toMatchObject({ version: label, origin: { serial } });
    expect(said(plan)).toHaveLength(entries);
  });

  it.each<[Cell, string, boolean]>([
    ['pending', 'pending', false],
    ['running', 'running', false],
    ['success', 'completed', false],
    ['failed', 'failed', false],
    ['rolled_back', 'rolled_back', false],
    ['half done', 'half done', false],
    [' success ', 'completed', true],
    [null, 'unknown', true],
    ['', 'unknown', true],
    ['x'.repeat(65), `${'x'.repeat(55)}~95f53e26`, true],
  ])('of status %o', (status, document, repaired) => {
    const plan = planned(aWorkflow({ status }));
    const made = documentOf(plan).status;
    expect(made?.replace(/~.{8}$/, '~')).toBe(document.replace(/~.{8}$/, '~'));
    expect(outcomes(plan)).toEqual([`workflow_states/wf ${repaired ? 'repaired' : 'migrated'}`]);
  });

  it.each<[Cell, Json]>([
    [null, null],
    ['[1]', [1]],
    ['"x"', 'x'],
  ])('of metadata %o', (metadata, value) => {
    const plan = planned(aWorkflow({ metadata }));
    expect(documentOf(plan).metadata).toEqual(value);
    expect(said(plan)).toEqual([]);
  });

  it('of metadata that are no JSON keeps them as text', () => {
    const plan = planned(aWorkflow({ metadata: 'env=prod' }));
    expect(documentOf(plan).metadata).toBe('env=prod');
    expect(said(plan)[0]).toMatch(/^workflow_states wf: repaired: metadata is not JSON .*; kept as text$/);
  });

  it('of a metadata BLOB keeps it as base64', () => {
    const plan = planned(aWorkflow({ metadata: bytes(1, 2) }));
    expect(documentOf(plan).metadata).toEqual({ base64: 'AQI=' });
    expect(said(plan)).toEqual(['workflow_states wf: repaired: metadata is a BLOB; kept as base64']);
  });

  it('of metadata beyond the limits of a document is rejected whole, with all that is its', () => {
    const metadata = `${'['.repeat(513)}${']'.repeat(513)}`;
    const plan = planned(aWorkflow({ metadata }, { tags: [{}] }), [aLock()]);
    expect(plan.steps).toEqual([]);
    expect(outcomes(plan)).toEqual([
      'workflow_states/wf rejected',
      'workflow_tags/wf/t1 rejected',
      'locks/wf rejected',
    ]);
    const [first, second] = plan.ledger.entries();
    expect(first).toMatchObject({ problem: expect.stringContaining('nested deeper'), row: { metadata } });
    expect(second).toMatchObject({ problem: 'its workflow is not taken', row: { tag: 't1' } });
  });

  it.each<[Row, string, number]>([
    [{}, AT, 0],
    [{ created_at: null }, '2025-01-01T10:00:00.000Z', 1],
    [{ created_at: 'soon', started_at: '2025-01-01 09:59:00' }, '2025-01-01T09:59:00.000Z', 1],
    [{ created_at: null, started_at: null }, '2025-01-01T10:05:00.000Z', 1],
    [{ created_at: null, started_at: null, updated_at: null, completed_at: null, status: 'running' }, UNTIL, 1],
  ])('with the times %o is made at %s', (times, at, entries) => {
    const plan = planned(aWorkflow(times));
    expect(plan.steps[0]).toMatchObject({ at, command: { type: 'createStack' } });
    expect(said(plan)).toHaveLength(entries);
  });

  it('made in the future is recorded when the migration began, once for each thing that says so', () => {
    const plan = planned(aWorkflow({ status: 'pending', created_at: '2030-01-01' }, { versions: [{}] }));
    expect(plan.steps.map(({ at }) => at)).toEqual([UNTIL, UNTIL, UNTIL]);
    expect(said(plan)).toEqual([
      `state_versions 1: repaired: created_at is before what it follows, ${UNTIL}; recorded at ${UNTIL}`,
      `workflow_states wf: repaired: its time, 2030-01-01T00:00:00.000Z, is to come; recorded at ${UNTIL}`,
    ]);
  });

  it('written in the future has its current state when the migration began', () => {
    const plan = planned(aWorkflow({ updated_at: '2030-01-01' }));
    expect(currentOf(plan).at).toBe(UNTIL);
    expect(said(plan)).toEqual([
      `workflow_states wf: repaired: its time, 2030-01-01T00:00:00.000Z, is to come; recorded at ${UNTIL}`,
    ]);
  });

  it('without an id is rejected with all that is its', () => {
    for (const id of [null, '', ' ']) {
      const plan = planned(aWorkflow({ id }, { tags: [{}] }));
      expect(plan.steps).toEqual([]);
      expect(plan.ledger.entries().map(({ outcome, problem }) => [outcome, problem])).toEqual([
        ['rejected', 'the workflow has no id'],
        ['rejected', 'its workflow is not taken'],
      ]);
    }
  });

  it('has its id cut where that is too long', () => {
    const { stack } = planned(aWorkflow({ id: 'w'.repeat(300) }));
    expect(stack.id).toMatch(/^w{119}~[0-9a-f]{8}$/);
  });

  it('that says who holds it has that in its history', () => {
    const plan = planned(aWorkflow({ locked_by: 'ci\u0007' }));
    expect(stepsOf(plan, 'recordActivity').map(({ at, command }) => [at, command])).toEqual([
      ['2025-01-01T10:05:00.000Z', { type: 'recordActivity', stack: 'wf', action: 'locked', details: 'ci\u0007' }],
    ]);
    expect(said(plan)).toEqual([
      'workflow_states wf: repaired: locked_by says "ci\\u0007", but not until when; it is history',
    ]);
  });

  it('that a BLOB holds has it in base64', () => {
    const plan = planned(aWorkflow({ locked_by: bytes(1) }));
    expect(stepsOf(plan, 'recordActivity')[0]?.command.details).toEqual({ base64: 'AQ==' });
  });
});

describe('a name', () => {
  const nameOf = (name: Cell, names: readonly string[] = []) =>
    planned(aWorkflow({ name }), [], { avoid: { ...NOTHING_TAKEN, names: new Set(names) } });

  it.each<[Cell, string, RegExp]>([
    ['a\u001bb', 'a\\u001bb', /holds control characters/],
    ['  web ', 'web', /begins or ends with white space/],
    ['', 'wf', /is empty; "wf" was taken/],
    [null, 'wf', /is empty/],
    ['n'.repeat(300), `${'n'.repeat(246)}~98f30bb3`, /is longer than 255 bytes/],
  ])('%o', (name, made, problem) => {
    const plan = nameOf(name);
    expect(plan.stack.name.replace(/~.{8}$/, '~')).toBe(made.replace(/~.{8}$/, '~'));
    expect(said(plan)).toEqual([expect.stringMatching(problem)]);
  });

  it('that another stack bears is followed by the id', () => {
    const plan = nameOf('web', ['web']);
    expect(plan.stack.name).toBe('web-wf');
    expect(stepsOf(plan, 'createStack')[0]?.command.name).toBe('web-wf');
    expect(said(plan)).toEqual(['workflow_states wf: repaired: another stack is called web; became "web-wf"']);
  });

  it('that becomes one that another stack bears is followed by the id too', () => {
    expect(nameOf(' web', ['web']).stack.name).toBe('web-wf');
  });

  it('that is long and taken is cut, and is another one', () => {
    const name = 'n'.repeat(255);
    const { stack } = nameOf(name, [name]);
    expect(stack.name).toMatch(/^n{246}~[0-9a-f]{8}$/);
  });
});

describe('the name of a workflow that was taken before', () => {
  const first = aWorkflow();
  const laterOf = async (columns: Row, fields: Partial<Before>, bears?: string) => {
    const plan = planned(first);
    const store = await carriedOut(plan);
    const before = { ...(await beforeOf(store, plan)), ...fields };
    await store.close();
    return planned(aWorkflow({ updated_at: '2025-03-01', ...columns }), [], {
      before,
      targetName: bears ?? before.name,
    });
  };

  it('stays what it became then, as long as the source calls it the same', async () => {
    const plan = await laterOf({}, { name: 'web-wf' });
    expect(plan.stack.name).toBe('web-wf');
    expect(stepsOf(plan, 'updateStack')).toEqual([]);
    expect(said(plan)).toContain('workflow_states wf: repaired: another stack is called web; became "web-wf"');
  });

  it('is changed when the source changes it, at the time of the row', async () => {
    const plan = await laterOf({ name: 'shop' }, {});
    expect(stepsOf(plan, 'updateStack').map(({ at, command }) => [at, command])).toEqual([
      ['2025-03-01T00:00:00.000Z', { type: 'updateStack', stack: 'wf', name: 'shop' }],
    ]);
  });

  it('is left to somebody else who changed the stack', async () => {
    expect(stepsOf(await laterOf({ name: 'shop' }, { refusal: 'renamed here' }), 'updateStack')).toEqual([]);
  });
});

describe('the execution of a workflow', () => {
  const executionOf = (columns: Row) => {
    const plan = planned(aWorkflow(columns));
    const [start] = stepsOf(plan, 'startExecution');
    const ends = plan.steps.filter(({ command }) => /^(complete|fail)Execution$/.test(command.type));
    return { plan, start, ends: ends.map(({ at, command: { type, ...fields } }) => ({ at, type, ...fields })) };
  };
  const executionId = 'wf@2025-01-01T10:00:00.000Z';

  it('that is pending has not begun', () => {
    const { start, ends } = executionOf({ status: 'pending' });
    expect({ start, ends }).toEqual({ start: undefined, ends: [] });
  });

  it.each(['running', 'half done'])('that is %s runs until it says when it was completed', (status) => {
    const { start, ends, plan } = executionOf({ status, completed_at: null });
    expect(start?.command).toEqual({ type: 'startExecution', stack: 'wf', executionId });
    expect(ends).toEqual([]);
    expect(said(plan)).toEqual([]);
    expect(executionOf({ status }).ends).toMatchObject([{ type: 'completeExecution' }]);
  });

  it('that was a success was completed', () => {
    expect(executionOf({}).ends).toEqual([
      { at: '2025-01-01T10:05:00.000Z', type: 'completeExecution', stack: 'wf', executionId, durationMs: 300_000 },
    ]);
  });

  it.each(['failed', 'rolled_back'])('that has %s failed with its error', (status) => {
    expect(executionOf({ status, error_msg: 'boom\n\u001b' }).ends).toMatchObject([
      { type: 'failExecution', error: 'boom\n\\u001b', durationMs: 300_000 },
    ]);
  });

  it('that ended, but does not say when, ended when the workflow was written', () => {
    const { ends, plan } = executionOf({ completed_at: 'never', updated_at: '2025-01-01 11:00:00' });
    expect(ends).toMatchObject([{ at: '2025-01-01T11:00:00.000Z' }]);
    expect(said(plan)).toEqual([
      'workflow_states wf: repaired: it is success, and completed_at is no time; 2025-01-01T11:00:00.000Z was taken',
    ]);
  });

  it('that says no end at all ended when it began', () => {
    expect(executionOf({ completed_at: null, updated_at: null }).ends).toMatchObject([{ at: AT }]);
  });

  it('that does not say when it began did so with the workflow', () => {
    expect(executionOf({ started_at: null, created_at: '2025-01-01 09:00:00' }).start?.at).toBe(
      '2025-01-01T09:00:00.000Z',
    );
  });

  it('that says no time has its id alone, and is known by it at any time', () => {
    const times = { started_at: null, created_at: null, updated_at: null, completed_at: null };
    const ids = [UNTIL, '2026-06-01T00:00:00.000Z'].map(
      (until) => stepsOf(planned(aWorkflow(times), [], { until }), 'startExecution')[0],
    );
    expect(ids.map((step) => step?.command.executionId)).toEqual(['wf', 'wf']);
    expect(ids[0]?.id).toBe(ids[1]?.id);
  });

  it('that has blanks around its status is what that says', () => {
    expect(executionOf({ status: ' success ', completed_at: null }).ends).toMatchObject([
      { type: 'completeExecution' },
    ]);
  });

  it('comes to its end after a version of that instant', () => {
    const plan = planned(aWorkflow({}, { versions: [{ created_at: '2025-01-01 10:05:00' }] }));
    expect(plan.steps.map(({ command: { type } }) => type)).toEqual([
      'createStack',
      'startExecution',
      'apply',
      'completeExecution',
      'apply',
    ]);
  });

  it('that ended before it began ended when it began', () => {
    const { ends, plan } = executionOf({ completed_at: '2025-01-01 09:30:00' });
    expect(ends).toMatchObject([{ at: AT }]);
    expect(said(plan)).toEqual([
      `workflow_states wf: repaired: it ended at 2025-01-01T09:30:00.000Z, before it began; recorded at ${AT}`,
    ]);
  });

  it('that began before its stack is recorded with the stack', () => {
    const { start, plan } = executionOf({ started_at: '2025-01-01 09:30:00' });
    expect(start?.at).toBe(AT);
    expect(said(plan)).toEqual([
      `workflow_states wf: repaired: its time, 2025-01-01T09:30:00.000Z, is before that of the stack; recorded at ${AT}`,
    ]);
  });

  it.each<[Cell, number]>([
    [0n, 0],
    [1.2345, 1_235],
    ['2.5', 2_500],
  ])('of %o seconds', (duration_seconds, durationMs) => {
    const { ends, plan } = executionOf({ duration_seconds });
    expect(ends).toMatchObject([{ durationMs }]);
    expect(said(plan)).toEqual([]);
  });

  it.each<[Cell, number]>([
    [null, 0],
    [-1n, 1],
    [-0.5, 1],
    ['', 1],
    ['an hour', 1],
    ['0x10', 1],
    [9_007_199_254_740_993n, 1],
    [Number.POSITIVE_INFINITY, 1],
    [bytes(5), 1],
  ])('of %o seconds has its times only', (duration_seconds, entries) => {
    const { ends, plan } = executionOf({ duration_seconds });
    expect(ends[0]).not.toHaveProperty('durationMs');
    expect(said(plan)).toHaveLength(entries);
  });
});

describe('a version', () => {
  const file = { id: 'r-1', type: 'file', name: 'a', status: 'applied', attributes: { mode: '0600' } };

  it('is a commit of what differs from the one before', () => {
    const plan = planned(
      aWorkflow(
        { status: 'pending' },
        {
          versions: [
            {
              created_at: '2025-01-02',
              description: 'first',
              state: { id: 'wf', status: 'success', metadata: { a: 1 }, resources: [file], outputs: { u: 1, gone: 2 } },
            },
            {
              created_at: '2025-01-03',
              created_by: null,
              state: { resources: [file, { ...file, id: 'r-2', name: 'b' }], outputs: { u: 1, n: [] } },
            },
          ],
        },
      ),
    );
    const [first, second] = commitsOf(plan);
    expect(first).toMatchObject({
      at: '2025-01-02T00:00:00.000Z',
      actor: 'ana',
      reason: 'first',
      kind: 'import',
      remove: [],
      outputs: [
        { name: 'u', value: 1 },
        { name: 'gone', value: 2 },
      ],
      removeOutputs: [],
      document: {
        version: '1',
        status: 'completed',
        metadata: { a: 1 },
        origin: {
          format: 'workflow',
          lineage: 'wf',
          serial: 1,
          header: { version: { id: 1, version: 1, description: 'first', created_by: 'ana' }, state: { id: 'wf' } },
        },
      },
    });
    expect(first?.resources).toEqual([
      {
        type: 'file',
        name: 'a',
        id: 'r-1',
        properties: { mode: '0600' },
        state: 'applied',
        metadata: {},
        lastApplied: '2025-01-02T00:00:00.000Z',
      },
    ]);
    expect(first?.document?.origin?.header.version).not.toHaveProperty('state');
    expect(second).toMatchObject({ actor: 'unknown', outputs: [{ name: 'n' }], removeOutputs: ['gone'] });
    expect(second?.resources?.map(({ id, name }) => [id, name])).toEqual([['r-2', 'b']]);
    expect(second).not.toHaveProperty('reason');
    expect(second?.document).not.toHaveProperty('metadata');
    expect(second?.document).not.toHaveProperty('status');
    expect(currentOf(plan).remove).toEqual(['file.a', 'file.b']);
    expect(said(plan)).toEqual([]);
  });

  it('comes in the order of its number, whatever the order of rows, with gaps; one without a number last', () => {
    const versions = [9n, null, 2n, 'x', 2n].map((version, index) => ({ id: `v-${index}`, version, created_at: AT }));
    const plan = planned(aWorkflow({}, { versions }));
    const ids = commitsOf(plan).flatMap(({ document }) => (document?.origin?.header.version as JsonObject)?.id ?? []);
    expect(ids).toEqual(['v-2', 'v-4', 'v-0', 'v-1', 'v-3']);
    expect(said(plan)).toEqual([
      'state_versions v-1: repaired: version is no whole number; it comes last',
      'state_versions v-3: repaired: version is no whole number; it comes last',
    ]);
  });

  it.each<[what: string, created_at: Cell, problem: RegExp]>([
    ['earlier than the one before', '2025-01-01 10:00:00', /is before what it follows.*; recorded at 2025-01-02T/],
    ['no time', 'x', /is no time; 2025-01-02T.* was taken/],
    ['NULL', null, /is no time/],
  ])('whose time is %s has the time of the one before', (_, created_at, problem) => {
    const plan = planned(aWorkflow({}, { versions: [{ created_at: '2025-01-02' }, { created_at }] }));
    expect(commitsOf(plan)[1]?.at).toBe('2025-01-02T00:00:00.000Z');
    expect(said(plan)).toEqual([expect.stringMatching(problem)]);
  });

  it('that is earlier than the stack has the time of the stack', () => {
    const plan = planned(aWorkflow({}, { versions: [{ created_at: '2024-01-01' }] }));
    expect(commitsOf(plan)[0]?.at).toBe(AT);
    expect(said(plan)).toHaveLength(1);
  });

  it.each<[what: string, state: Cell, problem: string]>([
    ['NULL', null, 'state is not a JSON object'],
    ['no JSON', '{', 'state is not JSON ('],
    ['a list', '[]', 'state is not a JSON object'],
    ['a BLOB', bytes(1), 'state is a BLOB'],
    ['resources that are no list', '{"resources":{}}', 'state.resources is no list of objects'],
    ['resources that are no objects', '{"resources":[1]}', 'state.resources is no list of objects'],
    ['outputs that are no object', '{"outputs":[]}', 'state.outputs is no object'],
    ['nested too deep', `{"a":${'['.repeat(512)}${']'.repeat(512)}}`, 'state: nested deeper than 512 levels'],
    ['fields nested too deep for a header', `{"a":${'['.repeat(511)}${']'.repeat(511)}}`, 'origin.header: nested'],
    [
      'metadata that are too large',
      `{"metadata":"${'x'.repeat(16 * 1024 * 1024)}"}`,
      'state.metadata is 16777217 bytes, more than 16777216',
    ],
    [
      'an output that is too large',
      `{"outputs":{"k":"${'x'.repeat(16 * 1024 * 1024)}"}}`,
      'state.outputs.k is 16777217 bytes',
    ],
    [
      'a resource that is too large',
      `{"resources":[{"more":"${'x'.repeat(16 * 1024 * 1024)}"}]}`,
      'state.resources[0].metadata is 16777',
    ],
  ])('whose state is or has %s is rejected, with its row, and the others are not', (_, state, problem) => {
    const plan = planned(
      aWorkflow({}, { versions: [{ state: { outputs: { a: [1] } } }, { state }, { state: { outputs: { b: 2 } } }] }),
    );
    expect(commitsOf(plan).map(({ outputs, removeOutputs }) => [outputs, removeOutputs])).toEqual([
      [[{ name: 'a', value: [1] }], []],
      [[{ name: 'b', value: 2 }], ['a']],
      [[], ['b']],
    ]);
    const entry = plan.ledger.entries().find(({ outcome }) => outcome === 'rejected');
    expect(entry).toMatchObject({ table: 'state_versions', id: '2', problem: expect.stringContaining(problem) });
    expect(entry?.row).toHaveProperty('state');
  });

  it('whose state says nothing of resources and outputs has none', () => {
    const plan = planned(aWorkflow({}, { versions: [{ state: { resources: null, outputs: null, other: 1 } }] }));
    expect(commitsOf(plan)[0]).toMatchObject({ resources: [], outputs: [] });
    expect(commitsOf(plan)[0]?.document?.origin?.header.state).toEqual({ other: 1 });
    expect(said(plan)).toEqual([]);
  });

  it('whose status is no text has its JSON as status', () => {
    const plan = planned(aWorkflow({}, { versions: [{ state: '{"status":{"a":1.0}}' }, { state: { status: null } }] }));
    expect(commitsOf(plan)[0]?.document?.status).toBe('{"a":1.0}');
    expect(commitsOf(plan)[1]?.document).not.toHaveProperty('status');
  });

  it('keeps fields of a resource that have no place of their own in its metadata, as they are', () => {
    const said_ =
      '{"type":"file","name":"a","status":"applied","attributes":{"__proto__":1},"depth":1.0,"__proto__":[2]}';
    const plan = planned(aWorkflow({}, { versions: [{ state: `{"resources":[${said_}]}` }] }));
    const [resource] = commitsOf(plan)[0]?.resources ?? [];
    expect(stringifyJson(resource?.metadata)).toBe('{"depth":1.0,"__proto__":[2]}');
    expect(stringifyJson(resource?.properties)).toBe('{"__proto__":1}');
    expect(resource).not.toHaveProperty('id');
  });

  it('has for a resource what its row says too, where that was not written since', () => {
    const row = { type: 'file', name: 'a', attributes: '{"mode":"0600"}', updated_at: '2025-01-02 00:00:00' };
    const of = (created_at: string, more: object = {}) =>
      commitsOf(
        planned(
          aWorkflow({}, { resources: [row], versions: [{ created_at, state: { resources: [{ ...file, ...more }] } }] }),
        ),
      )[0]?.resources?.[0];
    const metadata = { action: 'create', created_at: '2025-01-01 10:00:00', updated_at: '2025-01-02 00:00:00' };
    expect(of('2025-01-03')).toMatchObject({ metadata, lastApplied: '2025-01-02T00:00:00.000Z' });
    expect(of('2025-01-02')).toMatchObject({ metadata });
    expect(of('2025-01-03', { action: 'create' })).toMatchObject({ metadata });
    expect(of('2025-01-01')).toMatchObject({ metadata: {}, lastApplied: '2025-01-01T10:00:00.000Z' });
    expect(of('2025-01-03', { action: 'update' })).toMatchObject({ metadata: { action: 'update' } });
    expect(of('2025-01-03', { attributes: {} })?.metadata).toEqual({});
    expect(of('2025-01-03', { status: 'failed' })?.metadata).toEqual({});
    expect(of('2025-01-03', { name: 'b' })?.metadata).toEqual({});
  });

  it('that holds a resource twice has the last', () => {
    const state = { resources: [file, { ...file, attributes: { mode: '0777' } }] };
    const plan = planned(aWorkflow({}, { versions: [{ state }] }));
    expect(commitsOf(plan)[0]?.resources).toMatchObject([{ properties: { mode: '0777' } }]);
    expect(said(plan)).toEqual(['state_versions 1: repaired: its state holds file.a twice; the last was taken']);
  });

  it.each<[what: string, said: JsonObject, made: object, problem: RegExp]>([
    ['no attributes', { attributes: null }, { properties: {} }, /state.resources\[0\].attributes are missing/],
    ['a list of attributes', { attributes: [1] }, { properties: { value: [1] } }, /attributes are no object/],
    ['no type', { type: '' }, { type: 'unknown' }, /state.resources\[0\].type is empty; "unknown" was taken/],
    ['no name', { name: null }, { name: 'r-1' }, /state.resources\[0\].name is empty; "r-1" was taken/],
    ['no status', { status: null }, { state: 'unknown' }, /state.resources\[0\].status is empty/],
  ])('of a resource with %s', (_, fields, made, problem) => {
    const plan = planned(aWorkflow({}, { versions: [{ state: { resources: [{ ...file, ...fields }] } }] }));
    expect(commitsOf(plan)[0]?.resources).toMatchObject([made]);
    expect(said(plan)).toEqual([expect.stringMatching(problem)]);
  });

  it('of a resource whose type is a number has its digits', () => {
    const plan = planned(aWorkflow({}, { versions: [{ state: { resources: [{ ...file, type: 5, id: 7 }] } }] }));
    expect(commitsOf(plan)[0]?.resources).toMatchObject([{ type: '5', id: '7' }]);
  });

  it('in which an id has moved to another address gives it there', async () => {
    const states = [[file], [{ ...file, name: 'b' }], [file, { ...file, id: 'r-9', name: 'b' }]];
    const plan = planned(aWorkflow({}, { versions: states.map((resources) => ({ state: { resources } })) }));
    expect(
      commitsOf(plan).map(({ resources, remove }) => [
        resources?.map(({ name, id }) => [name, id]),
        remove?.toSorted(),
      ]),
    ).toEqual([
      [[['a', 'r-1']], []],
      [[['b', 'r-1']], ['file.a']],
      [
        [
          ['a', undefined],
          ['b', undefined],
        ],
        [],
      ],
      [[], ['file.a', 'file.b']],
    ]);
    expect(commitsOf(plan)[2]?.resources?.map(({ metadata }) => metadata)).toEqual([{ id: 'r-1' }, { id: 'r-9' }]);
    expect(said(plan)).toEqual([
      'state_versions 3: repaired: its id is taken: r-1; the id is kept in the metadata',
      'state_versions 3: repaired: file.b is known by another id than r-9; the id is kept in the metadata',
    ]);
    await (await carriedOut(plan)).close();
  });
});

describe('a resource', () => {
  const made = (row: Row) => {
    const plan = planned(aWorkflow({}, { resources: [row] }));
    return { plan, resource: currentOf(plan).resources?.[0] };
  };

  it('has type, name, id, properties and state, and the other columns in its metadata', () => {
    const { plan, resource } = made({ attributes: '{"n":12345678901234567890}', exit_code: 3n });
    expect(stringifyJson(resource)).toBe(
      stringifyJson({
        type: 'file',
        name: 'n1',
        id: 'r-1',
        properties: { n: 12345678901234567890n },
        state: 'applied',
        metadata: {
          action: 'create',
          created_at: '2025-01-01 10:00:00',
          updated_at: '2025-01-01 10:00:00',
          exit_code: 3,
        },
        lastApplied: AT,
      }),
    );
    expect(said(plan)).toEqual([]);
  });

  it('was last applied when it was written, if it is applied', () => {
    expect(made({ updated_at: null, created_at: '2025-01-01 09:00:00' }).resource?.lastApplied).toBe(
      '2025-01-01T09:00:00.000Z',
    );
    expect(made({ updated_at: null, created_at: null }).resource).not.toHaveProperty('lastApplied');
    expect(made({ status: 'failed' }).resource).not.toHaveProperty('lastApplied');
  });

  it.each<[what: string, attributes: Cell, properties: string, problem: RegExp | undefined]>([
    ['NULL', null, '{}', /attributes is NULL; taken as {}/],
    ['a list', '[1.0]', '{"value":[1.0]}', /attributes is not a JSON object/],
    ['no JSON', 'a=b', '{"text":"a=b"}', /attributes is not JSON .*; kept as text, under "text"/],
    ['a BLOB', bytes(1, 2), '{"base64":"AQI="}', /attributes is a BLOB/],
    ['a key called __proto__', '{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}', undefined],
    ['a lone surrogate', '{"a":"\\ud800"}', '{"a":"\\ud800"}', undefined],
  ])('whose attributes are or have %s', (_, attributes, properties, problem) => {
    const { plan, resource } = made({ attributes });
    expect(stringifyJson(resource?.properties)).toBe(properties);
    expect(said(plan)).toEqual(problem ? [expect.stringMatching(problem)] : []);
  });

  it.each<[what: string, row: Row, problem: string]>([
    ['attributes', { attributes: `${'['.repeat(513)}${']'.repeat(513)}` }, 'attributes: nested deeper'],
    ['attributes in a list', { attributes: `${'['.repeat(512)}${']'.repeat(512)}` }, 'attributes: nested deeper'],
    ['another column', { log: 'x'.repeat(16 * 1024 * 1024) }, 'metadata is 16777'],
  ])('is rejected where there is too much in %s', (_, row, problem) => {
    const { plan, resource } = made(row);
    expect(resource).toBeUndefined();
    expect(outcomes(plan)).toEqual(['workflow_states/wf migrated', 'workflow_resources/r-1 rejected']);
    expect(said(plan)).toEqual([expect.stringContaining(`workflow_resources r-1: rejected: ${problem}`)]);
  });

  it.each<[row: Row, fields: object, problem: RegExp]>([
    [{ type: null }, { type: 'unknown' }, /type is empty; "unknown" was taken/],
    [{ name: '' }, { name: 'r-1' }, /name is empty; "r-1" was taken/],
    [{ name: 'a\u0000' }, { name: 'a\\u0000' }, /name holds control characters/],
    [{ type: ' file' }, { type: 'file' }, /type begins or ends with white space/],
    [{ status: null }, { state: 'unknown' }, /status is empty/],
    [{ type: bytes(1) }, { type: 'AQ==' }, /type is a BLOB/],
    [{ id: 'i'.repeat(300) }, { id: expect.stringMatching(/^i{119}~.{8}$/) }, /id is longer than 128 bytes/],
    [{ id: 'res-7' }, { metadata: expect.objectContaining({ id: 'res-7' }) }, /its id is taken: res-7; the id is kept/],
  ])('of %o', (row, fields, problem) => {
    const { plan, resource } = made(row);
    expect(resource).toMatchObject(fields);
    expect(said(plan)).toEqual([expect.stringMatching(problem)]);
  });

  it.each([null, ''])('without an id (%o) gets one of the system', (id) => {
    const { plan, resource } = made({ id });
    expect(resource).not.toHaveProperty('id');
    expect(resource?.metadata).not.toHaveProperty('id');
    expect(said(plan)).toEqual([]);
  });

  it('whose id another stack has gets one of the system', () => {
    const avoid = { ...NOTHING_TAKEN, ids: new Set(['r-1']) };
    const plan = planned(aWorkflow({}, { resources: [{}] }), [], { avoid });
    expect(currentOf(plan).resources?.[0]).not.toHaveProperty('id');
    expect(currentOf(plan).resources?.[0]?.metadata).toMatchObject({ id: 'r-1' });
    expect(said(plan)).toHaveLength(1);
  });

  it('whose id another one of its workflow has gets one of the system', () => {
    const plan = planned(aWorkflow({}, { resources: [{}, { id: 'r-1' }] }));
    expect(currentOf(plan).resources?.map(({ name, id }) => [name, id])).toEqual([
      ['n1', 'r-1'],
      ['n2', undefined],
    ]);
    expect(said(plan)).toHaveLength(1);
  });

  it('is in the current state when the last of what differs was written', () => {
    const resources = [{ updated_at: '2025-03-01' }, { updated_at: '2025-02-01' }];
    expect(currentOf(planned(aWorkflow({}, { resources }))).at).toBe('2025-03-01T00:00:00.000Z');
  });

  it('written in the future is recorded when the migration began', () => {
    const { plan, resource } = made({ updated_at: '2030-01-01' });
    expect(currentOf(plan).at).toBe(UNTIL);
    expect(resource?.metadata).toMatchObject({ updated_at: '2030-01-01' });
    expect(said(plan)).toEqual([expect.stringContaining('workflow_resources r-1: repaired: its time, 2030-01-01T')]);
  });
});

describe('two rows about one resource', () => {
  const rows = {
    old: { id: 'old', name: 'a', updated_at: '2025-01-02', attributes: '{"v":1}' },
    new: { id: 'new', name: 'a', updated_at: '2025-01-03', attributes: '{"v":2}' },
    newest: { id: 'newest', name: 'a', updated_at: '2025-01-04', attributes: '{"v":3}' },
  };
  const valuesOf = (plan: Plan) =>
    commitsOf(plan).map(({ at, resources = [], remove = [] }) => [
      at.slice(5, 10),
      ...resources.map(({ properties, id, metadata }) => [properties?.v, id ?? (metadata as JsonObject).id]),
      ...remove,
    ]);

  it.each([
    [['old', 'new', 'newest'] as const],
    [['newest', 'new', 'old'] as const],
    [['new', 'newest', 'old'] as const],
  ])('are its history and its value now, in the order they were written: %o', (order) => {
    const plan = planned(aWorkflow({}, { resources: order.map((name) => rows[name]) }));
    expect(valuesOf(plan)).toEqual([
      ['01-02', [1, 'old']],
      ['01-03', [2, 'new']],
      ['01-04', [3, 'newest']],
    ]);
    expect(commitsOf(plan).map(({ resources }) => resources?.[0]?.id)).toEqual(['old', undefined, undefined]);
    expect(said(plan)).toEqual([
      'workflow_resources new: repaired: file.a is known by another id than new; the id is kept in the metadata',
      'workflow_resources newest: repaired: file.a is known by another id than newest; the id is kept in the metadata',
    ]);
  });

  it('written at one time are in the order they were made in, else in that of the table', () => {
    const same = { updated_at: '2025-01-02' };
    const last = (one: Row, other: Row) =>
      currentOf(
        planned(
          aWorkflow(
            {},
            {
              resources: [
                { ...rows.new, ...same, ...one },
                { ...rows.old, ...same, ...other },
              ],
            },
          ),
        ),
      ).resources?.[0]?.properties?.v;
    expect(last({ created_at: '2025-01-01 12:00' }, { created_at: '2025-01-01 11:00' })).toBe(2);
    expect(last({ created_at: '2025-01-01 11:00' }, { created_at: '2025-01-01 12:00' })).toBe(1);
    expect(last({}, {})).toBe(1);
    expect(last({}, { updated_at: null, created_at: null })).toBe(2);
  });

  it.each([
    ['delete', 'applied'],
    ['destroy', 'success'],
    ['delete', 'deleted'],
  ])('of which the last is %s, %s, leave nothing but history', (action, status) => {
    const plan = planned(aWorkflow({}, { resources: [rows.old, { ...rows.new, action, status }] }));
    expect(valuesOf(plan)).toEqual([['01-02', [1, 'old']], ['01-03', [2, 'new']], ['01-03', 'file.a'], ['01-03']]);
    expect(outcomes(plan).slice(1)).toEqual(['workflow_resources/old migrated', 'workflow_resources/new repaired']);
  });

  it.each([
    ['delete', 'failed'],
    ['delete', 'pending'],
    ['update', 'deleted'],
  ])('of which the last is %s, %s, leave that', (action, status) => {
    const plan = planned(aWorkflow({}, { resources: [{ ...rows.new, action, status }] }));
    expect(currentOf(plan).resources).toMatchObject([{ properties: { v: 2 }, state: status }]);
  });

  it('with a deletion between them are two lives', () => {
    const plan = planned(aWorkflow({}, { resources: [rows.old, { ...rows.new, action: 'delete' }, rows.newest] }));
    expect(valuesOf(plan)).toEqual([
      ['01-02', [1, 'old']],
      ['01-03', [2, 'new']],
      ['01-03', 'file.a'],
      ['01-04', [3, 'newest']],
    ]);
    expect(currentOf(plan).resources?.[0]?.id).toBe('newest');
  });

  it('are in the order they were written among those of others', () => {
    const of = (name: string, day: string, action: string) => ({ name, action, updated_at: `2025-01-0${day}` });
    const plan = planned(
      aWorkflow({}, { resources: [of('a', '2', 'create'), of('a', '5', 'delete'), of('b', '3', 'delete')] }),
    );
    expect(
      commitsOf(plan).map(({ at, resources, remove }) => [at.slice(8, 10), resources?.[0]?.name, remove?.[0]]),
    ).toEqual([
      ['02', 'a', undefined],
      ['03', 'b', undefined],
      ['03', undefined, 'file.b'],
      ['05', 'a', undefined],
      ['05', undefined, 'file.a'],
      ['05', undefined, undefined],
    ]);
  });

  it('come after all versions', () => {
    const versions = [{ created_at: '2025-06-01', state: {} }];
    const plan = planned(aWorkflow({}, { versions, resources: [rows.old, { ...rows.new, action: 'delete' }] }));
    expect(commitsOf(plan).map(({ at }) => at.slice(5, 10))).toEqual(['06-01', '06-01', '06-01', '06-01', '06-01']);
  });

  it('of which the first is what a version says: the row is mentioned in the history', async () => {
    const state = { resources: [{ id: 'old', type: 'file', name: 'a', status: 'applied', attributes: { v: 1 } }] };
    const workflow = aWorkflow(
      {},
      { versions: [{ created_at: '2025-01-02', state }], resources: [rows.old, rows.new] },
    );
    const plan = planned(workflow);
    expect(stepsOf(plan, 'recordActivity').map(({ at, command }) => [at, command.action, command.details])).toEqual([
      ['2025-01-02T00:00:00.000Z', 'resource', expect.objectContaining({ id: 'old', attributes: '{"v":1}' })],
    ]);
    expect(valuesOf(plan)).toEqual([
      ['01-02', [1, 'old']],
      ['01-03', [2, 'new']],
    ]);
    const again = await planAgain(workflow);
    expect(again.steps).toEqual([]);
  });

  it('of which the last is gone and what a version says: it is gone once, and stays so', async () => {
    const gone = { ...rows.new, action: 'delete' };
    const state = {
      resources: [{ id: 'new', type: 'file', name: 'a', action: 'delete', status: 'applied', attributes: { v: 2 } }],
    };
    const workflow = aWorkflow({}, { versions: [{ created_at: '2025-01-03', state }], resources: [gone] });
    expect(valuesOf(planned(workflow))).toEqual([['01-03', [2, 'new']], ['01-03', 'file.a'], ['01-03']]);
    expect((await planAgain(workflow)).steps).toEqual([]);
  });
});

describe('resources that would have one address', () => {
  const dotted = { id: 'd', type: 'a.b', name: 'c' };
  const plain = { id: 'p', type: 'a', name: 'b.c' };
  const namesIn = (plan: Plan) =>
    commitsOf(plan).map(({ resources }) => resources?.map(({ type, name }) => [type, name]));

  it('are kept apart: the second bears its id', async () => {
    const plan = planned(aWorkflow({}, { resources: [dotted, plain] }));
    expect(namesIn(plan)).toEqual([
      [
        ['a.b', 'c'],
        ['a', 'b.c-p'],
      ],
    ]);
    expect(said(plan)).toEqual([
      'workflow_resources p: repaired: another resource has the address a.b.c; became "b.c-p"',
    ]);
    await (await carriedOut(plan)).close();
  });

  it('have the same names in all versions and rows, whatever the order', async () => {
    const of = (...all: readonly Row[]) => ({
      state: { resources: all.map((row) => ({ ...row, status: 'applied', attributes: {} })) },
    });
    const versions = [of(dotted), of(plain), of(dotted, plain), of(plain, dotted)];
    const plan = planned(aWorkflow({}, { versions, resources: [plain, dotted] }));
    const names = namesIn(plan).flat();
    expect(new Set(names.map((name) => JSON.stringify(name)))).toEqual(new Set(['["a.b","c-d"]', '["a","b.c"]']));
    await (await carriedOut(plan)).close();
  });

  it('or one name, when blanks and control characters are gone, are kept apart too', async () => {
    const rows = [
      { id: '1', name: 'a' },
      { id: '2', name: ' a' },
      { id: '3', name: ' a', updated_at: '2025-02-01' },
      { id: '4', name: 'a ' },
    ];
    const plan = planned(aWorkflow({}, { resources: rows }));
    expect(currentOf(plan).resources?.map(({ name }) => name)).toEqual(['a', 'a-2', 'a-4']);
    expect(commitsOf(plan)[0]?.resources).toMatchObject([{ name: 'a-2', id: '2' }]);
    await (await carriedOut(plan)).close();
  });

  it('are kept apart also where another one has the name with the id', async () => {
    const rows = [
      { id: '1', name: 'a' },
      { id: '9', name: 'a-2' },
      { id: '2', name: ' a' },
    ];
    const plan = planned(aWorkflow({}, { resources: rows }));
    expect(currentOf(plan).resources?.map(({ name }) => name)).toEqual(['a', 'a-2', 'a-2-2']);
  });

  it('and a long name keep it within its limits', async () => {
    const long = 'n'.repeat(1024);
    const plan = planned(aWorkflow({}, { resources: [{ name: long }, { name: `${long} ` }] }));
    expect(currentOf(plan).resources?.map(({ name }) => Buffer.byteLength(name))).toEqual([1024, 1024]);
    await (await carriedOut(plan)).close();
  });

  it('leave the address to one that the target knows, though it is gone', () => {
    const addresses = new Map([['a.b.c', { type: 'a', name: 'b.c' }]]);
    const plan = planned(aWorkflow({}, { resources: [dotted, plain] }), [], { avoid: { ...NOTHING_TAKEN, addresses } });
    expect(namesIn(plan)).toEqual([
      [
        ['a.b', 'c-d'],
        ['a', 'b.c'],
      ],
    ]);
  });

  it('have the names in a later run that they had in the first', async () => {
    const first = aWorkflow({}, { versions: [{ state: { resources: [dotted] } }], resources: [dotted] });
    const store = await carriedOut(planned(first));
    const before = await beforeOf(store, planned(first));
    const more = aWorkflow({ updated_at: '2025-02-01' }, { versions: [{}], resources: [plain, dotted] });
    const plan = planned(more, [], { before });
    expect(currentOf(plan).resources?.map(({ type, name }) => [type, name])).toContainEqual(['a', 'b.c-p']);
    await store.close();
  });
});

describe('outputs', () => {
  const outputsOf = (outputs: readonly Row[], versions: Parts['versions'] = []) => {
    const plan = planned(aWorkflow({}, { outputs, versions }));
    return { plan, outputs: currentOf(plan).outputs?.map(({ name, value }) => [name, value]) };
  };

  it('are the text they are, also where it is JSON', () => {
    const { outputs, plan } = outputsOf([{ value: '{"a": 1}' }, { value: '' }, { value: null }, { value: 5n }]);
    expect(outputs).toEqual([
      ['k1', '{"a": 1}'],
      ['k2', ''],
      ['k3', null],
      ['k4', 5],
    ]);
    expect(said(plan)).toEqual([]);
  });

  it('are what the last version says, where the text is the JSON of it', async () => {
    const state = { outputs: { k1: { a: [1] }, k2: 7, k3: null, k4: 'text', k5: '"x"', k6: { a: 1 } } };
    const texts = ['{ "a" : [1.0] }', '7', 'null', 'text', '"x"', '{"a":2}'];
    const { outputs, plan } = outputsOf(
      texts.map((value) => ({ value })),
      [{ state }],
    );
    expect(outputs).toEqual([['k6', '{"a":2}']]);
    const store = await carriedOut(plan);
    const { outputs: held } = await store.read((s) => readState(s, 'wf'));
    expect(held.map(({ value }) => value)).toEqual([{ a: [1] }, 7, null, 'text', '"x"', '{"a":2}']);
    await store.close();
  });

  it('stay text where the version has a text, even one whose JSON it is', () => {
    expect(outputsOf([{ value: '"x"' }], [{ state: { outputs: { k1: 'x' } } }]).outputs).toEqual([['k1', '"x"']]);
  });

  it('are compared with the last version that was taken', () => {
    const versions = [{ state: { outputs: { k1: [1] } } }, { state: 'no JSON' }];
    expect(outputsOf([{ value: '[1]' }], versions).outputs).toEqual([]);
  });

  it('that a BLOB holds are base64', () => {
    const { outputs, plan } = outputsOf([{ value: bytes(1) }]);
    expect(outputs).toEqual([['k1', { base64: 'AQ==' }]]);
    expect(said(plan)).toEqual(['workflow_outputs wf/k1: repaired: value is a BLOB; kept as base64']);
  });

  it('too large for a document are rejected alone', () => {
    const { outputs, plan } = outputsOf([{ value: 'x'.repeat(16 * 1024 * 1024) }, {}]);
    expect(outputs).toEqual([['k2', 'v2']]);
    expect(outcomes(plan).slice(1)).toEqual(['workflow_outputs/wf/k1 rejected', 'workflow_outputs/wf/k2 migrated']);
  });

  it('whose names become one stay apart', () => {
    const { outputs, plan } = outputsOf([{ key: 'a' }, { key: ' a' }, { key: null }, { key: null }, { key: null }]);
    const names = outputs?.map(([name]) => name);
    expect(names).toEqual(['a', expect.stringMatching(/^a~.{8}$/), 'unknown', expect.anything(), expect.anything()]);
    expect(new Set(names).size).toBe(5);
    expect(said(plan)[1]).toMatch(/^workflow_outputs wf\/ a: repaired: there is a key a already; became "a~.{8}"$/);
  });

  it('whose name is too long are cut', () => {
    const { outputs } = outputsOf([{ key: 'k'.repeat(2_000) }]);
    expect(Buffer.byteLength(String(outputs?.[0]?.[0]))).toBe(1_024);
  });

  it('that no row has any more are removed', () => {
    const plan = planned(aWorkflow({}, { versions: [{ state: { outputs: { a: 1 } } }] }));
    expect(currentOf(plan).removeOutputs).toEqual(['a']);
  });
});

describe('tags', () => {
  it('are added at their time', () => {
    const plan = planned(aWorkflow({}, { tags: [{ tag: 'prod', created_at: '2025-02-01' }] }));
    expect(stepsOf(plan, 'addTags').map(({ at, actor, command }) => [at, actor, command])).toEqual([
      ['2025-02-01T00:00:00.000Z', 'unknown', { type: 'addTags', stack: 'wf', tags: ['prod'] }],
    ]);
  });

  it('that become one stay two', () => {
    const plan = planned(aWorkflow({}, { tags: [{ tag: 'prod' }, { tag: 'prod ' }, { tag: 't'.repeat(128) }] }));
    expect(stepsOf(plan, 'addTags').flatMap(({ command }) => command.tags)).toEqual([
      'prod',
      expect.stringMatching(/^prod~.{8}$/),
      't'.repeat(128),
    ]);
    expect(said(plan)).toEqual([
      'workflow_tags wf/prod : repaired: tag begins or ends with white space; became "prod"',
      expect.stringMatching(/^workflow_tags wf\/prod : repaired: there is a tag prod already; became "prod~.{8}"$/),
    ]);
  });

  it.each<[Cell, string, RegExp]>([
    [null, AT, /created_at is no time; 2025-01-01T10:00:00.000Z was taken/],
    ['2024-01-01', AT, /its time, 2024-01-01T00:00:00.000Z, is before that of the stack; recorded at 2025/],
    ['2030-01-01', UNTIL, /its time, 2030-01-01T00:00:00.000Z, is to come; recorded at 2026/],
  ])('of the time %o', (created_at, at, problem) => {
    const plan = planned(aWorkflow({}, { tags: [{ created_at }] }));
    expect(stepsOf(plan, 'addTags')[0]?.at).toBe(at);
    expect(said(plan)).toEqual([expect.stringMatching(problem)]);
  });
});

interface DriftStep {
  readonly at: string;
  readonly reason: string | undefined;
  readonly action?: string;
  readonly details?: unknown;
  readonly resource?: string;
  readonly expected?: unknown;
  readonly actual?: unknown;
}

describe('drift', () => {
  const other = '{"mode":"0666"}';
  const resources = [{ name: 'a' }];
  const driftOf = (drift: readonly Row[], parts: Parts = { resources }) => {
    const plan = planned(aWorkflow({}, { ...parts, drift }));
    const steps = plan.steps.flatMap(({ command, at, reason }): DriftStep[] => {
      if (command.type === 'recordActivity') return [{ at, reason, action: command.action, details: command.details }];
      return command.type === 'detectDrift' ? [{ at, reason, ...command.findings[0] }] : [];
    });
    return { plan, steps };
  };

  it('that was found is a finding, with its values as they are', () => {
    const { steps, plan } = driftOf([{ expected: '{"n":1.0}', actual: null }]);
    expect(steps).toMatchObject([{ at: '2025-02-01T01:00:00.000Z', resource: 'r-1', actual: null }]);
    expect(stringifyJson(steps[0]?.expected)).toBe('{"n":1.0}');
    expect(said(plan)).toEqual([]);
  });

  it.each<[Cell, boolean]>([
    [1n, true],
    [1, true],
    ['true', true],
    ['T', true],
    [0n, false],
    ['false', false],
    [null, false],
    ['yes', false],
  ])('is found where drifted is %o: %o', (drifted, found) => {
    const [step] = driftOf([{ drifted }]).steps;
    expect(step).toHaveProperty(found ? 'resource' : 'action');
  });

  it('found again is an entry with the row, found otherwise a finding; cleared it is over, and may come again', () => {
    const { steps, plan } = driftOf([{}, {}, { actual: other }, { drifted: 0n }, { drifted: 0n }, { actual: other }]);
    expect(steps).toMatchObject([
      { resource: 'r-1', actual: { mode: '0777' } },
      { action: 'drift', details: { id: 2, drifted: 1, actual: '{"mode":"0777"}' } },
      { resource: 'r-1', actual: { mode: '0666' } },
      { resource: 'r-1', expected: { mode: '0644' }, actual: { mode: '0644' } },
      { action: 'drift', details: { id: 5, drifted: 0 } },
      { resource: 'r-1', actual: { mode: '0666' } },
    ]);
    expect(said(plan)).toEqual([]);
  });

  it('with nothing that differs is an entry', () => {
    expect(driftOf([{ expected: '{"a":1}', actual: '{ "a": 1.0 }' }]).steps).toMatchObject([{ action: 'drift' }]);
    expect(driftOf([{ expected: null, actual: null }]).steps).toMatchObject([{ action: 'drift' }]);
  });

  it('is in the order of its times, and of each resource alone', () => {
    const drift = [
      { drifted: 0n, detected_at: '2025-02-03' },
      { detected_at: '2025-02-02' },
      { resource_id: 'r-2', detected_at: '2025-02-04', drifted: 0n },
    ];
    expect(driftOf(drift, { resources: [{}, {}] }).steps).toMatchObject([
      { at: '2025-02-02T00:00:00.000Z', actual: { mode: '0777' } },
      { at: '2025-02-03T00:00:00.000Z', actual: { mode: '0644' } },
      { at: '2025-02-04T00:00:00.000Z', action: 'drift' },
    ]);
  });

  it('without a time has that of the workflow', () => {
    const { steps, plan } = driftOf([{ detected_at: '' }]);
    expect(steps[0]?.at).toBe(AT);
    expect(said(plan)).toEqual([`drift_detections 1: repaired: detected_at is no time; ${AT} was taken`]);
  });

  it('of a resource that is not there is a finding all the same, with its type as reason', () => {
    expect(driftOf([{ resource_id: 'gone' }]).steps).toMatchObject([
      { resource: 'gone', reason: 'resource type: file' },
    ]);
    expect(driftOf([{ resource_type: 'user\u0000' }]).steps).toMatchObject([
      { resource: 'r-1', reason: 'resource type: user\\u0000' },
    ]);
    for (const resource_type of [null, '', 'file']) {
      expect(driftOf([{ resource_type }]).steps).toMatchObject([{ resource: 'r-1', reason: undefined }]);
    }
  });

  it('of no resource is one of "unknown"', () => {
    const { steps, plan } = driftOf([{ resource_id: '' }]);
    expect(steps).toMatchObject([{ resource: 'unknown' }]);
    expect(said(plan)).toHaveLength(1);
  });

  it('whose values are no JSON has them as text', () => {
    const { steps, plan } = driftOf([{ expected: 'on', actual: bytes(1) }]);
    expect(steps).toMatchObject([{ expected: 'on', actual: { base64: 'AQ==' } }]);
    expect(said(plan)).toHaveLength(2);
  });

  it('too large for a document is rejected alone', () => {
    const { steps, plan } = driftOf([{ actual: `"${'x'.repeat(16 * 1024 * 1024)}"` }, {}]);
    expect(steps).toHaveLength(1);
    expect(outcomes(plan).slice(2)).toEqual(['drift_detections/1 rejected', 'drift_detections/2 migrated']);
  });

  it('under any id of a resource is that of one', async () => {
    const rows = [
      { id: 'late', name: 'a', updated_at: '2025-01-03' },
      { id: 'early', name: 'a', updated_at: '2025-01-02' },
    ];
    const drift = [{ resource_id: 'late' }, { resource_id: 'early' }, { resource_id: 'file.a', drifted: 0n }];
    const { steps, plan } = driftOf(drift, { resources: rows });
    expect(steps).toMatchObject([{ resource: 'early' }, { action: 'drift' }, { resource: 'early' }]);
    const store = await carriedOut(plan);
    const findings = await reads(store).drift((await reads(store).stack('wf'))?.stream ?? 0);
    expect(findings.map(({ resourceId, isDrifted }) => [resourceId, isDrifted])).toEqual([['early', false]]);
    await store.close();
  });

  it('of a resource that has the id a version gave it is known by that', () => {
    const state = { resources: [{ id: 'v', type: 'file', name: 'a', status: 'applied', attributes: {} }] };
    const drift = [{ resource_id: 'r-1' }, { resource_id: 'v' }];
    expect(driftOf(drift, { resources, versions: [{ state }] }).steps).toMatchObject([
      { resource: 'v' },
      { action: 'drift' },
    ]);
  });

  it('of a resource that lost its id to another one is not that of the other', () => {
    const said_ = (name: string) => ({
      state: { resources: [{ id: 'v', type: 'file', name, status: 'applied', attributes: {} }] },
    });
    const rows = [
      { id: 'v', name: 'b' },
      { id: null, name: 'a' },
    ];
    const { steps } = driftOf([{ resource_id: 'file.a' }], { resources: rows, versions: [said_('a'), said_('b')] });
    expect(steps).toMatchObject([{ resource: 'file.a' }]);
  });

  it('of a resource that has an id of the system is known by its address', () => {
    const of = (id: string) => driftOf([{ resource_id: id }], { resources: [{ id, name: 'a' }] }).steps;
    expect(of('res-7')).toMatchObject([{ resource: 'file.a' }]);
    expect(of('i'.repeat(300))).toMatchObject([{ resource: expect.stringMatching(/^i{119}~.{8}$/) }]);
  });
});

describe('activity', () => {
  const activityOf = (row: Row) => {
    const plan = planned(aWorkflow({}, { activity: [row] }));
    const [step] = stepsOf(plan, 'recordActivity');
    return { plan, at: step?.at, actor: step?.actor, action: step?.command.action, details: step?.command.details };
  };

  it('is an entry in the history', () => {
    expect(activityOf({ created_at: '2025-02-01' })).toMatchObject({
      at: '2025-02-01T00:00:00.000Z',
      actor: 'bob',
      action: 'deploy',
      details: 'by hand',
    });
  });

  it.each<[Cell, Json, number]>([
    [null, null, 0],
    ['', '', 0],
    ['{"a":1}', '{"a":1}', 0],
    [7n, '7', 0],
    [bytes(1), { base64: 'AQ==' }, 1],
  ])('has its details as they are: %o', (details, made, entries) => {
    const { plan, details: said_ } = activityOf({ details });
    expect(said_).toEqual(made);
    expect(said(plan)).toHaveLength(entries);
  });

  it.each<[Row, object, number]>([
    [{ created_by: null }, { actor: 'unknown' }, 0],
    [{ created_by: '' }, { actor: 'unknown' }, 0],
    [{ created_by: ' ' }, { actor: 'unknown' }, 1],
    [{ created_by: ' bob' }, { actor: 'bob' }, 1],
    [{ action: null }, { action: 'unknown' }, 1],
    [{ created_at: null }, { at: AT }, 1],
  ])('of %o', (row, made, entries) => {
    const { plan, ...fields } = activityOf(row);
    expect(fields).toMatchObject(made);
    expect(said(plan)).toHaveLength(entries);
  });

  it('too large for a document is rejected alone', () => {
    const { plan } = activityOf({ details: 'x'.repeat(16 * 1024 * 1024) });
    expect(outcomes(plan)).toEqual(['workflow_states/wf migrated', 'workflow_activity/1 rejected']);
  });

  it('of rows with one id is all of it', () => {
    const { steps } = planned(
      aWorkflow({}, { activity: [{ id: 1n }, { id: 1n, action: 'b' }, { id: 1n, action: 'c' }] }),
    );
    expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
  });
});

describe('a lock of a workflow', () => {
  const locksOf = (...locks: readonly Row[]) => {
    const plan = planned(aWorkflow(), locks.map(aLock));
    return {
      plan,
      taken: stepsOf(plan, 'acquireLock').map(({ at, command }) => ({ at, ...command })),
      notes: stepsOf(plan, 'recordActivity').map(({ at, command: { action, details } }) => ({ at, action, details })),
    };
  };

  it('that still runs is taken over, until it expires', () => {
    const { taken, notes, plan } = locksOf({});
    expect(taken).toMatchObject([{ at: UNTIL, who: 'ci', operation: 'old lock wf', ttlMs: 3_600_000 }]);
    expect(notes).toEqual([]);
    expect(said(plan)).toEqual([]);
    expect(plan.steps.at(-1)?.command.type).toBe('acquireLock');
  });

  it('that runs for longer than a lock may runs for 7 days', () => {
    const { taken, plan } = locksOf({ expires_at: '2026-01-08 00:00:00.001' });
    expect(taken).toMatchObject([{ ttlMs: 604_800_000 }]);
    expect(said(plan)).toEqual([
      'locks wf: repaired: it runs until 2026-01-08T00:00:00.001Z; it runs for 7 days from now',
    ]);
    expect(said(locksOf({ expires_at: '2026-01-08' }).plan)).toEqual([]);
  });

  it.each<[Cell, number]>([
    ['2026-01-01', 0],
    ['2026-01-01 00:00:00.999', 0],
    ['2025-01-01', 0],
    [null, 1],
    ['for ever', 1],
  ])('that expires at %o is history', (expires_at, entries) => {
    const { taken, notes, plan } = locksOf({ expires_at, acquired_at: '2025-12-31 23:00:00' });
    expect(taken).toEqual([]);
    expect(notes).toEqual([
      {
        at: '2025-12-31T23:00:00.000Z',
        action: 'lock',
        details: expect.objectContaining({ holder: 'ci', expires_at }),
      },
    ]);
    expect(said(plan)).toHaveLength(entries);
  });

  it('that is history and has no time has that of the workflow', () => {
    const { notes, plan } = locksOf({ expires_at: '2025-01-02', acquired_at: null });
    expect(notes[0]?.at).toBe(AT);
    expect(said(plan)).toEqual([`locks wf: repaired: acquired_at is no time; ${AT} was taken`]);
  });

  it('that is the second which runs is history', () => {
    const { taken, notes, plan } = locksOf({}, { name: 'web' });
    expect(taken).toHaveLength(1);
    expect(notes).toMatchObject([{ details: { name: 'web' } }]);
    expect(said(plan)).toEqual(['locks web: repaired: the stack has a lock already; it is history']);
  });

  it('that runs is taken over also where another one has run out', () => {
    const { taken, notes, plan } = locksOf({ expires_at: '2025-12-31 23:30:00' }, { name: 'web' });
    expect(taken).toMatchObject([{ operation: 'old lock web' }]);
    expect(notes).toHaveLength(1);
    expect(said(plan)).toEqual([]);
  });

  it('whose holder and name are no names is taken over under others', async () => {
    const { taken, plan } = locksOf({ holder: null, name: 'é'.repeat(150) });
    expect(taken).toMatchObject([{ who: 'unknown', operation: expect.stringMatching(/^old lock é{95}~.{8}$/) }]);
    expect(said(plan)).toHaveLength(2);
    await (await carriedOut(plan)).close();
  });
});

/** What a second run plans of a workflow: as it was, or with what came since. */
async function planAgain(
  first: LegacyWorkflow,
  then: LegacyWorkflow = first,
  fields: Partial<Before> = {},
  locks: readonly LegacyRecord[] = [],
): Promise<Plan> {
  const plan = planned(first, locks);
  const store = await carriedOut(plan);
  const before = { ...(await beforeOf(store, plan)), ...fields };
  await store.close();
  return planned(then, locks, { before });
}

describe('a second run', () => {
  const parts: Parts = {
    resources: [{ name: 'a' }, { name: 'a', updated_at: '2025-01-02' }, { name: 'b', action: 'delete' }, { name: 'c' }],
    outputs: [{}],
    versions: [{ created_at: '2025-01-01 11:00:00', state: { outputs: { a: 1 } } }],
    drift: [{}, {}, { drifted: 0n }],
    tags: [{}],
    activity: [{}],
  };
  const columns = { locked_by: 'ci' };
  const first = aWorkflow(columns, parts);

  it('knows everything, and does nothing', async () => {
    const plan = await planAgain(first, first, {}, [aLock()]);
    expect(plan.steps).toEqual([]);
    expect(new Set(plan.records.map(({ outcome }) => outcome))).toEqual(new Set(['known']));
    expect(plan.ledger.entries()).toEqual([]);
  });

  it('takes a new tag, finding and activity, and nothing else', async () => {
    const more = {
      ...parts,
      tags: [{}, {}],
      activity: [{}, {}],
      drift: [{}, {}, { drifted: 0n }, { detected_at: '2025-02-02' }],
    };
    const plan = await planAgain(first, aWorkflow(columns, more));
    expect(plan.steps.map(({ command: { type } }) => type).sort()).toEqual([
      'addTags',
      'detectDrift',
      'recordActivity',
    ]);
    expect(outcomes(plan).filter((one) => !one.endsWith('known'))).toEqual([
      'drift_detections/4 migrated',
      'workflow_tags/wf/t2 repaired', // it says a time before the last one the stack knows
      'workflow_activity/2 repaired',
    ]);
  });

  it('takes a new version and the state that followed', async () => {
    const more = {
      ...parts,
      versions: [...(parts.versions ?? []), { created_at: '2025-03-01', state: { outputs: { a: 2 } } }],
      outputs: [{}, {}],
    };
    const plan = await planAgain(first, aWorkflow({ ...columns, version: 2n, updated_at: '2025-03-02' }, more));
    expect(commitsOf(plan).map(({ at, outputs, removeOutputs }) => [at.slice(5, 10), outputs, removeOutputs])).toEqual([
      ['03-01', [{ name: 'a', value: 2 }], ['k1']],
      [
        '03-02',
        [
          { name: 'k1', value: 'v1' },
          { name: 'k2', value: 'v2' },
        ],
        ['a'],
      ],
    ]);
  });

  it('takes a changed resource, one that is new and one that is gone', async () => {
    const resources = [
      { name: 'a' },
      { name: 'a', updated_at: '2025-01-02' },
      { name: 'b', action: 'delete' },
      { name: 'c', attributes: '{"x":1}', updated_at: '2025-03-01' },
      { name: 'd', updated_at: '2025-03-02' },
    ];
    const plan = await planAgain(first, aWorkflow(columns, { ...parts, resources }));
    expect(plan.steps).toHaveLength(1);
    expect(currentOf(plan)).toMatchObject({
      at: '2025-03-02T00:00:00.000Z',
      resources: [{ name: 'c', properties: { x: 1 } }, { name: 'd' }],
    });
    const without = await planAgain(first, aWorkflow(columns, { ...parts, resources: resources.slice(0, 3) }));
    expect(currentOf(without).remove).toEqual(['file.c']);
  });

  it('takes a row that follows one, and the one it follows is history', async () => {
    const once = aWorkflow({}, { resources: [{ name: 'a', attributes: '{"v":1}' }] });
    const next = { name: 'a', attributes: '{"v":2}', updated_at: '2025-03-01' };
    const twice = aWorkflow({}, { resources: [{ name: 'a', attributes: '{"v":1}' }, next] });
    const engine = openEngine(':memory:');
    for (const workflow of [once, twice]) {
      const held = (await reads(engine.store).stack('wf')) && (await beforeOf(engine.store, planned(once)));
      await carriedOut(planned(workflow, [], { before: held }), engine);
    }
    const third = planned(twice, [], { before: await beforeOf(engine.store, planned(once)) });
    expect(third.steps).toEqual([]);
    expect((await engine.store.read((s) => readState(s, 'wf'))).resources[0]?.value.properties).toEqual({ v: 2 });
    await engine.store.close();
  });

  it('lays a row of earlier under the state there is, which is laid down once more', async () => {
    const now = { name: 'a', attributes: '{"v":2}', updated_at: '2025-01-02' };
    const earlier = { id: 'e', name: 'a', attributes: '{"v":1}', updated_at: '2025-01-01' };
    const plan = await planAgain(
      aWorkflow({}, { resources: [now] }),
      aWorkflow({}, { resources: [{ ...now, id: 'r-1' }, earlier] }),
    );
    expect(commitsOf(plan).map(({ resources }) => resources?.map(({ properties }) => properties))).toEqual([
      [{ v: 1 }],
      [{ v: 2 }],
    ]);
  });

  it('takes a new execution, and the end of one that ran', async () => {
    const running = aWorkflow({ status: 'running', completed_at: null });
    const plan = await planAgain(running, aWorkflow());
    expect(plan.steps.map(({ command: { type } }) => type)).toEqual(['completeExecution', 'apply']);
    const another = await planAgain(
      first,
      aWorkflow({ ...columns, started_at: '2025-04-01', completed_at: '2025-04-02' }, parts),
    );
    expect(another.steps.map(({ command: { type } }) => type)).toEqual([
      'startExecution',
      'completeExecution',
      'apply',
    ]);
  });

  it('plans the same however often it is asked', async () => {
    const plan = planned(first);
    const store = await carriedOut(plan);
    const before = await beforeOf(store, plan);
    const more = aWorkflow(columns, { ...parts, resources: [{ name: 'z', updated_at: '2025-03-01' }] });
    const [once, twice] = [1, 2].map(() => planned(more, [], { before }).steps);
    expect(stringifyJson(once?.map(({ command }) => command))).toBe(
      stringifyJson(twice?.map(({ command }) => command)),
    );
    expect(once?.map(({ command: { type } }) => type)).toEqual(['apply']);
    await store.close();
  });

  it('takes nothing more into a stack that somebody else changed', async () => {
    const more = {
      ...parts,
      versions: [...(parts.versions ?? []), { created_at: '2025-03-01' }],
      resources: [...(parts.resources ?? []), { name: 'z' }, { name: 'z', updated_at: '2025-03-02' }],
      outputs: [{ value: 'other' }],
      tags: [{}, { created_at: '2025-03-01' }],
    };
    const plan = await planAgain(first, aWorkflow({ ...columns, started_at: '2025-03-01' }, more), {
      refusal: 'somebody was here',
    });
    expect(plan.steps).toEqual([]);
    expect(outcomes(plan).filter((one) => !one.endsWith('known'))).toEqual([
      'workflow_states/wf rejected',
      'workflow_resources/r-5 rejected',
      'workflow_resources/r-6 rejected',
      'workflow_outputs/wf/k1 rejected',
      'state_versions/2 rejected',
      'workflow_tags/wf/t2 rejected',
    ]);
    expect(plan.ledger.entries().map(({ problem }) => problem)).toContain('somebody was here');
  });

  it('rejects what is new of a stack that was deleted here', async () => {
    const more = aWorkflow(columns, { ...parts, tags: [{}, {}] });
    const plan = await planAgain(first, more, { refusal: 'the stack wf was deleted here' });
    expect(plan.steps).toEqual([]);
    expect(said(plan)).toEqual(['workflow_tags wf/t2: rejected: the stack wf was deleted here; not taken']);
  });

  it('rejects another workflow of the same id', async () => {
    const plan = await planAgain(first, aWorkflow({ created_at: '2025-05-05' }, { tags: [{}] }));
    expect(plan.steps).toEqual([]);
    expect(said(plan)).toEqual([
      'workflow_states wf: rejected: another workflow with the id wf was taken in before; not taken',
      'workflow_tags wf/t1: rejected: its workflow is not taken; not taken',
    ]);
  });

  it('records what says an earlier time than the stack knows at that time', async () => {
    const plan = await planAgain(first, aWorkflow(columns, { ...parts, tags: [{}, { created_at: '2025-01-01' }] }));
    expect(plan.steps[0]?.at).toBe('2025-02-01T03:00:00.000Z');
    expect(said(plan)).toEqual([expect.stringContaining('is before that of the stack')]);
  });
});

describe('the key-value store', () => {
  const shared = (
    rows: readonly Row[],
    locks: readonly Row[] = [],
    fields: Partial<Parameters<typeof planShared>[2]> = {},
  ) =>
    planShared(
      rows.map((row) => aRecord('state', { value: 'v', updated_at: '2025-02-01', ...row })),
      locks.map(aLock),
      { until: UNTIL, before: undefined, targetName: undefined, avoid: NOTHING_TAKEN, ...fields },
    );

  it('is the outputs of a stack, each at its time, which is made at the first of them', () => {
    const plan = shared([
      { key: 'b', value: '{"a":1}', updated_at: '2025-03-01' },
      { key: 'a', value: 'x' },
    ]);
    expect(plan.stack).toEqual({ id: 'workflow-state', name: 'workflow-state' });
    expect(plan.steps.map(({ at, command }) => [at.slice(5, 10), command])).toEqual([
      ['02-01', { type: 'createStack', id: 'workflow-state', name: 'workflow-state' }],
      ['02-01', { type: 'apply', kind: 'import', stack: 'workflow-state', outputs: [{ name: 'a', value: 'x' }] }],
      ['03-01', { type: 'apply', kind: 'import', stack: 'workflow-state', outputs: [{ name: 'b', value: '{"a":1}' }] }],
    ]);
    expect(said(plan)).toEqual([]);
  });

  it('says what had to be repaired', async () => {
    const plan = shared([
      { key: 'a' },
      { key: ' a' },
      { key: 'b', value: bytes(1) },
      { key: 'c', updated_at: null },
      { key: 'd', value: 'x'.repeat(16 * 1024 * 1024) },
      { key: 'e', updated_at: null, created_at: '2025-01-01' },
    ]);
    expect(commitsOf(plan).flatMap(({ outputs }) => outputs?.map(({ name }) => name))).toEqual([
      'e',
      'a',
      expect.stringMatching(/^a~.{8}$/),
      'b',
      'c',
    ]);
    expect(outcomes(plan).map((one) => one.split(' ').at(-1))).toEqual([
      'migrated',
      'repaired',
      'repaired',
      'repaired',
      'rejected',
      'migrated',
    ]);
    expect(said(plan)).toContain(`state c: repaired: updated_at is no time; ${UNTIL} was taken`);
    await (await carriedOut(plan)).close();
  });

  it('has locks that name no workflow in its history, run out or not', () => {
    const plan = shared([], [{ name: 'x' }]);
    expect(stepsOf(plan, 'recordActivity').map(({ at, command }) => [at, command.action, command.details])).toEqual([
      ['2025-12-31T23:00:00.000Z', 'lock', expect.objectContaining({ name: 'x', holder: 'ci' })],
    ]);
    expect(stepsOf(plan, 'acquireLock')).toEqual([]);
    expect(said(plan)).toEqual(['locks x: repaired: it names no workflow; it is in the history of workflow-state']);
  });

  it('is called otherwise where that name is taken', () => {
    const avoid = { ...NOTHING_TAKEN, names: new Set(['workflow-state']) };
    expect(shared([{ key: 'a' }], [], { avoid }).stack).toEqual({ id: 'workflow-state', name: 'old-workflow-state' });
  });

  it('is taken once, and what is changed again', async () => {
    const plan = shared([{ key: 'a' }, { key: 'b' }], [{ name: 'x' }]);
    const store = await carriedOut(plan);
    const before = await beforeOf(store, plan);
    const same = shared([{ key: 'a' }, { key: 'b' }], [{ name: 'x' }], { before });
    expect(same.steps).toEqual([]);
    expect(new Set(outcomes(same).map((one) => one.split(' ').at(-1)))).toEqual(new Set(['known']));
    const rows = [{ key: 'a', value: 'w', updated_at: '2026-01-01' }, { key: 'b' }];
    expect(commitsOf(shared(rows, [{ name: 'x' }], { before })).map(({ outputs }) => outputs)).toEqual([
      [{ name: 'a', value: 'w' }],
    ]);
    const refused = shared(rows, [{ name: 'x' }, { name: 'y' }], { before: { ...before, refusal: 'it was changed' } });
    expect(refused.steps).toEqual([]);
    expect(said(refused)).toContain('state a: rejected: it was changed; not taken');
    await store.close();
  });
});

/** Cells of all kinds, most of them such as one expects. */
const oddCell: fc.Arbitrary<Cell> = fc.oneof(
  fc.constantFrom<Cell>(null, '', ' ', 0n, 1n, -1n, 1.5, 'x', ' x ', 'x\u0000', '{', '[]', '{}', '"x"', '5', 'res-7'),
  fc.constantFrom<Cell>('\ud800', 'é'.repeat(700), Number.POSITIVE_INFINITY, 9_223_372_036_854_775_807n),
  fc.uint8Array({ maxLength: 3 }),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const or = (weight: number, ...usual: readonly Cell[]): fc.Arbitrary<Cell> =>
  fc.oneof({ weight, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: oddCell });
const time = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .date({ min: new Date('2024-12-31T23:00:00Z'), max: new Date('2025-01-02T00:00:00Z'), noInvalidDate: true })
      .map((date): Cell => date.toISOString().replace('T', ' ').slice(0, 19)),
  },
  { weight: 1, arbitrary: fc.constantFrom<Cell>('2030-01-01', '1999-01-01', 1_735_700_000n, '2025-02-30', null) },
  { weight: 1, arbitrary: oddCell },
);
const idCell = or(15, 'r-1', 'r-2', 'r-3', 'r-4', 'r-5');
const typeCell = or(15, 'a', 'a.b', 'file');
const nameCell = or(15, 'b.c', 'c', 'x', ' x');
const attributesCell = or(8, '{}', '{"v":1}', '{"v":1.0}', '{"v":{"w":[1]}}', '{"ref":"${file.x.id}"}');
const statusCell = or(8, 'applied', 'failed', 'deleted', 'pending');
const actionCell = or(8, 'create', 'update', 'delete', 'destroy');

const resourceRow = fc.record({
  id: idCell,
  type: typeCell,
  name: nameCell,
  action: actionCell,
  status: statusCell,
  attributes: attributesCell,
  created_at: time,
  updated_at: time,
});
const stateText = fc
  .array(fc.record({ id: idCell, type: typeCell, name: nameCell, status: statusCell, attributes: attributesCell }), {
    maxLength: 4,
  })
  .chain((resources) =>
    fc
      .record({ outputs: fc.dictionary(fc.constantFrom('k1', 'k2', ' k1', 'x'), fc.constantFrom(1, 'v1', null, [1])) })
      .map(({ outputs }) => {
        const text = (cell: Cell) => (typeof cell === 'string' ? cell : String(cell));
        const list = resources.map((one) => ({ ...one, id: text(one.id), type: text(one.type), name: text(one.name) }));
        const said_ = list.map(({ attributes, status, ...one }) => ({
          ...one,
          status: text(status),
          attributes: typeof attributes === 'string' && attributes.startsWith('{"') ? JSON.parse(attributes) : {},
        }));
        return JSON.stringify({ status: 'running', resources: said_, outputs });
      }),
  );
const some = <T>(row: fc.Arbitrary<T>, maxLength = 5) => fc.array(row, { maxLength });

const anyParts: fc.Arbitrary<Parts> = fc.record({
  resources: some(resourceRow, 7),
  outputs: some(fc.record({ key: or(12, 'k1', 'k2', 'x', ' x'), value: or(8, 'v1', '[1]', 'null', '1') })),
  versions: some(
    fc.record({
      version: or(12, 1n, 2n, 3n),
      state: fc.oneof({ weight: 12, arbitrary: stateText }, { weight: 1, arbitrary: oddCell }),
      created_at: time,
      created_by: or(5, 'ana', 'bob'),
      description: or(5, '', 'first'),
    }),
    4,
  ),
  drift: some(
    fc.record({
      resource_id: fc.oneof(idCell, fc.constantFrom('file.x', 'a.b.c')),
      resource_type: typeCell,
      detected_at: time,
      expected: attributesCell,
      actual: attributesCell,
      drifted: or(15, 0n, 1n, 1n),
    }),
    6,
  ),
  tags: some(fc.record({ tag: or(12, 'a', 'b', ' a'), created_at: time })),
  activity: some(fc.record({ action: or(9, 'deploy'), details: oddCell, created_at: time, created_by: or(5, 'ana') })),
});
const anyColumns = fc.record({
  name: or(9, 'web'),
  version: or(9, 1n, '1.0'),
  status: or(9, 'pending', 'running', 'success', 'failed', 'rolled_back'),
  started_at: time,
  completed_at: time,
  duration_seconds: or(9, 1n, 2.5),
  metadata: or(9, '{}'),
  error_msg: or(9, 'boom'),
  locked_by: or(9, '', 'ci'),
  created_at: time,
  updated_at: time,
});
const anyLocks = some(
  fc.record({
    name: or(9, 'wf', 'web'),
    holder: or(9, 'ci'),
    acquired_at: time,
    expires_at: fc.oneof(fc.constantFrom('2026-01-01 01:00', '2027-01-01', '2025-01-01'), time),
  }),
  3,
);

const anything = [anyColumns, anyParts, anyLocks] as const;
/** 1.0 is 1: what is equal is not stated anew. */
const textOfValue = (value: Json): string => stringifyJson(value).replaceAll('1.0', '1');

const textOf = ({ steps, ledger }: Plan): string =>
  stringifyJson([steps.map(({ record: _, ...step }) => step), ledger.entries()]);

/** Rows as a source with keys has them: ids within a table are given once. */
const workflowOf = (columns: Row, parts: Parts): LegacyWorkflow => aWorkflow(columns, parts);

test('of any rows: the plan is the same each time, in order, and the engine accepts all of it', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(...anything, async (columns, parts, lockRows) => {
      const workflow = workflowOf(columns, parts);
      const locks = lockRows.map(aLock);
      const plan = planned(workflow, locks);
      expect(textOf(planned(workflow, locks))).toBe(textOf(plan));
      const times = plan.steps.map(({ at }) => at);
      expect(times).toEqual(times.toSorted());
      expect(times.every((at) => at <= UNTIL)).toBe(true);
      expect(new Set(plan.steps.map(({ id }) => id)).size).toBe(plan.steps.length);
      const rows = Object.values(parts).reduce((sum, all: readonly unknown[]) => sum + all.length, 1 + locks.length);
      expect(plan.records).toHaveLength(rows);
      for (const { record } of plan.steps) expect(record?.outcome).not.toBe('rejected');
      for (const { outcome, row } of plan.ledger.entries()) expect(row !== undefined).toBe(outcome === 'rejected');
      await (await carriedOut(plan)).close();
    }),
    parameters(3),
  );
});

test('of any rows: the state is what the last rows say', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(anyColumns, anyParts, async (columns, parts) => {
      const workflow = workflowOf(columns, parts);
      const plan = planned(workflow);
      const store = await carriedOut(plan);
      const state = await store.read((s) => readState(s, 'wf'));
      const alone = planned(aWorkflow(columns, { resources: parts.resources ?? [], outputs: parts.outputs ?? [] }));
      const other = await carriedOut(alone);
      const rows = await other.read((s) => readState(s, 'wf'));
      const values = ({ resources }: typeof state) =>
        resources.map(({ address, value: { properties, state: said_ } }) => [address, textOfValue(properties), said_]);
      expect(values(state)).toEqual(values(rows));
      expect(state.outputs.map(({ name }) => name)).toEqual(rows.outputs.map(({ name }) => name));
      await Promise.all([store.close(), other.close()]);
    }),
    parameters(),
  );
});

test('of any rows: what was carried out is not planned again', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(...anything, async (columns, parts, lockRows) => {
      const workflow = workflowOf(columns, parts);
      const locks = lockRows.map(aLock);
      const plan = planned(workflow, locks);
      const store = await carriedOut(plan);
      const until = '2026-06-01T00:00:00.000Z';
      const again = planned(workflow, locks, { before: await beforeOf(store, plan), until });
      expect(again.steps.map(({ command }) => command)).toEqual([]);
      await store.close();
    }),
    parameters(3),
  );
});

test('of any rows that others are added to: the state is that of all of them at once', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(anyColumns, anyParts, anyParts, async (columns, parts, others) => {
      const more = (table: 'resources' | 'outputs' | 'tags') => [...(parts[table] ?? []), ...(others[table] ?? [])];
      const whole: Parts = { ...parts, resources: more('resources'), outputs: more('outputs'), tags: more('tags') };
      const engine = openEngine(':memory:');
      const run = async (workflow: LegacyWorkflow) => {
        const planOf = (options: PlanOptions) => planWorkflow(workflow, options);
        const stack = { id: 'wf', creation: commandId('wf', 'workflow_states'), planOf };
        return takeAll(engine, [await planStack(engine.store, stack, MIGRATION)], MIGRATION);
      };
      await run(workflowOf(columns, parts));
      const [second] = await run(workflowOf(columns, whole));
      expect(second?.plan.ledger.entries().filter(({ problem }) => problem.includes('already names'))).toEqual([]);
      expect((await run(workflowOf(columns, whole)))[0]?.plan.steps).toEqual([]);
      const rejected = new Set(
        second?.plan.ledger.entries().flatMap((one) => (one.outcome === 'rejected' ? keyOf(one) : [])),
      );
      const outcomeOf = (record: LegacyRecord) => (rejected.has(keyOf(record)) ? 'rejected' : undefined);
      const source = sourceOf([workflowOf(columns, whole)]);
      const { stacks } = await compareMigration(source, engine.store, MIGRATION, outcomeOf);
      expect(stacks.flatMap(({ differences }) => differences)).toEqual([]);
      const state = await engine.store.read((s) => readState(s, 'wf'));
      const direct = await carriedOut(planned(workflowOf(columns, whole)));
      const wanted = await direct.read((s) => readState(s, 'wf'));
      // Of two that would have one address, the first to come has it.
      const all = ({ resources }: typeof state) =>
        resources.map(({ type, value }) => `${type} ${textOfValue(value.properties)}`).sort();
      expect(all(state)).toEqual(all(wanted));
      await Promise.all([engine.store.close(), direct.close()]);
    }),
    parameters(),
  );
});
