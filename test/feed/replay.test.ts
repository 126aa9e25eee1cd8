import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { type Engine, openEngine } from '../../src/engine.js';
import { EVENT_TYPES } from '../../src/events/index.js';
import { LogFeed } from '../../src/feed/follow-log.js';
import { type ReplayOptions, replay } from '../../src/feed/replay.js';
import { type Replayed, type ReplayStep, StateBackend, stateHash } from '../../src/index.js';
import type { Json } from '../../src/lib/json.js';
import { type FieldChange, fieldChanges } from '../../src/lib/json-diff.js';
import type { FoldedResource, StackState } from '../../src/projections/evolve.js';
import { resourceFields } from '../../src/queries/diff.js';
import type { EventChange } from '../../src/queries/event-changes.js';
import { isSensitive } from '../../src/queries/sensitive.js';
import { readState } from '../../src/queries/state.js';
import type { EventStore } from '../../src/store/event-store.js';
import { HALFWIDTH, LINEAR, live as liveLife } from '../contracts/life.js';
import { TestClock } from '../support/clock.js';
import { steps } from '../support/commands.js';
import { until } from '../support/database.js';
import { fold } from '../support/folded.js';
import { scratchFolder } from '../support/folder.js';
import { allStacks, live } from '../support/lives.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { tamper } from '../support/tamper.js';

interface Whole {
  readonly steps: ReplayStep[];
  readonly end: Replayed;
}

async function all(generator: AsyncGenerator<ReplayStep, Replayed>): Promise<Whole> {
  const seen: ReplayStep[] = [];
  for (;;) {
    const next = await generator.next();
    if (next.done) return { steps: seen, end: next.value };
    seen.push(next.value);
  }
}

const replayed = (store: EventStore, stack: string, options?: ReplayOptions): Promise<Whole> =>
  all(replay(store, new LogFeed(store), stack, options));

async function given(...commands: readonly Command[]): Promise<Engine & { readonly clock: TestClock }> {
  const clock = new TestClock();
  const engine = openEngine(':memory:', clock);
  onTestFinished(() => engine.store.close());
  for (const command of commands) {
    await engine.execute(command, { actor: 'ana' });
    clock.advance(1_000);
  }
  return { ...engine, clock };
}

/** The changes of each event, in short: `~ resource t.a: $.properties.n 1 → 2`. */
const changesOf = ({ steps }: Whole): string[][] =>
  steps.map(({ type, changes }) => [
    type,
    ...changes.map(
      ({ what, key, kind, fields }) =>
        `${{ added: '+', changed: '~', removed: '-' }[kind]} ${what} ${key}${fields.map(field).join('')}`,
    ),
  ]);
const field = ({ path, ...sides }: FieldChange): string =>
  `; ${path} ${'before' in sides ? `${JSON.stringify(sides.before)} → ` : ''}${JSON.stringify(sides.after)}`;

