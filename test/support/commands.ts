import fc from 'fast-check';
import type { Command } from '../../src/commands/index.js';

/** A placeholder for the number of the stack's last rule, which is known when the command is sent. */
export const NEWEST_RULE = 999_999;

/** Few names, so that commands affect the same things. */
const stack = fc.oneof(
  { weight: 24, arbitrary: fc.constant('s1') },
  { weight: 8, arbitrary: fc.constant('s2') },
  { weight: 1, arbitrary: fc.constant('missing') },
);
const resourceName = fc.constantFrom('a', 'a', 'a', 'b', 'b', 'c', 'a[0]', 'a[0]');
const drifting = fc.constantFrom('t.a', 't.a', 't.a', 't.b');
const address = resourceName.map((name) => `t.${name}`);
/** Mostly names that a resource may depend on. */
const neighbour = fc.constantFrom('t.b', 't.b', 't.b', 't.c', 't.a');
const smallJson = fc.constantFrom<never>(
  ...([null, 1, '1', [1, 2], { k: 'v' }, { deep: [{ id: 'x', n: 1 }] }, { ['__proto__']: 1 }] as never[]),
  // Values by which other resources may be identified.
  ...(['${t.b.x}', { of: ['${m.t.a.x} ${t.c[0].x}'] }, 'id-1', { at: 'res-3' }, 'known'] as never[]),
);
const tag = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('prod', 'eu') },
  { weight: 1, arbitrary: fc.constant('') },
);
const lockId = fc.constantFrom('l1', 'l1', 'l1', 'l2');

const resource = fc
  .record(
    {
      type: fc.constant('t'),
      name: resourceName,
      mode: fc.constantFrom('replace' as const, 'merge' as const),
      properties: fc.dictionary(fc.constantFrom('p', 'q', 'id'), smallJson, { maxKeys: 3 }),
      dependencies: fc.array(fc.constantFrom('t.a', 't.a', 't.b', 't.c', 'm.t.a', 't.a[0]'), { maxLength: 2 }),
      state: fc.constantFrom('applied', 'failed'),
      module: fc.constantFrom('', '', '', 'm'),
      metadata: fc.oneof(smallJson, fc.constant({ identity: 'known' })),
      lastApplied: fc.constant('2025-12-31T00:00:00.000Z'),
      errorMessage: fc.constantFrom(null, 'boom'),
    },
    { requiredKeys: ['type', 'name'] },
  )
  .map((one) => {
    const self = `${one.module ? `${one.module}.` : ''}t.${one.name}`;
    return one.dependencies ? { ...one, dependencies: one.dependencies.filter((target) => target !== self) } : one;
  });

/** Mostly absent: a command that fails one check never reaches the next. */
const rarely = <T>(value: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const output = fc.record(
  { name: fc.constantFrom('o', 'u'), value: smallJson, sensitive: fc.boolean(), metadata: smallJson },
  { requiredKeys: ['name', 'value'] },
);

const apply = fc
  .record({
    type: fc.constant('apply' as const),
    stack,
    resources: fc
      .tuple(
        fc.uniqueArray(resource, { maxLength: 3, selector: ({ module = '', name }) => `${module} ${name}` }),
        // An id for one of them, which another resource may have had before.
        rarely(fc.constantFrom('id-1', 'id-2'), 3),
      )
      .map(([all, id]) => all.map((one, index) => (index === 0 && id !== undefined ? { ...one, id } : one))),
    remove: rarely(fc.array(address, { minLength: 1, maxLength: 1 }), 6),
    outputs: fc.uniqueArray(output, {
      maxLength: 2,
      selector: ({ name }) => name,
    }),
    removeOutputs: rarely(fc.array(fc.constantFrom('o', 'u'), { minLength: 1, maxLength: 1 }), 6),
    allowMissing: fc.constantFrom(true, true, true, false),
    dependents: fc.constantFrom('refuse' as const, 'cascade' as const, 'leave' as const),
  })
  .map(present);

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The same without the fields that are undefined. */
function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}

const ending = { taskResults: smallJson, durationMs: fc.constantFrom(0, 1_234) };

