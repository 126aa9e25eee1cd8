import { describe, expect, it } from 'vitest';
import type { NewEvent, ResourceValue } from '../../src/events/index.js';
import { JsonNumber } from '../../src/lib/json.js';
import type { Difference } from '../../src/store/facts.js';
import {
  aDocument,
  aLock,
  anEdge,
  anOutput,
  aSlot,
  aStack,
  aValue,
  EARLIER,
  given,
  request,
} from '../support/decision.js';

const stack = aStack();
const rollback = { type: 'rollback', stack: 'web', toVersion: 1 } as const;
const rolledBack: NewEvent = { type: 'StackRolledBack', data: { fromVersion: 3, toVersion: 1 } };

const difference = (fields: Partial<Difference> = {}): Difference => ({
  document: { now: aDocument(), before: aDocument() },
  resources: [],
  outputs: [],
  dependencies: [],
  ...fields,
});
const differing = (fields: Partial<Difference>) => given({ stack, difference: difference(fields) });

const slot = aSlot('app.web');
const old = { ...slot, value: aValue({ properties: { v: 1 }, lastApplied: EARLIER }) };
const identity = { resource: 10, module: '', type: 'app', name: 'web' };
const change = (now: typeof slot | undefined, before: typeof slot | undefined, idHolder?: number) => ({
  slot: now ?? { ...slot, value: null },
  now,
  before,
  idHolder,
});
const oldValue = old.value as ResourceValue;