describe('each event has its changes', () => {
  test('of stack, resources, outputs and dependencies', async () => {
    const { store } = await given(
      { type: 'createStack', id: 's', name: 's', description: 'first', configuration: { a: 1 } },
      {
        type: 'apply',
        stack: 's',
        resources: [
          { type: 't', name: 'a', id: 'a-1', properties: { n: 1, deep: { x: [1, 2] } } },
          { type: 't', name: 'b', dependencies: ['t.a'], module: 'm' },
        ],
        outputs: [{ name: 'o', value: 1 }],
      },
      { type: 'apply', stack: 's', kind: 'set', resources: [{ type: 't', name: 'a', properties: { n: 2 } }] },
      { type: 'apply', stack: 's', outputs: [{ name: 'o', value: 2 }], remove: ['m.t.b'] },
      { type: 'updateStack', stack: 's', description: 'second', configuration: { a: 1, b: null } },
      { type: 'apply', stack: 's', removeOutputs: ['o'], remove: ['t.a'] },
      { type: 'deleteStack', stack: 's' },
      { type: 'restoreStack', stack: 's' },
    );
    const whole = await replayed(store, 's');
    expect(changesOf(whole)).toEqual([
      ['StackCreated', '+ stack s; $.configuration.a 1; $.description "first"; $.name "s"; $.status "created"'],
      [
        'ResourceCreated',
        '+ resource t.a; $.id "a-1"; $.properties.deep {"x":[1,2]}; $.properties.n 1; $.state "applied"',
      ],
      ['ResourceCreated', '+ resource m.t.b; $.dependencies[0] "t.a"; $.id "res-3"; $.state "applied"'],
      ['DependencyAdded', '+ dependency m.t.b -> t.a'],
      ['OutputSet', '+ output o; $.value 1'],
      ['ResourceUpdated', '~ resource t.a; $.properties.deep {"x":[1,2]} → undefined; $.properties.n 1 → 2'],
      ['ResourceRemoved', '- resource m.t.b'],
      ['DependencyRemoved', '- dependency m.t.b -> t.a'],
      ['OutputSet', '~ output o; $.value 1 → 2'],
      ['StackUpdated', '~ stack s; $.configuration.b null; $.description "first" → "second"'],
      ['ResourceRemoved', '- resource t.a'],
      ['OutputRemoved', '- output o'],
      ['StackDeleted', '- stack s'],
      ['StackRestored', '+ stack s'],
    ]);
    expect(
      whole.steps.map(({ counts: { resources, outputs, dependencies } }) => `${resources}${outputs}${dependencies}`),
    ).toEqual('000 100 200 201 211 211 111 110 110 110 010 000 000 000'.split(' '));
    expect(whole.steps[5]).toMatchObject({
      position: 6,
      version: 3,
      revision: 6,
      at: '2026-01-01T00:00:02.000Z',
      actor: 'ana',
      command: 'set',
      reason: undefined,
    });
    expect(whole.end).toMatchObject({ stackId: 's', name: 's', version: 8, position: 14, events: 14 });
  });

  test('of locks, tags, drift, executions, snapshots and rollbacks', async () => {
    const { store } = await given(
      { type: 'createStack', name: 's' },
      { type: 'addTags', stack: 's', tags: ['x'] },
      { type: 'removeTags', stack: 's', tags: ['x'] },
      { type: 'acquireLock', stack: 's', id: 'l', operation: 'op', who: 'ci', info: '', ttlMs: 60_000 },
      { type: 'renewLock', stack: 's', id: 'l', ttlMs: 60_000 },
      { type: 'releaseLock', stack: 's', id: 'l' },
      { type: 'detectDrift', stack: 's', findings: [{ resource: 'r', expected: { a: 1 }, actual: { b: 2 } }] },
      { type: 'ignoreDrift', stack: 's', resource: 'r', reason: 'known', expiresAt: '2026-01-01T00:00:08.000Z' },
      { type: 'resolveDrift', stack: 's', resource: 'r', reason: 'done' },
      { type: 'addDriftRule', stack: 's', resourceType: 't*', path: '**.etag', reason: 'known' },
      { type: 'removeDriftRule', stack: 's', rule: 10 },
      { type: 'startExecution', stack: 's', executionId: 'e' },
      { type: 'failExecution', stack: 's', executionId: 'e', error: 'boom', durationMs: 7 },
      { type: 'takeSnapshot', stack: 's', description: 'kept' },
      { type: 'takeSnapshot', stack: 's', description: 'again' },
      { type: 'updateStack', stack: 's', description: 'd' },
      { type: 'rollback', stack: 's', toVersion: 3 },
    );
    expect(changesOf(await replayed(store, 's')).slice(1)).toEqual([
      ['TagAdded', '+ tag x'],
      ['TagRemoved', '- tag x'],
      ['LockAcquired', '+ lock l; $.expiresAt "2026-01-01T00:01:03.000Z"; $.operation "op"; $.who "ci"'],
      ['LockRenewed', '~ lock l; $.expiresAt "2026-01-01T00:01:03.000Z" → "2026-01-01T00:01:04.000Z"'],
      ['LockReleased', '- lock l'],
      ['DriftDetected', '+ drift r; $.a 1 → undefined; $.b 2'],
      [
        'DriftIgnored',
        '~ drift r; $.expiresAt "2026-01-01T00:00:08.000Z"; $.reason "known"; $.status "pending" → "ignored"',
      ],
      ['DriftResolved', '~ drift r; $.reason "known" → "done"; $.status "ignored" → "resolved"'],
      ['DriftRuleAdded', '+ drift rule 10; $.path "**.etag"; $.reason "known"; $.resourceType "t*"'],
      ['DriftRuleRemoved', '- drift rule 10'],
      [
        'ExecutionStarted',
        '+ execution e; $.number 1; $.startedAt "2026-01-01T00:00:11.000Z"; $.status "running"',
        '~ stack s; $.status "created" → "running"',
      ],
      [
        'ExecutionFailed',
        '~ execution e; $.completedAt "2026-01-01T00:00:12.000Z"; $.durationMs 7; $.error "boom"; $.status "running" → "failed"; $.taskResults null',
        '~ stack s; $.status "running" → "failed"',
      ],
      ['SnapshotTaken', '+ snapshot 3; $.description "kept"'],
      ['SnapshotTaken', '~ snapshot 3; $.description "kept" → "again"'],
      ['StackUpdated', '~ stack s; $.description "" → "d"'],
      ['StackRolledBack'],
      ['StackUpdated', '~ stack s; $.description "d" → ""'],
    ]);
  });

  test('and values that were ever sensitive stay hidden from then on', async () => {
    const secret = (sensitive: readonly string[]) => ({ metadata: { sensitive } as Json });
    const { store } = await given(
      { type: 'createStack', name: 's' },
      {
        type: 'apply',
        stack: 's',
        resources: [{ type: 't', name: 'a', properties: { pw: 'x', n: 1 }, ...secret(['$.pw']) }],
        outputs: [{ name: 'o', value: 'x', sensitive: true }],
      },
      {
        type: 'apply',
        stack: 's',
        resources: [{ type: 't', name: 'a', properties: { pw: 'y', n: 2 }, ...secret([]) }],
        outputs: [{ name: 'o', value: 'y' }],
      },
      { type: 'detectDrift', stack: 's', findings: [{ resource: 't.a', actual: { pw: 'z', n: 3 } }] },
    );
    const changes = (await replayed(store, 's')).steps.slice(1).flatMap((step) => step.changes);
    const hidden = changes.map(({ what, fields, hidden }) => [
      what,
      fields.filter(({ path }) => isSensitive(path, hidden)).map(({ path }) => path),
    ]);
    expect(hidden).toEqual([
      ['resource', ['$.properties.pw']],
      ['output', ['$.value']],
      ['resource', ['$.properties.pw']],
      ['output', ['$.value']],
      ['drift', ['$.pw']],
    ]);
  });

  test('every type of event, in a life that contains them all', async () => {
    const clock = new TestClock();
    const { store } = openEngine(':memory:', clock);
    onTestFinished(() => store.close());
    await liveLife(store, clock);
    const types = new Set<string>();
    let positions = 0;
    for (const { id } of await allStacks(store)) {
      const { steps, end } = await replayed(store, id);
      for (const { type } of steps) types.add(type);
      positions += steps.length;
      expect(end.stateHash).toBe(stateHash(await store.read((s) => readState(s, id, { version: end.version }))));
    }
    expect([...types].sort()).toEqual([...EVENT_TYPES].sort());
    expect(positions).toBe((await store.head()).position);
  });
});

