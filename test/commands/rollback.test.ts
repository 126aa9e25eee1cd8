import { describe, expect, it } from 'vitest';
import type { NewEvent, ResourceValue } from '../../src/events/index.js';
import { JsonNumber } from '../../src/lib/json.js';
import {
  aDocument,
  aValue,
  dependencyAdded,
  dependencyRemoved,
  EARLIER,
  type Given,
  given,
  lockAcquired,
  outputSet,
  placeOf,
  request,
  resourceCreated,
  resourceRemoved,
  stackCreated,
  stackDeleted,
  stackUpdated,
} from '../support/decision.js';

const stack = stackCreated();
const rollback = { type: 'rollback', stack: 'web', toVersion: 1 } as const;
const rolledBack = (fromVersion: number, toVersion: number): NewEvent => ({
  type: 'StackRolledBack',
  data: { fromVersion, toVersion },
});

/** Changes of a stack, and which of them are undone. Each of these commits raises the version. */
interface History {
  readonly before?: readonly Given[];
  readonly undone?: readonly Given[];
  /** In another stack, at the end. */
  readonly elsewhere?: readonly Given[];
}
function undoing({ before = [], undone = [], elsewhere = [] }: History) {
  const toVersion = 1 + before.length;
  const other = elsewhere.length === 0 ? [] : [stackCreated({ id: 'stack-2', name: 'api' })];
  const decision = given(stack, ...before, ...undone, ...other, ...elsewhere).when({ ...rollback, toVersion });
  return {
    ...decision,
    /** The rollback with exactly these events. */
    thenRollsBack: (...events: readonly NewEvent[]) =>
      decision.thenEvents(rolledBack(toVersion + undone.length, toVersion), ...events),
  };
}

const oldValue = aValue({ properties: { v: 1 }, lastApplied: EARLIER });
const old = (fields: object = {}) => resourceCreated('app.web', { ...oldValue, ...fields });
/** The position of its first event: the first after the creation of the stack. */
const WEB = 2;
const identity = { resource: WEB, ...placeOf('app.web') };
const removed = (fields: object = {}) => resourceRemoved('app.web', WEB, fields);
const updated = (value: Partial<ResourceValue>): NewEvent => ({
  type: 'ResourceUpdated',
  data: { ...identity, ...aValue(value) },
});
const created = (fields: object = {}): NewEvent => ({
  type: 'ResourceCreated',
  data: { ...identity, ...oldValue, ...fields },
});

