import * as z from 'zod';
import type { NewEvent } from '../events/index.js';
import { later } from '../lib/clock.js';
import { NotFoundError } from '../lib/errors.js';
import { newId } from '../lib/ids.js';
import { name, prose } from '../lib/text.js';
import { requireLockBreaking } from './authorize.js';
import { defineCommand, jsonRecord, stackRef } from './command.js';
import { expired, heldLock, isExpired, lockedBy, shownName, tookLock } from './guard.js';
import { identifier } from './identifiers.js';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

/** The default duration of a lock, in milliseconds. */
export const LOCK_MS = 30 * 60 * SECOND;

/** Milliseconds, from one second to seven days. */
const ttl = z
  .int()
  .min(SECOND, 'must be at least 1 second (1000)')
  .max(7 * DAY, `must be at most 7 days (${7 * DAY})`);

/**
 * Taking a lock again under its own id returns the same lock to its principal: nothing is recorded, and the receipt has no
 * events.
 */
export const acquireLock = defineCommand({
  schema: z.strictObject({
    type: z.literal('acquireLock'),
    stack: stackRef,
    id: identifier('lock', name(128)).default(newId),
    operation: name(),
    who: name().optional(),
    info: prose().default(''),
    ttlMs: ttl.default(LOCK_MS),
    /** The tool's own description of the lock. */
    document: jsonRecord('document').optional(),
  }),
  kind: 'lock',
  target: 'live',
  lock: 'own',
  facts: ({ stack }) => ({ stack }),
  decide: ({ stack, id, operation, who, info, ttlMs, document }, facts, context) => {
    const { lock } = facts;
    const { actor, now, caller } = context;
    const mayUse = !caller || caller.mayBreakLocks === 'yes' || tookLock(facts, context);
    const events: NewEvent[] = [];
    if (lock && isExpired(lock, now)) events.push(expired(lock));
    else if (lock?.lockId === id && mayUse) return [];
    else if (lock) throw lockedBy(shownName(stack, facts), lock);
    const data = { lockId: id, operation, who: who ?? actor, info, expiresAt: later(now, ttlMs) };
    return [...events, { type: 'LockAcquired', data: document ? { ...data, document } : data }];
  },
});

const ofLock = { stack: stackRef, id: identifier('lock', name(128)) };

/** The lock then expires `ttlMs` from now. There is no default: it could shorten a longer lock. */
export const renewLock = defineCommand({
  schema: z.strictObject({ type: z.literal('renewLock'), ...ofLock, ttlMs: ttl }),
  kind: 'renew',
  target: 'live',
  lock: 'own',
  facts: ({ stack }) => ({ stack }),
  decide: ({ stack, id, ttlMs }, facts, context) => {
    const { token } = heldLock(stack, id, facts, context);
    return [{ type: 'LockRenewed', data: { lockId: id, token, expiresAt: later(context.now, ttlMs) } }];
  },
});

export const releaseLock = defineCommand({
  schema: z.strictObject({ type: z.literal('releaseLock'), ...ofLock }),
  kind: 'unlock',
  target: 'live',
  lock: 'own',
  facts: ({ stack }) => ({ stack }),
  decide: ({ stack, id }, facts, context) => [
    { type: 'LockReleased', data: { lockId: id, token: heldLock(stack, id, facts, context).token } },
  ],
});

/** Ends the lock of any holder. The reason is recorded in the log. */
export const breakLock = defineCommand({
  schema: z.strictObject({
    type: z.literal('breakLock'),
    stack: stackRef,
    /** The id of the lock to break. Default: the current one. */
    id: ofLock.id.optional(),
    reason: prose().refine((text) => text.trim() !== '', 'must say why the lock is broken'),
  }),
  kind: 'break lock',
  target: 'live',
  lock: 'own',
  facts: ({ stack }) => ({ stack }),
  decide: ({ stack: ref, id, reason }, facts, { now, caller }) => {
    const { lock } = facts;
    const stack = shownName(ref, facts);
    requireLockBreaking(caller, `the lock on stack "${stack}" stays`);
    if (!lock) {
      throw new NotFoundError('NOT_LOCKED', `stack "${stack}" is not locked`, { details: { stack } });
    }
    if (id !== undefined && lock.lockId !== id) throw lockedBy(stack, lock);
    if (isExpired(lock, now)) return [expired(lock)];
    return [{ type: 'LockBroken', data: { lockId: lock.lockId, token: lock.token, holder: lock.who, reason } }];
  },
});
