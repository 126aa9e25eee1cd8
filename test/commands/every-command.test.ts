import { describe, expect, it } from 'vitest';
import { COMMANDS, type Command, type CommandType } from '../../src/commands/index.js';
import {
  driftRuleAdded,
  EARLIER,
  type Given,
  given,
  lockAcquired,
  resourceCreated,
  stackCreated,
  stackDeleted,
  stackUpdated,
  tagAdded,
} from '../support/decision.js';

/** The positions of the first events of a resource, a rule and a lock in the initial events. */
const [WEB, RULE, LOCK] = [2, 6, 9];

/** One valid command of every type: a type without an example does not compile. */
const EXAMPLES: { readonly [T in CommandType]: Extract<Command, { type: T }> } = {
  createStack: { type: 'createStack', name: 'new' },
  updateStack: { type: 'updateStack', stack: 'web', description: 'x' },
  deleteStack: { type: 'deleteStack', stack: 'web' },
  restoreStack: { type: 'restoreStack', stack: 'web' },
  apply: { type: 'apply', stack: 'web', outputs: [{ name: 'o', value: 1 }] },
  setResource: { type: 'setResource', stack: 'web', resource: 'app.new', properties: { a: 1 } },
  addDependency: { type: 'addDependency', stack: 'web', resource: 'app.web', dependsOn: 'x.y', allowMissing: true },
  removeDependency: { type: 'removeDependency', stack: 'web', resource: 'app.web', dependsOn: 'db.main' },
  takeSnapshot: { type: 'takeSnapshot', stack: 'web' },
  rollback: { type: 'rollback', stack: 'web', toVersion: 1 },
  startExecution: { type: 'startExecution', stack: 'web' },
  completeExecution: { type: 'completeExecution', stack: 'web', executionId: 'run-1' },
  failExecution: { type: 'failExecution', stack: 'web', executionId: 'run-1', error: 'x' },
  detectDrift: { type: 'detectDrift', stack: 'web', findings: [{ resource: 'app.web', actual: { a: 1 } }] },
  resolveDrift: { type: 'resolveDrift', stack: 'web', resource: 'app.web' },
  ignoreDrift: { type: 'ignoreDrift', stack: 'web', resource: 'app.web' },
  acceptDrift: { type: 'acceptDrift', stack: 'web', resource: 'app.web' },
  addDriftRule: { type: 'addDriftRule', stack: 'web', path: '**.etag', reason: 'changes by itself' },
  removeDriftRule: { type: 'removeDriftRule', stack: 'web', rule: RULE },
  acquireLock: { type: 'acquireLock', stack: 'web', operation: 'deploy' },
  renewLock: { type: 'renewLock', stack: 'web', id: 'lock-1', ttlMs: 60_000 },
  releaseLock: { type: 'releaseLock', stack: 'web', id: 'lock-1' },
  breakLock: { type: 'breakLock', stack: 'web', reason: 'x' },
  addTags: { type: 'addTags', stack: 'web', tags: ['b'] },
  removeTags: { type: 'removeTags', stack: 'web', tags: ['a'] },
  recordActivity: { type: 'recordActivity', stack: 'web', action: 'deployed' },
};

/** A stack on which each of them is accepted. */
const PAST: readonly Given[] = [
  stackCreated(),
  resourceCreated('app.web', { dependencies: ['db.main'] }),
  tagAdded('a'),
  {
    type: 'DriftDetected',
    data: { resource: WEB, resourceId: 'res-2', expected: {}, actual: {}, fields: [], changes: [] },
  },
  driftRuleAdded({ path: 'x' }),
  { type: 'ExecutionStarted', data: { executionId: 'run-1', number: 1, startedAt: EARLIER } },
  stackUpdated({ description: 'y' }),
];
const VERSION = 4;

const LOCK_COMMANDS: readonly CommandType[] = ['acquireLock', 'renewLock', 'releaseLock', 'breakLock'];
/** They change no state, so a lock does not block them. */
const FREE: readonly CommandType[] = [
  'takeSnapshot',
  'detectDrift',
  'resolveDrift',
  'ignoreDrift',
  'addDriftRule',
  'removeDriftRule',
  'addTags',
  'removeTags',
  'recordActivity',
];

const TYPES = Object.keys(COMMANDS) as CommandType[];
const NAMING = TYPES.filter((type) => type !== 'createStack');

const pastFor = (type: CommandType): readonly Given[] => [
  ...PAST,
  ...(type === 'restoreStack' ? [stackDeleted()] : []),
  ...(['renewLock', 'releaseLock', 'breakLock'].includes(type) ? [lockAcquired()] : []),
];
/** The version of the stack then. */
const versionFor = (type: CommandType): number =>
  type === 'createStack' ? 0 : type === 'restoreStack' ? VERSION + 1 : VERSION;