const executionId = fc.constantFrom('e1', 'e1', 'e2', 'e3');

/** Commands of one kind, by subject; `apply` goes with all of them. */
const FAMILIES = {
  stacks: [
    fc.record({
      type: fc.constant('createStack' as const),
      name: fc.constantFrom('s1', 's2', 'missing', 'n1', 'n3'),
      id: fc.constantFrom('s1', 'missing', 's3', 's4'),
    }),
    fc.record(
      {
        type: fc.constant('updateStack' as const),
        stack,
        description: fc.constantFrom('x', 'y'),
        configuration: smallJson,
        metadata: smallJson,
        version: fc.constantFrom('1.0.0', '1.1.0'),
        workflowFile: fc.constantFrom('w.yaml', ''),
        status: fc.constantFrom('ready', 'running'),
        name: fc.constantFrom('s1', 's2', 'n1', 'n2'),
      },
      { requiredKeys: ['type', 'stack', 'description'] },
    ),
    fc
      .constantFrom('restoreStack' as const, 'restoreStack' as const, 'deleteStack' as const)
      .chain((type) => fc.record({ type: fc.constant(type), stack })),
  ],
  dependencies: [
    fc.record({
      type: fc.constant('setResource' as const),
      stack,
      resource: fc.oneof(address, fc.constantFrom('id-1', 'nothing')),
      properties: fc.dictionary(fc.constantFrom('p', 'q'), smallJson, { maxKeys: 2 }),
      mode: fc.constantFrom('merge' as const, 'replace' as const),
      allowMissing: fc.boolean(),
    }),
    fc.record(
      {
        type: fc.constant('addDependency' as const),
        stack,
        resource: address,
        dependsOn: neighbour,
        dependencyType: fc.constantFrom('explicit' as const, 'implicit' as const),
        path: fc.constant('$.p'),
        allowMissing: fc.constantFrom(true, false),
      },
      { requiredKeys: ['type', 'stack', 'resource', 'dependsOn', 'dependencyType'] },
    ),
    fc.record({
      type: fc.constant('removeDependency' as const),
      stack,
      resource: address,
      dependsOn: neighbour,
    }),
    fc.record({ type: fc.constant('rollback' as const), stack, toVersion: fc.integer({ min: 1, max: 8 }) }),
  ],
  marks: [
    fc.record({ type: fc.constant('addTags' as const), stack, tags: fc.array(tag, { minLength: 1, maxLength: 2 }) }),
    fc.record({ type: fc.constant('removeTags' as const), stack, tags: fc.array(tag, { minLength: 1, maxLength: 2 }) }),
    fc.record({ type: fc.constant('recordActivity' as const), stack, action: fc.constantFrom('deploy', 'restart') }),
    fc.record(
      { type: fc.constant('takeSnapshot' as const), stack, description: fc.constantFrom('before', 'after') },
      { requiredKeys: ['type', 'stack'] },
    ),
  ],
  locks: [
    fc.record(
      {
        type: fc.constant('acquireLock' as const),
        stack,
        id: lockId,
        operation: fc.constant('op'),
        ttlMs: fc.constantFrom(1_000, 60_000, 600_000),
        who: fc.constant('ana'),
        info: fc.constant('why'),
      },
      { requiredKeys: ['type', 'stack', 'id', 'operation', 'ttlMs'] },
    ),
    fc.record({ type: fc.constant('renewLock' as const), stack, id: lockId, ttlMs: fc.constant(60_000) }),
    fc.record({ type: fc.constant('releaseLock' as const), stack, id: lockId }),
    fc.record({ type: fc.constant('breakLock' as const), stack, reason: fc.constant('r') }),
  ],
  executions: [
    fc.record({ type: fc.constant('startExecution' as const), stack, executionId }),
    fc.record(
      { type: fc.constant('completeExecution' as const), stack, executionId, ...ending },
      { requiredKeys: ['type', 'stack', 'executionId'] },
    ),
    fc.record(
      {
        type: fc.constant('failExecution' as const),
        stack,
        executionId,
        error: fc.constantFrom('boom', ''),
        ...ending,
      },
      { requiredKeys: ['type', 'stack', 'executionId', 'error'] },
    ),
  ],
  drift: [
    fc.record({
      type: fc.constant('detectDrift' as const),
      stack,
      findings: fc.array(
        fc.record(
          { resource: drifting, expected: smallJson, actual: smallJson },
          { requiredKeys: ['resource', 'actual'] },
        ),
        { minLength: 1, maxLength: 2 },
      ),
    }),
    fc.record(
      {
        type: fc.constant('ignoreDrift' as const),
        stack,
        resource: drifting,
        reason: fc.constant('known'),
        expiresAt: fc.constantFrom('2026-01-01T00:00:10.000Z', '2027-01-01T00:00:00.000Z'),
      },
      { requiredKeys: ['type', 'stack', 'resource'] },
    ),
    fc.record(
      { type: fc.constant('resolveDrift' as const), stack, resource: drifting, reason: fc.constant('done') },
      { requiredKeys: ['type', 'stack', 'resource'] },
    ),
    fc.record(
      {
        type: fc.constant('acceptDrift' as const),
        stack,
        resource: drifting,
        reason: fc.constant('so be it'),
        dependents: fc.constantFrom('cascade' as const, 'leave' as const),
      },
      { requiredKeys: ['type', 'stack', 'resource'] },
    ),
    fc.record(
      {
        type: fc.constant('addDriftRule' as const),
        stack,
        resourceType: fc.constantFrom('*', 't', 'u*'),
        path: fc.constantFrom('p', 'q.deep', '**.n', '$', 'p['),
        reason: fc.constantFrom('known', 'known', 'known', ''),
        expiresAt: fc.constantFrom(null, '2026-01-01T00:00:10.000Z', '2027-01-01T00:00:00.000Z'),
      },
      { requiredKeys: ['type', 'stack', 'path', 'reason'] },
    ),
    fc.record(
      {
        type: fc.constant('removeDriftRule' as const),
        stack,
        rule: fc.constantFrom(NEWEST_RULE, NEWEST_RULE, 5),
        reason: fc.constant('gone'),
      },
      { requiredKeys: ['type', 'stack', 'rule'] },
    ),
  ],
} satisfies { readonly [family: string]: readonly fc.Arbitrary<Command>[] };
type Family = keyof typeof FAMILIES;
const ALL = Object.keys(FAMILIES) as Family[];