/** The content of a state by kind and key. */
const holdings = (state: StackState): Partial<Record<EventChange['what'], ReadonlyMap<string, unknown>>> => ({
  stack: new Map(state.version === 0 || state.deleted ? [] : [['', state.document]]),
  resource: state.resources,
  output: state.outputs,
  dependency: new Map([...state.dependencies].map(([key, edge]) => [key.replace('\n', ' -> '), edge])),
  lock: new Map(state.lock ? [[state.lock.lockId, state.lock]] : []),
  tag: state.tags,
  'drift rule': new Map([...state.driftRules].map(([rule, value]) => [String(rule), value])),
  execution: new Map([...state.executions.values()].map((execution) => [execution.id, execution])),
  snapshot: new Map([...state.snapshots].map(([version, description]) => [String(version), description])),
});

/** The changes of an event are exactly the differences between the state before it and the state after it. */
function areAllChanges(changes: readonly EventChange[], before: StackState, after: StackState): void {
  const [old, now] = [holdings(before), holdings(after)];
  const differing: string[] = [];
  for (const what of Object.keys(now) as EventChange['what'][]) {
    for (const key of new Set([...(old[what]?.keys() ?? []), ...(now[what]?.keys() ?? [])])) {
      const [left, right] = [old[what]?.get(key), now[what]?.get(key)];
      if (JSON.stringify(left) !== JSON.stringify(right)) differing.push(`${what} ${key}`);
    }
  }
  const changesOf = changes
    .filter(({ what }) => what !== 'drift' && what !== 'activity') // findings have tests of their own, activity has no state
    .map((change) => (change.what === 'stack' ? { ...change, key: '' } : change)); // its key is its name, which may change
  expect(changesOf.map(({ what, key }) => `${what} ${key}`)).toEqual(expect.arrayContaining(differing));
  for (const { what, key, kind, fields } of changesOf) {
    const [was, is] = [old[what]?.has(key) ?? false, now[what]?.has(key) ?? false];
    // A deleted stack has no key, but changes of its own fields are still reported.
    if (what !== 'stack' || kind !== 'changed')
      expect({ added: !was && is, changed: was && is, removed: was && !is }[kind]).toBe(true);
    const [left, right] = [before.resources.get(key), after.resources.get(key)];
    if (what === 'resource' && left && right) expect(fields).toEqual(fieldChanges(content(left), content(right)));
  }
}