const naming = (type: CommandType, stack: unknown): Command => ({ ...EXAMPLES[type], stack }) as Command;

describe.each(TYPES)('%s', (type) => {
  it('is accepted as the example is', () => {
    expect(
      given(...pastFor(type))
        .when(EXAMPLES[type])
        .events(),
    ).not.toEqual([]);
  });

  it('refuses an unknown field', () => {
    const error = given(...pastFor(type))
      .when({ ...EXAMPLES[type], ...{ unheardOf: 1 } })
      .refused('INVALID_INPUT');
    expect(error.message).toContain('unheardOf');
  });

  it('refuses another version than the expected one', () => {
    const error = given(...pastFor(type))
      .when(EXAMPLES[type], { expectedVersion: 2 })
      .refused('VERSION_CONFLICT');
    expect(error.exitCode).toBe(5);
    const actual = versionFor(type);
    expect(error.details).toMatchObject({ expectedVersion: 2, actualVersion: actual });
    expect(
      given(...pastFor(type))
        .when(EXAMPLES[type], { expectedVersion: actual })
        .events(),
    ).not.toEqual([]);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '3'])('refuses the expected version %j', (value) => {
    const error = given(...pastFor(type))
      .when(EXAMPLES[type], { expectedVersion: value as number })
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('expectedVersion');
  });
});

describe.each(NAMING)('%s', (type) => {
  it.each<[string, unknown]>([
    ['an empty name', ''],
    ['a name of 10 kB', 'x'.repeat(10_240)],
    ['a name with a line break', 'a\nb'],
    ['a name with an escape sequence', '\u001b[2J'],
    ['a name with NUL', 'a\u0000'],
    ['a name with a lone surrogate', '\ud800'],
    ['a name between blanks', ' web '],
    ['a number for a name', 7],
    ['no name', undefined],
  ])('refuses %s', (_, stack) => {
    const error = given(...pastFor(type))
      .when(naming(type, stack))
      .refused('INVALID_INPUT');
    expect(error).toMatchObject({ exitCode: 2, details: { field: 'stack' } });
  });

  it('refuses an unknown stack', () => {
    const error = given(...pastFor(type))
      .when(naming(type, 'nowhere'))
      .refused('STACK_NOT_FOUND');
    expect(error).toMatchObject({ exitCode: 3, details: { stack: 'nowhere' } });
    expect(error.hint).toBeDefined();
  });

  it('finds the stack by its id too', () => {
    expect(
      given(...pastFor(type))
        .when(naming(type, 'stack-1'))
        .events(),
    ).not.toEqual([]);
  });

  it('refuses a deleted stack, unless the command restores it', () => {
    const past = type === 'restoreStack' ? pastFor(type) : [...pastFor(type), stackDeleted()];
    const decision = given(...past).when(EXAMPLES[type]);
    if (type === 'restoreStack' || type === 'rollback') expect(decision.events()).not.toEqual([]);
    else expect(decision.refused('STACK_DELETED').exitCode).toBe(3);
  });
});

describe.each(NAMING.filter((type) => !LOCK_COMMANDS.includes(type)))('%s on a locked stack', (type) => {
  const unlocked = pastFor(type);
  const locked = (fields = {}): readonly Given[] => [...PAST, lockAcquired(fields), ...unlocked.slice(PAST.length)];

  it(FREE.includes(type) ? 'needs no lock' : 'needs its lock', () => {
    const decision = given(...locked()).when(EXAMPLES[type]);
    if (FREE.includes(type)) expect(decision.events()).not.toEqual([]);
    else expect(decision.refused('STACK_LOCKED').exitCode).toBe(4);
  });

  it('is accepted with its lock, and refused with an unknown one', () => {
    expect(
      given(...locked())
        .when(EXAMPLES[type], { lockId: 'lock-1', fencingToken: LOCK })
        .events(),
    ).not.toEqual([]);
    given(...locked())
      .when(EXAMPLES[type], { lockId: 'lock-2' })
      .refused('STACK_LOCKED');
    given(...locked())
      .when(EXAMPLES[type], { lockId: 'lock-1', fencingToken: LOCK - 1 })
      .refused('LOCK_NOT_HELD');
    given(...unlocked)
      .when(EXAMPLES[type], { lockId: 'lock-1' })
      .refused('LOCK_NOT_HELD');
  });

  it('records that a lock expired', () => {
    const [first] = given(...locked({ expiresAt: EARLIER }))
      .when(EXAMPLES[type])
      .events();
    expect(first?.type).toBe('LockExpired');
  });
});
