import { describe, expect, it } from 'vitest';
import type { Context, Target } from '../../src/commands/command.js';
import { guard } from '../../src/commands/guard.js';
import type { NewEvent } from '../../src/events/index.js';
import { SlothError } from '../../src/lib/errors.js';
import type { Facts } from '../../src/store/facts.js';
import type { LockRecord, StackRecord } from '../../src/store/records.js';
import { EARLIER, LATER, NOW } from '../support/decision.js';
import { aLock, aStack } from '../support/records.js';

const live = aStack();
const deleted = aStack({ deletedAt: EARLIER });
const nothing: Facts = {
  stack: undefined,
  deletedStack: undefined,
  document: undefined,
  lock: undefined,
  lockTaker: undefined,
  present: { resources: [], outputs: [] },
  nameHolder: undefined,
  idTaken: false,
  resources: new Map(),
  resourcesById: new Map(),
  outputs: new Map(),
  edges: [],
  tags: new Set(),
  drift: new Map(),
  driftRules: [],
  execution: undefined,
  difference: undefined,
};

interface Case {
  readonly target?: Target;
  readonly need?: 'held' | 'free' | 'own';
  readonly stack?: StackRecord | undefined;
  readonly lock?: LockRecord;
  readonly context?: Partial<Context>;
}

/** The events that the guard records, or the code of its refusal. */
function outcome({ target = 'live', need = 'held', lock, context, ...rest }: Case): readonly NewEvent[] | string {
  const stack = 'stack' in rest ? rest.stack : live;
  try {
    return guard(
      target,
      need,
      'web',
      { ...nothing, stack, lock },
      { actor: 'ana', source: 'api', now: NOW, ...context },
    );
  } catch (error) {
    if (error instanceof SlothError) return error.code;
    throw error;
  }
}

describe('the target', () => {
  it.each<[Target, readonly NewEvent[] | string, readonly NewEvent[] | string, readonly NewEvent[] | string]>([
    // target, no stack, a live one, a deleted one
    ['live', 'STACK_NOT_FOUND', [], 'STACK_DELETED'],
    ['live or absent', [], [], 'STACK_DELETED'],
    ['live or deleted', 'STACK_NOT_FOUND', [], []],
    ['deleted', 'STACK_NOT_FOUND', 'STACK_NOT_DELETED', []],
    ['absent', [], [], 'STACK_DELETED'],
  ])('%s', (target, absent, alive, gone) => {
    expect(outcome({ target, stack: undefined })).toEqual(absent);
    expect(outcome({ target, stack: live })).toEqual(alive);
    expect(outcome({ target, stack: deleted })).toEqual(gone);
  });
});

describe('the expected version', () => {
  it.each<[number | undefined, readonly NewEvent[] | string]>([
    [undefined, []],
    [3, []],
    [2, 'VERSION_CONFLICT'],
    [4, 'VERSION_CONFLICT'],
    [0, 'VERSION_CONFLICT'],
  ])('%j with a stack at 3', (expectedVersion, expected) => {
    expect(outcome({ context: expectedVersion === undefined ? {} : { expectedVersion } })).toEqual(expected);
  });

  it('0 means that the stack does not exist', () => {
    expect(outcome({ target: 'absent', stack: undefined, context: { expectedVersion: 0 } })).toEqual([]);
    expect(outcome({ target: 'absent', stack: undefined, context: { expectedVersion: 1 } })).toBe('VERSION_CONFLICT');
  });

  it('is checked before the lock', () => {
    expect(outcome({ lock: aLock(), context: { expectedVersion: 2 } })).toBe('VERSION_CONFLICT');
  });
});

describe('the lock', () => {
  const lock = aLock();
  const over = aLock({ expiresAt: EARLIER });
  const justOver = aLock({ expiresAt: NOW });
  const recorded = (expiresAt: string) => [{ type: 'LockExpired', data: { lockId: 'lock-1', token: 9, expiresAt } }];

  it.each<[string, Case, readonly unknown[] | string, readonly unknown[] | string]>([
    // the given lock, the result for a command that needs the lock, and for one that does not
    ['no lock, none shown', {}, [], []],
    ['a lock, none shown', { lock }, 'STACK_LOCKED', []],
    ['a lock, its id shown', { lock, context: { lockId: 'lock-1' } }, [], []],
    ['a lock, another id shown', { lock, context: { lockId: 'lock-2' } }, 'STACK_LOCKED', 'STACK_LOCKED'],
    ['no lock, an id shown', { context: { lockId: 'lock-1' } }, 'LOCK_NOT_HELD', 'LOCK_NOT_HELD'],
    ['a lock that ran out, none shown', { lock: over }, recorded(EARLIER), recorded(EARLIER)],
    ['a lock that runs out now, none shown', { lock: justOver }, recorded(NOW), recorded(NOW)],
    [
      'a lock that ran out, its id shown',
      { lock: over, context: { lockId: 'lock-1' } },
      'LOCK_NOT_HELD',
      'LOCK_NOT_HELD',
    ],
    [
      'a lock that runs out now, its id shown',
      { lock: justOver, context: { lockId: 'lock-1' } },
      'LOCK_NOT_HELD',
      'LOCK_NOT_HELD',
    ],
    [
      'a lock that ran out, another id shown',
      { lock: over, context: { lockId: 'lock-2' } },
      'LOCK_NOT_HELD',
      'LOCK_NOT_HELD',
    ],
    ['a lock, its id and token shown', { lock, context: { lockId: 'lock-1', fencingToken: 9 } }, [], []],
    [
      'a lock, its id and an older token',
      { lock, context: { lockId: 'lock-1', fencingToken: 8 } },
      'LOCK_NOT_HELD',
      'LOCK_NOT_HELD',
    ],
  ])('%s', (_, given, held, free) => {
    expect(outcome({ ...given, need: 'held' })).toEqual(held);
    expect(outcome({ ...given, need: 'free' })).toEqual(free);
    // Lock commands check the lock themselves.
    expect(outcome({ ...given, need: 'own' })).toEqual([]);
  });

  it('protects until its last millisecond', () => {
    expect(outcome({ lock: aLock({ expiresAt: LATER }) })).toBe('STACK_LOCKED');
  });

  it('does not protect a stack that does not exist', () => {
    expect(outcome({ stack: undefined, lock })).toBe('STACK_NOT_FOUND');
  });
});