const content = ({ id, resource, value }: FoldedResource): Json =>
  resourceFields({ id: id ?? `res-${resource}`, value });

test('at every version: the state of the tables, its counts, and no change repeated or missing', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps(30), async (script) => {
      const { store } = await live(script);
      for (const { id, stateVersion, stream } of await allStacks(store)) {
        const whole = await replayed(store, id);
        const events = await store.events({ stream, limit: 1_000_000 });
        expect(whole.steps.map(({ position }) => position)).toEqual(events.map(({ position }) => position));
        for (let version = 1; version <= stateVersion; version++) {
          const part = await replayed(store, id, { toVersion: version });
          expect(part.steps).toEqual(whole.steps.slice(0, part.steps.length));
          expect(whole.steps[part.steps.length]?.version ?? version + 1).toBe(version + 1);
          const state = await store.read((s) => readState(s, id, { version }));
          expect(part.end).toMatchObject({ version, stateHash: stateHash(state) });
          expect(part.end.counts).toEqual({
            resources: state.resources.length,
            outputs: state.outputs.length,
            dependencies: state.dependencies.length,
          });
        }
        for (const [index, { changes }] of whole.steps.entries()) {
          areAllChanges(changes, fold(events.slice(0, index)), fold(events.slice(0, index + 1)));
        }
      }
      await store.close();
    }),
    parameters(0.5),
  );
});

test('names that UTF-8 and UTF-16 sort differently give the same state as the tables', async () => {
  const { store } = await given(
    { type: 'createStack', name: 's' },
    {
      type: 'apply',
      stack: 's',
      resources: [
        { type: 't', name: 'a', dependencies: [`t.${LINEAR}`, `t.${HALFWIDTH}`] },
        { type: 't', name: LINEAR, dependencies: ['t.b'] },
        { type: 't', name: HALFWIDTH, dependencies: ['t.b'] },
        { type: 't', name: 'b' },
      ],
      outputs: [
        { name: LINEAR, value: 1 },
        { name: HALFWIDTH, value: 2 },
      ],
    },
  );
  expect((await replayed(store, 's')).end.stateHash).toBe(stateHash(await store.read((s) => readState(s, 's'))));
});

describe('up to a version', () => {
  test('includes the following events that do not raise it', async () => {
    const { store } = await given(
      { type: 'createStack', name: 's' },
      { type: 'addTags', stack: 's', tags: ['x'] },
      { type: 'takeSnapshot', stack: 's' },
      { type: 'updateStack', stack: 's', description: 'd' },
      { type: 'addTags', stack: 's', tags: ['y'] },
    );
    expect(changesOf(await replayed(store, 's', { toVersion: 1 })).map(([type]) => type)).toEqual([
      'StackCreated',
      'TagAdded',
      'SnapshotTaken',
    ]);
    expect((await replayed(store, 's', { toVersion: 2 })).end).toMatchObject({ version: 2, position: 5, events: 5 });
  });

  test('that does not exist, or of an unknown stack, is refused', async () => {
    const { store } = await given({ type: 'createStack', name: 's' });
    await expect(replayed(store, 's', { toVersion: 2 })).rejects.toMatchObject({
      code: 'VERSION_NOT_FOUND',
      exitCode: 3,
    });
    await expect(replayed(store, 'x')).rejects.toMatchObject({ code: 'STACK_NOT_FOUND', exitCode: 3 });
  });
});