const commandOf = (families: readonly Family[]): fc.Arbitrary<Command> =>
  fc.oneof(
    ...families.flatMap((family): { readonly weight: number; readonly arbitrary: fc.Arbitrary<Command> }[] => [
      { weight: 1, arbitrary: apply },
      { weight: 2, arbitrary: fc.oneof(...FAMILIES[family]) },
    ]),
  );

/** Valid and invalid commands on a handful of stacks. */
export const anyCommand: fc.Arbitrary<Command> = commandOf(ALL);

/** A command, its actor and lock, and how far the clock moves before it, also backwards. */
const stepOf = (command: fc.Arbitrary<Command>) =>
  fc
    .record({
      command,
      /** `held` is a placeholder for the lock that the stack has when the command is sent. */
      lockId: fc.oneof(
        { weight: 12, arbitrary: fc.constant('held') },
        { weight: 4, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: lockId },
      ),
      expectedVersion: rarely(fc.integer({ min: 0, max: 6 }), 30),
      commandId: rarely(fc.constantFrom('c1', 'c2', 'c3'), 30),
      wait: fc.constantFrom(0, 10, 10, 10, 10, 10, 2_000, -500, -2_500, 90_000),
    })
    .map(present);
export const anyStep = stepOf(anyCommand);
export type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** A step right after another, by the holder of the stack's lock. */
export const nextStep = (command: Command): Step => ({ command, lockId: 'held', wait: 10 });

const PAIRS = ALL.flatMap((one, index) => ALL.slice(index + 1).map((other): Family[] => [one, other]));

