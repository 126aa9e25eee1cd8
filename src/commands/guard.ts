import type { NewEvent } from '../events/index.js';
import { ConflictError, InvalidInputError, LockedError } from '../lib/errors.js';
import type { Facts } from '../store/facts.js';
import type { LockRecord, StackHead } from '../store/records.js';
import { stackDeleted, stackNotFound } from '../store/stack-errors.js';
import { requireLockBreaking } from './authorize.js';
import type { CommandModule, Context, Target } from './command.js';

/**
 * Checks every command before its own decision: the stack exists (or does not), it has the version that the caller expects,
 * and nobody else has locked it. Returns the event that records an expired lock.
 */
export function guard(
  target: Target,
  lock: CommandModule['lock'],
  ref: string,
  facts: Facts,
  context: Context,
): NewEvent[] {
  checkTarget(target, ref, facts);
  const name = shownName(ref, facts);
  checkVersion(name, facts.stack, context);
  return lock === 'own' ? [] : checkLock(name, facts, lock, context);
}

/** The name of the stack in errors: callers may have passed its id. */
export const shownName = (ref: string, { stack }: Facts): string => stack?.name ?? ref;

function checkTarget(target: Target, ref: string, { stack, deletedStack }: Facts): void {
  if (!stack) {
    if (target === 'absent' || target === 'live or absent') return;
    throw deletedStack ? stackDeleted(ref, deletedStack) : stackNotFound(ref);
  }
  if (target === 'live or deleted') return;
  if (stack.deletedAt !== null && target !== 'deleted') {
    throw stackDeleted(ref, stack);
  }
  if (target === 'deleted' && stack.deletedAt === null) {
    throw new ConflictError('STACK_NOT_DELETED', `stack "${ref}" is not deleted`, { details: { stack: ref } });
  }
}

function checkVersion(ref: string, stack: StackHead | undefined, { expectedVersion }: Context): void {
  if (expectedVersion === undefined) return;
  const actual = stack?.stateVersion ?? 0;
  if (actual === expectedVersion) return;
  throw new ConflictError('VERSION_CONFLICT', `stack "${ref}" is at version ${actual}, not ${expectedVersion}`, {
    hint: 'Somebody changed it in between. Look at the difference, then try again with the current version.',
    details: { stack: ref, expectedVersion, actualVersion: actual },
  });
}

export const isExpired = (lock: LockRecord, now: string): boolean => lock.expiresAt <= now;

export const expired = (lock: LockRecord): NewEvent => ({
  type: 'LockExpired',
  data: { lockId: lock.lockId, token: lock.token, expiresAt: lock.expiresAt },
});

export const lockedBy = (ref: string, lock: LockRecord): LockedError =>
  new LockedError(
    'STACK_LOCKED',
    `stack "${ref}" is locked by ${lock.who} for "${lock.operation}" since ${lock.createdAt}, until ${lock.expiresAt}`,
    {
      hint: 'Wait, pass the lock with --lock-id if it is yours, or break it with: stack state unlock --force --reason TEXT',
      details: { stack: ref, ...lock },
    },
  );

/** The caller names a lock that it does not, or no longer, hold: it may have paused, so it must not continue. */
export const lockNotHeld = (ref: string, lockId: string, why: string): LockedError =>
  new LockedError('LOCK_NOT_HELD', `lock ${lockId} on stack "${ref}" is not held: ${why}`, {
    hint: 'Take the lock again, and check what changed meanwhile, before going on.',
    details: { stack: ref, lockId },
  });

/** Refuses a holder whose lock was taken again under the same id. */
function checkToken(ref: string, lock: LockRecord, fencingToken: number | undefined): void {
  if (fencingToken === undefined || fencingToken === lock.token) return;
  throw lockNotHeld(ref, lock.lockId, `it was taken again (token ${lock.token}, not ${fencingToken})`);
}

/**
 * The lock with an id, if the caller may use it: it exists, has not expired, and the caller's principal took it.
 * @throws LockedError `LOCK_NOT_HELD`, `STACK_LOCKED`; errors of {@link requireLockBreaking}
 */
export function heldLock(stack: string, lockId: string, facts: Facts, context: Context): LockRecord {
  const { lock } = facts;
  const ref = shownName(stack, facts);
  if (!lock) throw lockNotHeld(ref, lockId, 'it was released, broken or has expired');
  if (isExpired(lock, context.now)) throw lockNotHeld(ref, lockId, `it expired at ${lock.expiresAt}`);
  if (lock.lockId !== lockId) throw lockedBy(ref, lock);
  if (!tookLock(facts, context)) {
    requireLockBreaking(context.caller, `another principal took lock ${lockId} on stack "${ref}"`);
  }
  checkToken(ref, lock, context.fencingToken);
  return lock;
}

/** Whether the caller's principal took the lock. If no principal was recorded, the actor counts. */
export function tookLock({ lockTaker }: Facts, { caller, actor }: Context): boolean {
  if (!lockTaker || !caller) return false;
  return lockTaker.principal === undefined ? lockTaker.actor === actor : lockTaker.principal === caller.principal;
}

function checkLock(ref: string, facts: Facts, need: 'held' | 'free', context: Context): NewEvent[] {
  const { lock } = facts;
  const { now, lockId, fencingToken } = context;
  if (lockId !== undefined) {
    heldLock(ref, lockId, facts, context);
    return [];
  }
  if (fencingToken !== undefined) {
    throw new InvalidInputError(
      'TOKEN_WITHOUT_LOCK',
      'fencingToken: a token is of no use without the lock it came with',
      {
        hint: 'Give lockId too.',
        details: { field: 'fencingToken' },
      },
    );
  }
  if (!lock) return [];
  if (isExpired(lock, now)) return [expired(lock)];
  if (need === 'held') throw lockedBy(ref, lock);
  return [];
}
