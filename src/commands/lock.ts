import * as z from 'zod';
import type { NewEvent } from '../events/index.js';
import { later } from '../lib/clock.js';
import { NotFoundError } from '../lib/errors.js';
import { newId } from '../lib/ids.js';
import { name, prose } from '../lib/text.js';
import type { LockRecord } from '../store/records.js';
import { type Context, defineCommand, jsonRecord, stackRef } from './command.js';
import { checkToken, expired, isExpired, lockedBy, lockNotHeld } from './guard.js';
import { identifier } from './identifiers.js';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

/** How long a lock holds whose taker does not say, in milliseconds. */
export const LOCK_MS = 30 * 60 * SECOND;

/** Milliseconds, from one second to seven days. */
const ttl = z
  .int()
  .min(SECOND, 'must be at least 1 second (1000)')
  .max(7 * DAY, `must be at most 7 days (${7 * DAY})`);

/** Taking a lock again under its own id gives the same lock: nothing is recorded, the receipt has no events. */
export const acquireLock = defineCommand({
  schema: z.strictObject({
    type: z.literal('acquireLock'),
    stack: stackRef,
    id: identifier('lock', name(128)).default(newId),
    operation: name(),
    who: name().optional(),
    info: prose().default(''),
    ttlMs: ttl.default(LOCK_MS),
    /** What the tool that takes it says of it, in its own form. */
    document: jsonRecord('document').optional(),
  }),
  kind: 'lock',
  target: 'live',
  lock: 'own',
  facts: ({ stack }) => ({ stack }),
  decide: ({ stack, id, operation, who, info, ttlMs, document }, { lock }, { actor, now }) => {
    const events: NewEvent[] = [];
    if (lock && isExpired(lock, now)) events.push(expired(lock));
    else if (lock?.lockId === id) return [];
    else if (lock) throw lockedBy(stack, lock);
    const data = { lockId: id, operation, who: who ?? actor, info, expiresAt: later(now, ttlMs) };
    return [...events, { type: 'LockAcquired', data: document ? { ...data, document } : data }];
  },
});

/** The lock when it is there, not run out, and the one meant. */
function held(stack: string, id: string, lock: LockRecord | undefined, { now, fencingToken }: Context): LockRecord {
  if (!lock) throw lockNotHeld(stack, id, 'it was released, broken or has expired');
  if (isExpired(lock, now)) throw lockNotHeld(stack, id, `it expired at ${lock.expiresAt}`);
  if (lock.lockId !== id) throw lockedBy(stack, lock);
  checkToken(stack, lock, fencingToken);
  return lock;
}

const ofLock = { stack: stackRef, id: identifier('lock', name(128)) };

/** The lock runs for `ttlMs` from now. There is no default: it would shorten a lock that was taken for longer. */
export const renewLock = defineCommand({
  schema: z.strictObject({ type: z.literal('renewLock'), ...ofLock, ttlMs: ttl }),
  kind: 'renew',
  target: 'live',
  lock: 'own',
  facts: ({ stack }) => ({ stack }),
  decide: ({ stack, id, ttlMs }, { lock }, context) => {
    const { token } = held(stack, id, lock, context);
    return [{ type: 'LockRenewed', data: { lockId: id, token, expiresAt: later(context.now, ttlMs) } }];
  },
});

export const releaseLock = defineCommand({
  schema: z.strictObject({ type: z.literal('releaseLock'), ...ofLock }),
  kind: 'unlock',
  target: 'live',
  lock: 'own',
  facts: ({ stack }) => ({ stack }),
  decide: ({ stack, id }, { lock }, context) => [
    { type: 'LockReleased', data: { lockId: id, token: held(stack, id, lock, context).token } },
  ],
});

/** Takes the lock from whoever holds it. The reason stays in the log. */
export const breakLock = defineCommand({
  schema: z.strictObject({
    type: z.literal('breakLock'),
    stack: stackRef,
    reason: prose().refine((text) => text.trim() !== '', 'must say why the lock is broken'),
  }),
  kind: 'break lock',
  target: 'live',
  lock: 'own',
  facts: ({ stack }) => ({ stack }),
  decide: ({ stack, reason }, { lock }, { now }) => {
    if (!lock) {
      throw new NotFoundError('NOT_LOCKED', `stack "${stack}" is not locked`, { details: { stack } });
    }
    if (isExpired(lock, now)) return [expired(lock)];
    return [{ type: 'LockBroken', data: { lockId: lock.lockId, token: lock.token, holder: lock.who, reason } }];
  },
});
