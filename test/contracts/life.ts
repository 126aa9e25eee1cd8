import { COMMANDS, type Command, prepare } from '../../src/commands/index.js';
import type { EnvelopeInput } from '../../src/index.js';
import { type JsonObject, parseJson } from '../../src/lib/json.js';
import type { AppendRequest, EventStore } from '../../src/store/event-store.js';
import type { TestClock } from '../support/clock.js';

/** One command of a life, its delay after the previous one, and the code of its refusal, if it is refused. */
export interface Step {
  readonly command: Command;
  readonly envelope: Omit<EnvelopeInput, 'actor'> & { readonly actor?: string };
  /** Milliseconds; the clock may also go back. */
  readonly wait: number;
  readonly refused: string | undefined;
}

/** For a missing resource. */
const REFERENCE = '${t.far.id}';

const step = (command: Command, more: Partial<Omit<Step, 'command'>> = {}): Step => ({
  command,
  envelope: {},
  wait: 1_000,
  refused: undefined,
  ...more,
});

/** Ordered one way by UTF-8 bytes and the other way by UTF-16 units. */
export const HALFWIDTH = '\uff61';
export const LINEAR = '\u{10000}';

const web = { stack: 'web' } as const;
const half = { stack: HALFWIDTH } as const;
const EXOTIC = parseJson('{"big":12345678901234567890,"one":1.0,"minus":-0,"__proto__":{"x":1},"lone":"\\ud800"}');

