import fc from 'fast-check';
import type { Command } from '../../src/commands/index.js';

/** Few names, so that commands meet. */
const stack = fc.oneof(
  { weight: 24, arbitrary: fc.constant('s1') },
  { weight: 8, arbitrary: fc.constant('s2') },
  { weight: 1, arbitrary: fc.constant('missing') },
);
const resourceName = fc.constantFrom('a', 'b', 'c', 'd');
const address = resourceName.map((name) => `t.${name}`);
const smallJson = fc.constantFrom<never>(
  ...([null, 1, '1', [1, 2], { k: 'v' }, { deep: [{ id: 'x', n: 1 }] }, { ['__proto__']: 1 }] as never[]),
);
const tag = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('prod', 'eu') },
  { weight: 1, arbitrary: fc.constant('') },
);
const lockId = fc.constantFrom('l1', 'l2');

const resource = fc
  .record(
    {
      type: fc.constant('t'),
      name: resourceName,
      mode: fc.constantFrom('replace' as const, 'merge' as const),
      properties: fc.dictionary(fc.constantFrom('p', 'q', 'r'), smallJson, { maxKeys: 3 }),
      dependencies: fc.array(address, { maxLength: 2 }),
      state: fc.constantFrom('applied', 'failed'),
    },
    { requiredKeys: ['type', 'name'] },
  )
  .chain((one) => fc.constantFrom(one, one, one, one, one, one, { ...one, id: 'id-1' }, { ...one, id: 'id-2' }));

/** Mostly absent: a command that fails one check never reaches the next. */
const rarely = <T>(value: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const apply = fc
  .record({
    type: fc.constant('apply' as const),
    stack,
    resources: fc.uniqueArray(resource, { maxLength: 3, selector: ({ name }) => name }),
    remove: rarely(fc.array(address, { minLength: 1, maxLength: 1 }), 3),
    outputs: fc.uniqueArray(fc.record({ name: fc.constantFrom('o', 'u'), value: smallJson }), {
      maxLength: 2,
      selector: ({ name }) => name,
    }),
    removeOutputs: rarely(fc.array(fc.constantFrom('o', 'u'), { minLength: 1, maxLength: 1 }), 3),
  })
  .map(present);

/** The same without the fields that are undefined. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}

/** Valid and invalid commands on a handful of stacks. */
export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 16, arbitrary: apply },
  fc.record({ type: fc.constant('createStack' as const), name: stack, id: stack }),
  fc.record(
    {
      type: fc.constant('updateStack' as const),
      stack,
      description: fc.constantFrom('x', 'y'),
      configuration: smallJson,
    },
    { requiredKeys: ['type', 'stack', 'description'] },
  ),
  { weight: 1, arbitrary: fc.record({ type: fc.constant('deleteStack' as const), stack }) },
  fc.record({ type: fc.constant('restoreStack' as const), stack }),
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('rollback' as const), stack, toVersion: fc.integer({ min: 1, max: 8 }) }),
  },
  fc.record({ type: fc.constant('takeSnapshot' as const), stack }),
  fc.record({ type: fc.constant('addTags' as const), stack, tags: fc.array(tag, { minLength: 1, maxLength: 2 }) }),
  fc.record({ type: fc.constant('removeTags' as const), stack, tags: fc.array(tag, { minLength: 1, maxLength: 2 }) }),
  fc.record({
    type: fc.constant('acquireLock' as const),
    stack,
    id: lockId,
    operation: fc.constant('op'),
    ttlMs: fc.constantFrom(1_000, 60_000),
  }),
  fc.record({ type: fc.constant('renewLock' as const), stack, id: lockId }),
  fc.record({ type: fc.constant('releaseLock' as const), stack, id: lockId }),
  fc.record({ type: fc.constant('breakLock' as const), stack, reason: fc.constant('r') }),
  fc.record({ type: fc.constant('startExecution' as const), stack, executionId: fc.constantFrom('e1', 'e2') }),
  fc.record({ type: fc.constant('completeExecution' as const), stack, executionId: fc.constantFrom('e1', 'e2') }),
  fc.record({
    type: fc.constant('failExecution' as const),
    stack,
    executionId: fc.constantFrom('e1', 'e2'),
    error: fc.constant('boom'),
  }),
  fc.record({
    type: fc.constant('detectDrift' as const),
    stack,
    findings: fc.array(fc.record({ resource: address, expected: smallJson, actual: smallJson }), {
      minLength: 1,
      maxLength: 1,
    }),
  }),
  fc.record({ type: fc.constant('ignoreDrift' as const), stack, resource: address }),
  fc.record({ type: fc.constant('resolveDrift' as const), stack, resource: address }),
  fc.record({
    type: fc.constant('addDependency' as const),
    stack,
    resource: address,
    dependsOn: address,
    dependencyType: fc.constantFrom('explicit' as const, 'implicit' as const),
  }),
  fc.record({ type: fc.constant('removeDependency' as const), stack, resource: address, dependsOn: address }),
);

/** A command, by whom it comes under which lock, and how far the clock moves before it: also backwards. */
export const anyStep = fc
  .record({
    command: anyCommand,
    /** `held` stands for the lock the stack has when the command is sent. */
    lockId: fc.oneof(
      { weight: 12, arbitrary: fc.constant('held') },
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: lockId },
    ),
    expectedVersion: rarely(fc.integer({ min: 0, max: 6 }), 30),
    commandId: rarely(fc.constantFrom('c1', 'c2', 'c3'), 30),
    wait: fc.constantFrom(0, 10, 10, 10, 2_000, -500, 90_000),
  })
  .map(present);
export type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;
