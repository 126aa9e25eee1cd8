import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { type Engine, engineOn } from '../../src/engine.js';
import { EVENT_TYPES, type EventType } from '../../src/events/index.js';
import { systemClock } from '../../src/lib/clock.js';
import { collect, drain } from '../../src/projections/drain.js';
import { PROJECTORS } from '../../src/projections/index.js';
import type { Projector } from '../../src/projections/projector.js';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { TABLE_NAMES } from '../../src/store/tables.js';
import { scratchFolder } from '../support/folder.js';

const ACTOR = { actor: 'test' };
const S = { stack: 's' };

/** A life of a stack in which every type of event occurs; each step may be refused once and then works. */
const LIFE: readonly (readonly [produces: readonly EventType[], command: Command, envelope?: object])[] = [
  [['StackCreated'], { type: 'createStack', id: 's', name: 's' }],
  [['DriftRuleAdded'], { type: 'addDriftRule', ...S, path: 'p', reason: 'known' }],
  [['DriftRuleRemoved'], { type: 'removeDriftRule', ...S, rule: 2 }],
  [['StackUpdated'], { type: 'updateStack', ...S, description: 'd' }],
  [
    ['ResourceCreated', 'DependencyAdded', 'OutputSet'],
    {
      type: 'apply',
      ...S,
      resources: [
        { type: 'a', name: 'x', properties: { n: 1 } },
        { type: 'a', name: 'y', dependencies: ['a.x'] },
      ],
      outputs: [{ name: 'o', value: 1 }],
    },
  ],
  [['ResourceUpdated'], { type: 'apply', ...S, resources: [{ type: 'a', name: 'x', properties: { n: 2 } }] }],
  [
    ['ResourceRemoved', 'DependencyRemoved', 'OutputRemoved'],
    { type: 'apply', ...S, remove: ['a.y'], removeOutputs: ['o'] },
  ],
  [['SnapshotTaken'], { type: 'takeSnapshot', ...S }],
  [['StackRolledBack'], { type: 'rollback', ...S, toVersion: 3 }],
  [['ExecutionStarted'], { type: 'startExecution', ...S, executionId: 'r1' }],
  [['ExecutionCompleted'], { type: 'completeExecution', ...S, executionId: 'r1' }],
  [['ExecutionStarted'], { type: 'startExecution', ...S, executionId: 'r2' }],
  [['ExecutionFailed'], { type: 'failExecution', ...S, executionId: 'r2', error: 'boom' }],
  [['DriftDetected'], { type: 'detectDrift', ...S, findings: [{ resource: 'a.x', actual: { n: 9 } }] }],
  [['DriftCleared'], { type: 'detectDrift', ...S, findings: [{ resource: 'a.x', actual: { n: 1 } }] }],
  [['DriftDetected'], { type: 'detectDrift', ...S, findings: [{ resource: 'a.x', actual: { n: 8 } }] }],
  [['DriftIgnored'], { type: 'ignoreDrift', ...S, resource: 'a.x' }],
  [['DriftDetected'], { type: 'detectDrift', ...S, findings: [{ resource: 'a.y', actual: { n: 8 } }] }],
  [['DriftResolved'], { type: 'resolveDrift', ...S, resource: 'a.y' }],
  [['LockAcquired'], { type: 'acquireLock', ...S, id: 'l1', operation: 'o' }],
  [['LockRenewed'], { type: 'renewLock', ...S, id: 'l1', ttlMs: 60_000 }],
  [['LockReleased'], { type: 'releaseLock', ...S, id: 'l1' }],
  [['LockAcquired'], { type: 'acquireLock', ...S, id: 'l2', operation: 'o' }],
  [['LockBroken'], { type: 'breakLock', ...S, reason: 'r' }],
  [['LockAcquired'], { type: 'acquireLock', ...S, id: 'l3', operation: 'o', ttlMs: 1000 }],
  [['LockExpired'], { type: 'takeSnapshot', ...S }],
  [['TagAdded'], { type: 'addTags', ...S, tags: ['t'] }],
  [['TagRemoved'], { type: 'removeTags', ...S, tags: ['t'] }],
  [['ActivityRecorded'], { type: 'recordActivity', ...S, action: 'a' }],
  [['NothingChanged'], { type: 'updateStack', ...S, description: 'd' }, { commandId: 'again' }],
  [['StackDeleted'], { type: 'deleteStack', ...S }],
  [['StackRestored'], { type: 'restoreStack', ...S }],
];