/** Commands that need a preceding one, right after it: chance seldom produces such pairs. */
const sequel: fc.Arbitrary<Command[]> = fc
  .tuple(fc.constantFrom('s1', 's1', 's2'), lockId, executionId, drifting, fc.nat())
  .map(([on, lock, execution, resource, what]): Command[] => {
    const edge = { stack: on, resource: 't.a', dependsOn: 't.b' };
    const neighbours = (p: string): Command => ({
      type: 'apply',
      stack: on,
      resources: [
        { type: 't', name: 'b' },
        { type: 't', name: 'a', properties: { p } },
      ],
    });
    const taken: Command = { type: 'acquireLock', stack: on, id: lock, operation: 'op' };
    const found: Command = { type: 'detectDrift', stack: on, findings: [{ resource, expected: 1, actual: 2 }] };
    const started: Command = { type: 'startExecution', stack: on, executionId: execution };
    const ended = { stack: on, executionId: execution };
    const sequels: Command[][] = [
      [taken, { type: 'renewLock', stack: on, id: lock, ttlMs: 60_000 }, { type: 'releaseLock', stack: on, id: lock }],
      [taken, { type: 'breakLock', stack: on, reason: 'r' }],
      [started, { type: 'completeExecution', ...ended, taskResults: [1] }],
      [started, { type: 'failExecution', ...ended, error: 'boom' }],
      [found, { type: 'ignoreDrift', stack: on, resource, expiresAt: '2027-01-01T00:00:00.000Z' }],
      [found, { type: 'resolveDrift', stack: on, resource, reason: 'done' }],
      [neighbours(resource), { type: 'addDependency', ...edge }, { type: 'removeDependency', ...edge }],
      [neighbours('${t.b.x}')],
      [
        { type: 'deleteStack', stack: on },
        { type: 'restoreStack', stack: on },
      ],
      [
        { type: 'addTags', stack: on, tags: ['eu'] },
        { type: 'removeTags', stack: on, tags: ['eu'] },
      ],
    ];
    const named = (stack: string, name: string): Command => ({
      type: 'apply',
      stack,
      resources: [{ type: 't', name, id: 'id-3' }],
    });
    const gone: Command = { type: 'apply', stack: on, remove: ['t.x'] };
    // An id moves to another resource of its stack, or of another one.
    sequels.push([named(on, 'x'), { ...named(on, 'y'), remove: ['t.x'] } as Command]);
    sequels.push([named(on, 'x'), gone, named(on === 's1' ? 's2' : 's1', 'x')]);
    const set: Command = {
      type: 'apply',
      stack: on,
      resources: [{ type: 't', name: resource.slice(2), properties: { p: [1, 2], q: 'x' } }],
    };
    const drifted = (actual: never): Command[] => [
      set,
      { type: 'detectDrift', stack: on, findings: [{ resource, actual }] },
      { type: 'acceptDrift', stack: on, resource, dependents: 'cascade' },
    ];
    const ruled: Command = { type: 'addDriftRule', stack: on, resourceType: 't', path: 'p[*]', reason: 'known' };
    const actual = { p: [1, 3], q: 'y', r: {} } as never;
    sequels.push(drifted(actual), drifted(null as never), [ruled, ...drifted(actual)]);
    sequels.push([ruled, { type: 'removeDriftRule', stack: on, rule: NEWEST_RULE }]);
    return sequels[what % sequels.length] as Command[];
  });

/**
 * Valid and invalid commands in sequence. Commands of every kind seldom interact in a short life, so most lives contain a
 * few kinds only: more locks are then renewed, more findings resolved.
 */
export const steps = (maxLength = 60): fc.Arbitrary<Step[]> => {
  const chain = sequel.map((commands) => commands.map(nextStep));
  const many = (step: fc.Arbitrary<Step>) =>
    fc
      .array(fc.oneof({ weight: 12, arbitrary: step.map((one) => [one]) }, { weight: 4, arbitrary: chain }), {
        minLength: Math.min(10, maxLength),
        maxLength,
        size: 'max',
      })
      .map((all) => all.flat());
  return fc.oneof(
    { weight: PAIRS.length, arbitrary: many(anyStep) },
    ...PAIRS.map((pair) => ({ weight: 2, arbitrary: many(stepOf(commandOf(pair))) })),
  );
};