test('more events than a page holds, of one stack among others', async () => {
  const { store, execute } = await given({ type: 'createStack', name: 's' }, { type: 'createStack', name: 'other' });
  for (let n = 0; n < 450; n++) {
    await execute(
      {
        type: 'apply',
        stack: n % 3 === 0 ? 'other' : 's',
        resources: [{ type: 't', name: `n${n % 70}`, properties: { n } }],
      },
      { actor: 'a' },
    );
  }
  const progress: number[] = [];
  const { steps, end } = await replayed(store, 's', {
    onProgress: ({ done, total }) => {
      expect(total).toBe(301);
      progress.push(done);
    },
  });
  expect(progress).toEqual([200, 301]);
  expect(steps.map(({ revision }) => revision)).toEqual(Array.from({ length: 301 }, (_, index) => index + 1));
  expect(end.counts.resources).toBe(70);
});

test.each([
  ['a value', 'UPDATE resource_rows SET position = 2 WHERE position = 3'],
  ['a value of the past', 'UPDATE resource_history SET position = 2 WHERE position = 3'],
  ['a resource', 'DELETE FROM resource_history'],
  ['an output', 'DELETE FROM output_history'],
  ['an edge', 'DELETE FROM dependency_history'],
  ['the stack itself', 'UPDATE document_history SET position = 1 WHERE position = 7'],
])('a state that differs from the tables ends in an error: %s', async (_, sql) => {
  const path = join(scratchFolder(), 'stacks.db');
  const { store, execute } = openEngine(path);
  onTestFinished(() => store.close());
  await execute({ type: 'createStack', name: 's' }, { actor: 'a' });
  for (const n of [1, 2]) {
    await execute(
      { type: 'apply', stack: 's', resources: [{ type: 't', name: 'a', properties: { n } }] },
      { actor: 'a' },
    );
  }
  await execute(
    {
      type: 'apply',
      stack: 's',
      resources: [{ type: 't', name: 'b', dependencies: ['t.a'] }],
      outputs: [{ name: 'o', value: 1 }],
    },
    { actor: 'a' },
  );
  await execute({ type: 'updateStack', stack: 's', description: 'd' }, { actor: 'a' });
  expect((await replayed(store, 's')).end.position).toBe(7);
  tamper(path, sql);
  const seen: ReplayStep[] = [];
  const generator = replay(store, new LogFeed(store), 's');
  const run = async () => {
    for (;;) {
      const next = await generator.next();
      if (next.done) return next.value;
      seen.push(next.value);
    }
  };
  await expect(run()).rejects.toMatchObject({
    code: 'REPLAY_DIFFERS',
    exitCode: 7,
    details: { stack: 's', version: 5 },
  });
  expect(seen).toHaveLength(7);
});

test.each([
  ['no JSON', '{'],
  ['of another shape', '{}'],
])('an event whose data is %s ends the replay with an error that names it', async (_, data) => {
  const path = join(scratchFolder(), 'stacks.db');
  const { store, execute } = openEngine(path);
  onTestFinished(() => store.close());
  await execute({ type: 'createStack', name: 's' }, { actor: 'a' });
  await execute({ type: 'apply', stack: 's', resources: [{ type: 't', name: 'a' }] }, { actor: 'a' });
  tamper(path, `UPDATE events SET data = '${data}' WHERE position = 2`);
  await expect(replayed(store, 's')).rejects.toMatchObject({
    code: 'EVENT_DAMAGED',
    exitCode: 7,
    message: expect.stringContaining('event 2'),
  });
});