describe('rollback', () => {
  it('removes a resource that did not exist', () => {
    undoing({ undone: [old({ id: 'w' })] }).thenRollsBack(removed({ id: 'w' }));
  });

  it('creates a removed one again, at its old address', () => {
    undoing({ before: [old({ id: 'w' })], undone: [removed({ id: 'w' })] }).thenRollsBack(created({ id: 'w' }));
  });

  it('restores the whole old value', () => {
    undoing({ before: [old()], undone: [updated({})] }).thenRollsBack(updated(oldValue));
  });

  it('does not change one that already has its old value', () => {
    const undone = [updated({}), updated({ properties: { v: new JsonNumber('1.0') } })];
    undoing({ before: [old()], undone }).thenEvents();
  });

  it('restores a changed id by removing and creating the resource', () => {
    undoing({
      before: [old({ id: 'old' })],
      undone: [removed({ id: 'old' }), created({ id: 'new' })],
    }).thenRollsBack(removed({ id: 'new' }), created({ id: 'old' }));
  });

  it.each(['app.other', 'app.xother'])('frees an id that moved to %s before it is restored', (other) => {
    undoing({
      before: [old({ id: 'w' })],
      undone: [removed({ id: 'w' }), resourceCreated(other, { id: 'w' })],
    }).thenRollsBack(resourceRemoved(other, 4, { id: 'w' }), created({ id: 'w' }));
  });

  it('leaves an old id with the resource of another stack that has it now', () => {
    undoing({
      before: [old({ id: 'w' })],
      undone: [removed({ id: 'w' })],
      elsewhere: [resourceCreated('x.y', { id: 'w' })],
    }).thenRollsBack(created());
  });

  it('changes nothing if the only difference is an id that another stack has now', () => {
    undoing({
      before: [old({ id: 'w' })],
      undone: [removed({ id: 'w' }), created()],
      elsewhere: [resourceCreated('x.y', { id: 'w' })],
    }).thenEvents();
  });

  it('frees a later id even if another stack has the old one', () => {
    const other = { id: 'later', ...oldValue };
    undoing({
      before: [old({ id: 'w' }), resourceCreated('app.xother', other)],
      undone: [resourceRemoved('app.xother', 3, { id: 'later' }), removed({ id: 'w' }), created({ id: 'later' })],
      elsewhere: [resourceCreated('x.y', { id: 'w' })],
    }).thenRollsBack(removed({ id: 'later' }), created(), {
      type: 'ResourceCreated',
      data: { resource: 3, ...placeOf('app.xother'), ...other },
    });
  });

  const edge = (fields: object = {}) => dependencyAdded('app.web', 'db.main', { path: '$.db', ...fields });
  const noEdge = dependencyRemoved('app.web', 'db.main');
  const output = (fields: object = {}) => outputSet('o', { value: { n: 1 }, metadata: 'm', ...fields });
  const noOutput: NewEvent = { type: 'OutputRemoved', data: { name: 'o' } };

  it.each<[string, readonly NewEvent[], readonly NewEvent[], readonly NewEvent[]]>([
    // the state, the history before, the changes to undo, how
    ['a dependency that was not there', [], [edge()], [noEdge]],
    ['a dependency that was there', [edge()], [noEdge], [edge()]],
    [
      'a dependency that was of another kind',
      [edge({ dependencyType: 'implicit' })],
      [edge()],
      [edge({ dependencyType: 'implicit' })],
    ],
    ['a dependency that was found elsewhere', [edge({ path: null })], [edge()], [edge({ path: null })]],
    ['a dependency that is the same again', [edge()], [noEdge, edge()], []],
    ['a dependency that came and went', [], [edge(), noEdge], []],
    ['an output that was not there', [], [output()], [noOutput]],
    ['an output that was there', [output()], [noOutput], [output()]],
    ['an output that had another value', [output({ value: { n: '1' } })], [output()], [output({ value: { n: '1' } })]],
    ['an output that was sensitive', [output({ sensitive: true })], [output()], [output({ sensitive: true })]],
    ['an output that had other metadata', [output({ metadata: null })], [output()], [output({ metadata: null })]],
    ['an output that is the same again', [output()], [noOutput, output({ value: { n: new JsonNumber('1.0') } })], []],
    ['an output that came and went', [], [output(), noOutput], []],
  ])('undoes %s', (_, before, undone, events) => {
    const decision = undoing({ before, undone });
    if (events.length === 0) decision.thenEvents();
    else decision.thenRollsBack(...events);
  });

  it('restores the stack fields, but not its name, status and origin', () => {
    const origin = { format: 'terraform', lineage: 'l', serial: 2, version: 3, header: {} };
    const fields = { description: 'd', version: 'v', workflowFile: 'w', configuration: { c: 1 }, metadata: { m: 1 } };
    undoing({
      before: [stackUpdated({ ...fields, name: 'older', origin: { ...origin, serial: 1, version: 1 } })],
      undone: [stackUpdated({ status: 'failed', origin })],
    }).thenRollsBack({ type: 'StackUpdated', data: aDocument({ ...fields, status: 'failed', origin }) });
  });

  it('removes first, and changes the stack last', () => {
    const events = undoing({
      before: [old(), output(), stackUpdated({ description: 'd' })],
      undone: [updated({}), resourceCreated('app.other'), noOutput, edge(), stackUpdated()],
    }).events();
    expect(events.map(({ type }) => type)).toEqual([
      'StackRolledBack',
      'ResourceRemoved',
      'ResourceUpdated',
      'DependencyRemoved',
      'OutputSet',
      'StackUpdated',
    ]);
  });

  it('records nothing if nothing needs to be undone', () => {
    undoing({ before: [output()] }).thenEvents();
    undoing({
      undone: [
        output(),
        noOutput,
        { type: 'ExecutionStarted', data: { executionId: 'e', number: 1, startedAt: EARLIER } },
      ],
    }).thenEvents();
  });

  it('restores a deleted stack, also if nothing else needs to be undone', () => {
    given(stack, stackDeleted())
      .when(rollback)
      .thenEvents({ type: 'StackRestored', data: { name: 'web' } }, rolledBack(2, 1));
  });

  it('refuses to restore one whose name is taken', () => {
    given(stack, stackDeleted(), stackCreated({ id: 'stack-2' }))
      .when({ ...rollback, stack: 'stack-1' })
      .refused('NAME_TAKEN');
  });

  it('refuses a version that does not exist yet', () => {
    const error = given(stack, output(), noOutput)
      .when({ ...rollback, toVersion: 4 })
      .refused('VERSION_NOT_FOUND');
    expect(error).toMatchObject({ exitCode: 3, details: { version: 4, latest: 3 } });
  });

  it.each([0, -1, 1.5, Number.NaN, '1', 2 ** 53])('refuses the version %j', (toVersion) => {
    const error = given(stack)
      .when({ ...rollback, toVersion: toVersion as number })
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('toVersion');
  });

  it('needs the lock of a locked stack', () => {
    given(stack, output(), lockAcquired()).when(rollback).refused('STACK_LOCKED');
  });

  it('requests the difference', () => {
    expect(request(rollback).keys).toMatchObject({ stack: 'web', deleted: true, ownName: true, changedSince: 1 });
  });
});

describe('takeSnapshot', () => {
  it('marks the current version with a description', () => {
    const known = [stack, outputSet('a'), outputSet('b')];
    given(...known)
      .when({ type: 'takeSnapshot', stack: 'web', description: 'before\nthe move' })
      .thenEvents({ type: 'SnapshotTaken', data: { version: 3, description: 'before\nthe move' } });
    given(...known)
      .when({ type: 'takeSnapshot', stack: 'web' })
      .thenEvents({ type: 'SnapshotTaken', data: { version: 3, description: '' } });
  });

  it('needs no lock', () => {
    expect(given(stack, lockAcquired()).when({ type: 'takeSnapshot', stack: 'web' }).events()).toHaveLength(1);
  });
});