describe('a projector that throws leaves nothing behind', () => {
  let fault: { projector: string; type: EventType } | undefined;
  let engine: Engine;
  let client: Database.Database;
  let offset = 0;

  const faulty: readonly Projector[] = PROJECTORS.map((projector) => ({
    ...projector,
    *project(commit) {
      for (const change of projector.project(commit)) yield change; // what comes before the fault must go too
      if (fault?.projector === projector.name && commit.events.some(({ type }) => type === fault?.type)) {
        throw new Error(`fault in ${fault.projector} at ${fault.type}`);
      }
    },
  }));

  const contents = () =>
    ['events', ...TABLE_NAMES, 'projection_checkpoints'].map((table) => client.prepare(`SELECT * FROM ${table}`).all());

  const path = join('/tmp', `sloth-runner-atomicity-${process.pid}.db`);
  beforeAll(() => {
    const clock = { now: () => new Date(Date.parse(systemClock.now()) + offset).toISOString() };
    engine = engineOn(
      openSqliteStore({ path, clock, projection: { project: (events) => drain(events, faulty), projectors: faulty } }),
    );
    client = new Database(path, { readonly: true });
  });
  afterAll(async () => {
    client.close();
    await engine.store.close();
    for (const suffix of ['', '-wal', '-shm']) (await import('node:fs')).rmSync(path + suffix, { force: true });
  });

  test.each(LIFE.map(([types, command, envelope], step) => ({ step, types, command, envelope })))(
    'step $step: $types',
    async ({ types, command, envelope }) => {
      if (types.includes('LockExpired')) offset += 2_000;
      const before = contents();
      for (const type of types) {
        for (const { name } of PROJECTORS) {
          fault = { projector: name, type };
          await expect(engine.execute(command, { ...ACTOR, ...envelope }), `${name} at ${type}`).rejects.toThrow(
            `fault in ${name} at ${type}`,
          );
          expect(contents(), `${name} at ${type}`).toEqual(before);
        }
      }
      fault = undefined;
      const receipt = await engine.execute(command, { ...ACTOR, ...envelope });
      const appended = await engine.store.events({ after: receipt.firstPosition - 1, limit: 100 });
      expect(appended.map(({ type }) => type)).toEqual(expect.arrayContaining([...types]));
    },
  );

  test('every type of event took part', () => {
    expect(new Set(LIFE.flatMap(([types]) => types))).toEqual(new Set(EVENT_TYPES));
  });
});

describe('the pipeline', () => {
  test('refuses a projector that waits', async () => {
    const waits: Projector = { ...(PROJECTORS[0] as Projector), project: () => Promise.resolve([]) as never };
    const store = openSqliteStore({
      path: join(scratchFolder(), 'a.db'),
      clock: systemClock,
      projection: { project: (events) => drain(events, [waits]), projectors: [waits] },
    });
    const engine = engineOn(store);
    await expect(engine.execute({ type: 'createStack', name: 'a' }, ACTOR)).rejects.toMatchObject({
      code: 'PROJECTION_NOT_SYNCHRONOUS',
    });
    expect(await store.head()).toMatchObject({ position: 0 });
    await store.close();
  });

  test('throws what its source throws, where a subscriber would lose it', () => {
    const failing = new Observable<number>((subscriber) => {
      subscriber.next(1);
      throw new Error('lost?');
    });
    expect(() => collect(failing)).toThrow('lost?');
  });
});

test('every table belongs to exactly one projector', () => {
  expect(PROJECTORS.flatMap(({ tables }) => tables).toSorted()).toEqual([...TABLE_NAMES].toSorted());
});