describe('rollback', () => {
  it('removes a resource that was not there', () => {
    differing({ resources: [change({ ...slot, id: 'w' }, undefined)] })
      .when(rollback)
      .thenEvents(rolledBack, { type: 'ResourceRemoved', data: { ...identity, id: 'w' } });
  });

  it('creates one again that was there, in its old place', () => {
    differing({ resources: [change(undefined, { ...old, id: 'w' })] })
      .when(rollback)
      .thenEvents(rolledBack, { type: 'ResourceCreated', data: { ...identity, id: 'w', ...oldValue } });
  });

  it('gives one its whole old value', () => {
    differing({ resources: [change(slot, old, 10)] })
      .when(rollback)
      .thenEvents(rolledBack, { type: 'ResourceUpdated', data: { ...identity, ...oldValue } });
  });

  it('leaves one that came back to its old value by itself', () => {
    differing({ resources: [change({ ...old, value: aValue({ properties: { v: new JsonNumber('1.0') } }) }, old)] })
      .when(rollback)
      .thenEvents();
  });

  it('gives one whose id changed its old id back, by removing and creating it', () => {
    differing({ resources: [change({ ...old, id: 'new' }, { ...old, id: 'old' })] })
      .when(rollback)
      .thenEvents(
        rolledBack,
        { type: 'ResourceRemoved', data: { ...identity, id: 'new' } },
        { type: 'ResourceCreated', data: { ...identity, id: 'old', ...oldValue } },
      );
  });

  it('frees an id that moved to another resource before it goes back', () => {
    const other = aSlot('app.other', { resource: 11, id: 'w' });
    const moved = { slot: other, now: other, before: undefined, idHolder: undefined };
    for (const resources of [
      [change(undefined, { ...old, id: 'w' }, 11), moved],
      [moved, change(undefined, { ...old, id: 'w' }, 11)],
    ]) {
      differing({ resources })
        .when(rollback)
        .thenEvents(
          rolledBack,
          { type: 'ResourceRemoved', data: { resource: 11, id: 'w', module: '', type: 'app', name: 'other' } },
          { type: 'ResourceCreated', data: { ...identity, id: 'w', ...oldValue } },
        );
    }
  });

  it('leaves an old id with the resource of another stack that has it now', () => {
    differing({ resources: [change(undefined, { ...old, id: 'w' }, 99)] })
      .when(rollback)
      .thenEvents(rolledBack, { type: 'ResourceCreated', data: { ...identity, ...oldValue } });
  });

  it('changes nothing where all that differs is an id that another stack has now', () => {
    differing({ resources: [change({ ...old, id: null }, { ...old, id: 'w' }, 99)] })
      .when(rollback)
      .thenEvents();
  });

  it('frees a later id also where the old one is with another stack', () => {
    const other = { ...aSlot('app.other', { resource: 11 }), id: 'later', value: oldValue };
    differing({
      resources: [
        change({ ...old, id: 'later' }, { ...old, id: 'w' }, 99),
        { slot: { ...other, value: null }, now: undefined, before: other, idHolder: 10 },
      ],
    })
      .when(rollback)
      .thenEvents(
        rolledBack,
        { type: 'ResourceRemoved', data: { ...identity, id: 'later' } },
        { type: 'ResourceCreated', data: { ...identity, ...oldValue } },
        {
          type: 'ResourceCreated',
          data: { resource: 11, id: 'later', module: '', type: 'app', name: 'other', ...oldValue },
        },
      );
  });

  const edge = anEdge('app.web', 'db.main', { path: '$.db' });
  const added = (dependencyType: 'explicit' | 'implicit', path: string | null): NewEvent => ({
    type: 'DependencyAdded',
    data: { address: 'app.web', target: 'db.main', dependencyType, path },
  });

  it.each<[string, typeof edge | undefined, typeof edge | undefined, NewEvent[]]>([
    [
      'was not there',
      edge,
      undefined,
      [{ type: 'DependencyRemoved', data: { address: 'app.web', target: 'db.main' } }],
    ],
    ['was there', undefined, edge, [added('explicit', '$.db')]],
    ['was of another kind', edge, { ...edge, type: 'implicit' }, [added('implicit', '$.db')]],
    ['was found elsewhere', edge, { ...edge, path: null }, [added('explicit', null)]],
    ['is the same again', { ...edge, position: 50 }, edge, []],
    ['came and went', undefined, undefined, []],
  ])('undoes a dependency that %s', (_, now, before, events) => {
    differing({ dependencies: [{ address: 'app.web', target: 'db.main', now, before }] })
      .when(rollback)
      .thenEvents(...(events.length === 0 ? [] : [rolledBack, ...events]));
  });

  const output = anOutput('o', { value: { n: 1 }, metadata: 'm' });
  const setTo = (fields: object): NewEvent => ({
    type: 'OutputSet',
    data: { name: 'o', value: { n: 1 }, sensitive: false, metadata: 'm', ...fields },
  });

  it.each<[string, typeof output | undefined, typeof output | undefined, NewEvent[]]>([
    ['was not there', output, undefined, [{ type: 'OutputRemoved', data: { name: 'o' } }]],
    ['was there', undefined, output, [setTo({})]],
    ['had another value', output, { ...output, value: { n: '1' } }, [setTo({ value: { n: '1' } })]],
    ['was sensitive', output, { ...output, sensitive: true }, [setTo({ sensitive: true })]],
    ['had other metadata', output, { ...output, metadata: null }, [setTo({ metadata: null })]],
    ['is the same again', { ...output, value: { n: new JsonNumber('1.0') } }, output, []],
    ['came and went', undefined, undefined, []],
  ])('undoes an output that %s', (_, now, before, events) => {
    differing({ outputs: [{ name: 'o', now, before }] })
      .when(rollback)
      .thenEvents(...(events.length === 0 ? [] : [rolledBack, ...events]));
  });

  it('restores the fields of the stack, but not its name, status and origin', () => {
    const origin = { format: 'terraform', lineage: 'l', serial: 2, version: 3, header: {} };
    const fields = { description: 'd', version: 'v', workflowFile: 'w', configuration: { c: 1 }, metadata: { m: 1 } };
    differing({
      document: {
        now: aDocument({ name: 'web', status: 'failed', origin }),
        before: aDocument({
          ...fields,
          name: 'older',
          status: 'created',
          origin: { ...origin, serial: 1, version: 1 },
        }),
      },
    })
      .when(rollback)
      .thenEvents(rolledBack, {
        type: 'StackUpdated',
        data: aDocument({ ...fields, name: 'web', status: 'failed', origin }),
      });
  });

  it('removes first, and changes the stack last', () => {
    const other = aSlot('app.other', { resource: 11 });
    const events = differing({
      document: { now: aDocument(), before: aDocument({ description: 'd' }) },
      resources: [change(slot, old), { slot: other, now: other, before: undefined, idHolder: undefined }],
      outputs: [{ name: 'o', now: undefined, before: output }],
      dependencies: [{ address: 'app.web', target: 'db.main', now: edge, before: undefined }],
    })
      .when(rollback)
      .events();
    expect(events.map(({ type }) => type)).toEqual([
      'StackRolledBack',
      'ResourceRemoved',
      'ResourceUpdated',
      'DependencyRemoved',
      'OutputSet',
      'StackUpdated',
    ]);
  });

  it('records nothing where there is nothing to undo', () => {
    differing({}).when(rollback).thenEvents();
    differing({})
      .when({ ...rollback, toVersion: 3 })
      .thenEvents();
  });

  const gone = aStack({ deletedAt: EARLIER });

  it('brings a deleted stack back, also where nothing else is to be undone', () => {
    given({ stack: gone, difference: difference(), names: { web: 'stack-1' } })
      .when(rollback)
      .thenEvents({ type: 'StackRestored', data: { name: 'web' } }, rolledBack);
  });

  it('refuses to bring one back whose name is taken', () => {
    given({ stack: gone, difference: difference(), names: { web: 'stack-2' } })
      .when(rollback)
      .refused('NAME_TAKEN');
  });

  it('refuses a version that is not there yet', () => {
    const error = differing({})
      .when({ ...rollback, toVersion: 4 })
      .refused('VERSION_NOT_FOUND');
    expect(error).toMatchObject({ exitCode: 3, details: { version: 4, latest: 3 } });
  });

  it.each([0, -1, 1.5, Number.NaN, '1', 2 ** 53])('refuses the version %j', (toVersion) => {
    const error = differing({})
      .when({ ...rollback, toVersion: toVersion as number })
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('toVersion');
  });

  it('needs the lock of a locked stack', () => {
    given({ stack, lock: aLock(), difference: difference() }).when(rollback).refused('STACK_LOCKED');
  });

  it('asks for the difference', () => {
    expect(request(rollback).keys).toMatchObject({ stack: 'web', deleted: true, ownName: true, changedSince: 1 });
  });
});

describe('takeSnapshot', () => {
  it('keeps the current version, under a description', () => {
    given({ stack })
      .when({ type: 'takeSnapshot', stack: 'web', description: 'before\nthe move' })
      .thenEvents({ type: 'SnapshotTaken', data: { version: 3, description: 'before\nthe move' } });
    given({ stack })
      .when({ type: 'takeSnapshot', stack: 'web' })
      .thenEvents({ type: 'SnapshotTaken', data: { version: 3, description: '' } });
  });

  it('needs no lock', () => {
    expect(given({ stack, lock: aLock() }).when({ type: 'takeSnapshot', stack: 'web' }).events()).toHaveLength(1);
  });
});