describe('following', () => {
  async function followed(toVersion?: number) {
    const path = join(scratchFolder(), 'stacks.db');
    const [backend, other] = [await StateBackend.open(path), await StateBackend.open(path)];
    onTestFinished(() => Promise.all([backend.close(), other.close()]).then(() => {}));
    await other.getStackManager().createStack({ name: 's' });
    await other.getStackManager().createStack({ name: 'other' });
    const stop = new AbortController();
    const seen: ReplayStep[] = [];
    const generator = backend.replay('s', { follow: stop.signal, ...(toVersion === undefined ? {} : { toVersion }) });
    const end = (async () => {
      for (;;) {
        const next = await generator.next();
        if (next.done) return next.value;
        seen.push(next.value);
      }
    })();
    const outcome = end.catch((error: unknown) => error);
    await until(() => seen.length > 0);
    return { backend, other, stop, seen, end, outcome, path };
  }

  test('returns events of this process and another, until it is stopped', async () => {
    const { backend, other, stop, seen, end } = await followed();
    await other.addTag('s', 'x');
    await backend.addTag('other', 'x');
    await until(() => seen.length === 2);
    await backend.getStackManager().setResource('s', { type: 't', name: 'a', properties: { n: 1 } });
    await until(() => seen.length === 3);
    stop.abort();
    const state = await backend.getState('s');
    expect(await end).toMatchObject({ version: 2, position: 5, events: 3, stateHash: stateHash(state) });
    expect(seen.map(({ type }) => type)).toEqual(['StackCreated', 'TagAdded', 'ResourceCreated']);
    await other.addTag('s', 'late');
    expect(seen).toHaveLength(3);
  });

  test('stops once the requested version is complete, and returns no later events', async () => {
    const { backend, seen, end } = await followed(3);
    await backend.addTag('s', 'x');
    await Promise.all([
      backend.getStackManager().setResource('s', { type: 't', name: 'a', dependencies: [] }),
      backend.getStackManager().setResource('s', { type: 't', name: 'b', dependencies: ['t.a'] }),
      backend.addTag('s', 'y'),
      backend.getStackManager().setResource('s', { type: 't', name: 'c' }),
    ]);
    expect(await end).toMatchObject({ version: 3, counts: { resources: 2, outputs: 0, dependencies: 1 } });
    expect(seen.map(({ version }) => version)).toEqual(expect.arrayContaining([1, 2, 3]));
    expect(Math.max(...seen.map(({ version }) => version))).toBe(3);
    expect(seen.at(-1)?.type).toBe('TagAdded');
  });

  test.each([
    ['what was there', true],
    ['what came', false],
  ])('stops after a whole commit, also in the middle of %s', async (_, before) => {
    const path = join(scratchFolder(), 'stacks.db');
    await using backend = await StateBackend.open(path);
    const manager = backend.getStackManager();
    await manager.createStack({ name: 's' });
    const resources = Array.from({ length: 450 }, (_, n) => ({ type: 't', name: `n${n}` }));
    const fill = async (): Promise<void> => {
      await manager.apply({ stack: 's', resources });
      for (let n = 0; n < 300; n++) await backend.addTag('s', `t${n}`);
    };
    if (before) await fill();
    const stop = new AbortController();
    const positions: number[] = [];
    const generator = backend.replay('s', { follow: stop.signal });
    let end: Replayed | undefined;
    while (!end) {
      const next = await generator.next();
      if (next.done) end = next.value;
      else positions.push(next.value.position);
      if (positions.length === 1 && !before) await fill();
      if (positions.length === 2) stop.abort();
    }
    expect(end).toMatchObject({ version: 2, counts: { resources: 450 } });
    expect(end.events).toBeGreaterThanOrEqual(451);
    expect(end.events).toBeLessThan(751);
    expect(positions).toHaveLength(end.events);
  });

  test('stops at once if the version exists already, or the signal has fired before', async () => {
    const { backend } = await followed();
    const never = new AbortController().signal;
    expect((await all(backend.replay('s', { follow: never, toVersion: 1 }))).end).toMatchObject({ version: 1 });
    expect((await all(backend.replay('s', { follow: AbortSignal.abort() }))).end).toMatchObject({ version: 1 });
  });

  test('ends when the backend is closed', async () => {
    const { backend, outcome } = await followed();
    await backend.close();
    await outcome; // a pending promise would never let this test end
  });

  test('ends with an error when another log replaces the one it reads', async () => {
    const { backend, other, seen, path, outcome } = await followed();
    const copy = `${path}.copy`;
    await backend.getAdmin().backup(copy);
    await other.addTag('s', 'before');
    await until(() => seen.length === 2);
    await StateBackend.restore(path, copy);
    await using later = await StateBackend.open(path);
    await later.addTag('s', 'after');
    await later.addTag('s', 'after that');
    expect(await outcome).toMatchObject({ code: 'LOG_REPLACED', exitCode: 7 });
  });
});