/** Every type of command, every type of event, refusals, repeated commands, and names that are hard to sort. */
export const LIFE: readonly Step[] = [
  step({ type: 'createStack', id: 'web-id', name: 'web', description: 'd', configuration: EXOTIC, metadata: [null] }),
  step({ type: 'createStack', id: 'half-id', name: HALFWIDTH, version: '1.0.0' }, { wait: 0 }),
  step(
    { type: 'createStack', id: 'linear-id', name: LINEAR },
    { wait: 0, envelope: { actor: 'ana', commandId: 'make' } },
  ),
  step({ type: 'createStack', id: 'web-9', name: 'web' }, { refused: 'NAME_TAKEN' }),
  step({ type: 'addDriftRule', ...web, path: '$', reason: 'r' }),
  step({ type: 'removeDriftRule', ...web, rule: 4 }),
  step({ type: 'addTags', ...web, tags: ['Z', LINEAR, 'a', 'é', HALFWIDTH] }),
  step({ type: 'addTags', ...half, tags: ['a'] }, { envelope: { actor: 'ana' } }),
  step({ type: 'addTags', ...half, tags: ['a'] }),
  step(
    { type: 'recordActivity', ...half, action: 'made', details: EXOTIC },
    {
      envelope: {
        imported: { migration: 'm1', by: 'ana', at: '2026-01-01T00:00:01.000Z', happened: '2026-01-01T00:00:00.500Z' },
      },
    },
  ),

  step(
    {
      type: 'apply',
      ...web,
      resources: [
        { type: 't', name: 'a', id: 'own-a', properties: { n: 1 } },
        { type: 't', name: HALFWIDTH, properties: EXOTIC as JsonObject, metadata: { m: [1] } },
        { type: 't', name: LINEAR, dependencies: ['t.a', `t.${HALFWIDTH}`], state: 'pending' },
        { type: 't', name: 'b["k"]', module: 'module.m[0]' },
        { type: 't', name: '__proto__' },
      ],
      outputs: [
        { name: 'o', value: 1, sensitive: true, metadata: { type: 'number' } },
        { name: LINEAR, value: EXOTIC },
        { name: HALFWIDTH, value: null },
        { name: '__proto__', value: [] },
      ],
    },
    { envelope: { reason: 'first version', commandId: 'first', correlationId: 'c', causationId: 'b' } },
  ),
  step({ type: 'takeSnapshot', ...web, description: 'kept' }),
  step({ type: 'takeSnapshot', ...web }),
  step({ type: 'updateStack', ...web, description: 'e', status: 'ready', configuration: { a: { b: 2 } } }),
  step({ type: 'updateStack', ...web, description: 'e' }),
  step({ type: 'updateStack', ...web, description: 'e' }, { envelope: { commandId: 'nothing' } }),
  step({ type: 'updateStack', ...web, description: 'e' }, { envelope: { commandId: 'nothing' } }),
  step({ type: 'addTags', ...web, tags: ['x'] }, { envelope: { commandId: 'nothing' }, refused: 'COMMAND_ID_REUSED' }),
  step(
    { type: 'updateStack', ...web, description: 'f' },
    { envelope: { expectedVersion: 1 }, refused: 'VERSION_CONFLICT' },
  ),
  step({ type: 'addDependency', ...web, resource: 't.a', dependsOn: 'x.y', allowMissing: true }),
  step({
    type: 'addDependency',
    ...web,
    resource: 't.a',
    dependsOn: `t.${HALFWIDTH}`,
    dependencyType: 'implicit',
    path: '$.n',
  }),
  step({ type: 'removeDependency', ...web, resource: 't.a', dependsOn: 'x.y' }),
  step({ type: 'removeDependency', ...web, resource: 't.a', dependsOn: `t.${HALFWIDTH}` }),
  step({
    type: 'apply',
    ...web,
    kind: 'set',
    resources: [{ type: 't', name: 'a', mode: 'merge', properties: { m: 2 }, dependencies: [`t.${HALFWIDTH}`] }],
    outputs: [{ name: 'o', value: 2 }],
  }),
  step({ type: 'apply', ...web, remove: ['own-a', `t.${LINEAR}`], removeOutputs: ['o', LINEAR] }),
  step({ type: 'apply', ...web, remove: ['t.a'] }, { refused: 'RESOURCE_NOT_FOUND' }),
  step({ type: 'apply', ...half, resources: [{ type: 't', name: 'thief', id: 'own-a' }] }),
  step({ type: 'apply', ...web, resources: [{ type: 't', name: 'b', id: 'own-a' }] }, { refused: 'RESOURCE_ID_TAKEN' }),
  step({ type: 'apply', ...half, kind: 'remove', remove: ['t.thief'] }),
  step({ type: 'rollback', ...web, toVersion: 2 }, { wait: -5_000 }),
  step({ type: 'rollback', ...web, toVersion: 2 }),
  step({ type: 'rollback', ...web, toVersion: 7 }),
  step({ type: 'rollback', ...web, toVersion: 99 }, { refused: 'VERSION_NOT_FOUND' }),
  step({
    type: 'apply',
    ...web,
    remove: [`t.${HALFWIDTH}`],
    resources: [{ type: 't', name: 'n', id: 'moved' }],
    dependents: 'leave',
  }),
  step({ type: 'apply', ...web, remove: ['t.n'], resources: [{ type: 't', name: 'o', id: 'moved' }] }),
  step({ type: 'rollback', ...web, toVersion: 10 }),
  step({ type: 'apply', ...web, remove: [`t.${HALFWIDTH}`] }, { refused: 'HAS_DEPENDENTS' }),
  step(
    {
      type: 'apply',
      ...web,
      resources: [{ type: 't', name: HALFWIDTH, mode: 'merge', dependencies: [`t.${LINEAR}`] }],
    },
    { refused: 'DEPENDENCY_CYCLE' },
  ),
  step({
    type: 'apply',
    ...web,
    resources: [
      { type: 't', name: 'known', properties: { id: 'vpc-1', at: [REFERENCE] }, metadata: { identity: 'arn:1' } },
      { type: 't', name: 'by', properties: { vpc: 'vpc-1', arn: { of: 'arn:1' } } },
    ],
  }),
  step({ type: 'apply', ...web, remove: ['t.known'], dependents: 'cascade' }),

  step({ type: 'startExecution', ...web, executionId: 'r1' }),
  step({ type: 'startExecution', ...web, executionId: 'r1' }, { refused: 'EXECUTION_EXISTS' }),
  step({ type: 'completeExecution', ...web, executionId: 'r1', taskResults: { t: EXOTIC } }),
  step({ type: 'startExecution', ...web, executionId: 'r2' }),
  step({ type: 'failExecution', ...web, executionId: 'r2', error: 'boom', durationMs: 7 }),
  step({ type: 'updateStack', ...web, status: 'fixed' }),
  step({ type: 'startExecution', ...web, executionId: 'r3' }),

  step({ type: 'detectDrift', ...web, findings: [{ resource: 't.__proto__', actual: EXOTIC }] }),
  step({ type: 'detectDrift', ...web, findings: [{ resource: 't.__proto__', actual: EXOTIC }] }),
  step({ type: 'detectDrift', ...web, findings: [{ resource: 't.__proto__', actual: {} }] }),
  step({
    type: 'detectDrift',
    ...web,
    findings: [
      { resource: 'ghost', expected: { a: 1 }, actual: null },
      { resource: 'moved', expected: { a: 1 }, actual: { b: [2] } },
    ],
  }),
  step({ type: 'ignoreDrift', ...web, resource: 'ghost', reason: 'r', expiresAt: '2026-01-01T00:01:00.000Z' }),
  step(
    { type: 'detectDrift', ...web, findings: [{ resource: 'ghost', expected: { a: 1 }, actual: null }] },
    { wait: 90_000 },
  ),
  step({ type: 'resolveDrift', ...web, resource: 'ghost', reason: 'done' }),
  step({ type: 'resolveDrift', ...web, resource: 'ghost' }, { refused: 'DRIFT_NOT_FOUND' }),
  step({ type: 'addDriftRule', stack: 'web-id', resourceType: 't', path: 'a', reason: 'r' }),
  step({ type: 'addDriftRule', ...web, resourceType: 't', path: 'a', reason: 'r' }),
  step({ type: 'addDriftRule', ...web, path: 'a[', reason: 'r' }, { refused: 'DRIFT_PATTERN_INVALID' }),
  step({ type: 'addDriftRule', ...half, path: 'b', reason: 'r' }, { envelope: { actor: 'ana' } }),
  step({ type: 'addDriftRule', ...half, path: HALFWIDTH, reason: LINEAR, expiresAt: '2027-01-01T00:00:00.000Z' }),
  step({ type: 'removeDriftRule', ...web, rule: 1 }, { refused: 'DRIFT_RULE_NOT_FOUND' }),
  step({ type: 'apply', ...half, resources: [{ type: 't', name: 'd', properties: { a: 1, b: [1] } }] }),
  step({ type: 'detectDrift', ...half, findings: [{ resource: 't.d', actual: { a: 2, b: [2], c: EXOTIC } }] }),
  step({ type: 'acceptDrift', ...half, resource: 't.d' }),
  step({ type: 'acceptDrift', ...half, resource: 't.d' }, { refused: 'DRIFT_NOT_FOUND' }),
  step({ type: 'detectDrift', ...half, findings: [{ resource: 't.d', actual: null }] }),
  step({ type: 'acceptDrift', ...half, resource: 't.d', reason: 'gone' }),

  step({ type: 'acquireLock', ...web, id: 'l1', operation: 'deploy', who: 'ana', info: 'i' }),
  step({ type: 'acquireLock', ...web, id: 'l1', operation: 'deploy' }),
  step({ type: 'acquireLock', ...web, id: 'l2', operation: 'other' }, { refused: 'STACK_LOCKED' }),
  step({ type: 'renewLock', ...web, id: 'l1', ttlMs: 60_000 }),
  step({ type: 'updateStack', ...web, description: 'locked' }, { refused: 'STACK_LOCKED' }),
  step({ type: 'updateStack', ...web, description: 'locked' }, { envelope: { lockId: 'l1' } }),
  step({ type: 'releaseLock', ...web, id: 'l1' }),
  step({ type: 'acquireLock', ...web, id: 'l2', operation: 'o' }),
  step({ type: 'breakLock', ...web, reason: 'stuck' }),
  step({ type: 'acquireLock', ...web, id: 'l3', operation: 'o', ttlMs: 1_000 }),
  step({ type: 'takeSnapshot', ...web, description: 'after the lock' }, { wait: 1_000 }),
  step({ type: 'acquireLock', ...half, id: 'l4', operation: 'stays', ttlMs: 7 * 86_400_000 }),
  step({ type: 'acquireLock', stack: LINEAR, id: 'l5', operation: 'runs out', ttlMs: 1_000 }),
  step({ type: 'removeTags', ...web, tags: ['Z', 'é'] }),
  step({ type: 'removeTags', ...web, tags: ['Z'] }, { refused: 'TAG_NOT_FOUND' }),

  step({ type: 'acquireLock', ...web, id: 'l6', operation: 'delete' }),
  step({ type: 'deleteStack', ...web }, { envelope: { lockId: 'l6' } }),
  step({ type: 'updateStack', ...web, description: 'x' }, { refused: 'STACK_DELETED' }),
  step({ type: 'createStack', id: 'web-2', name: 'web' }),
  step({ type: 'restoreStack', stack: 'web-id' }, { refused: 'NAME_TAKEN' }),
  step({ type: 'deleteStack', stack: 'web-2' }),
  step({ type: 'createStack', id: 'web-3', name: 'web' }),
  step({ type: 'deleteStack', stack: 'web-3' }, { wait: 0 }),
  step({ type: 'restoreStack', stack: 'web-id' }),
  step({ type: 'deleteStack', ...web }),
  step({ type: 'rollback', stack: 'web-id', toVersion: 12 }),
  step({
    type: 'apply',
    stack: 'taken in',
    kind: 'import',
    create: { id: 'import-id' },
    document: {
      description: 'from elsewhere',
      origin: { format: 'terraform', lineage: 'l', serial: 4, header: { v: 4 } },
    },
    resources: [{ type: 't', name: 'a', id: 'imported', lastApplied: '2025-12-31T00:00:00.000Z', errorMessage: 'e' }],
  }),
  step({ type: 'setResource', stack: 'taken in', resource: 'imported', properties: { n: 1 } }),
  step({ type: 'setResource', stack: 'taken in', resource: 'unknown', properties: {} }, { refused: 'INVALID_ADDRESS' }),
  step({ type: 'updateStack', stack: 'nowhere', description: 'x' }, { refused: 'STACK_NOT_FOUND' }),
];

/** The step's command, prepared for a store: the same request may be sent to several. */
export const requestOf = ({ command, envelope }: Step): AppendRequest =>
  prepare(COMMANDS[command.type], command, { actor: 'test', ...envelope });

/** Executes a life on a store. @throws if a step is refused unexpectedly, or accepted instead of refused */
export async function live(store: EventStore, clock: TestClock, life: readonly Step[] = LIFE): Promise<void> {
  for (const [index, one] of life.entries()) {
    clock.advance(one.wait);
    const code = await store.append(requestOf(one)).then(
      () => undefined,
      (error: { readonly code?: string }) => error.code ?? String(error),
    );
    if (code !== one.refused) throw new Error(`step ${index}, ${one.command.type}: ${code}, not ${one.refused}`);
  }
}
