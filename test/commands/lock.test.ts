import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/events/index.js';
import { EARLIER, given, LATER, lockAcquired, NOW, stackCreated } from '../support/decision.js';

const stack = stackCreated();
const held = [stack, lockAcquired()];
const over = [stack, lockAcquired({ expiresAt: EARLIER })];
/** A lock has expired at exactly its expiry time. */
const justOver = [stack, lockAcquired({ expiresAt: NOW })];
/** The position of the initial lock. */
const token = 2;
const expired = (expiresAt: string): NewEvent => ({
  type: 'LockExpired',
  data: { lockId: 'lock-1', token, expiresAt },
});

describe('acquireLock', () => {
  const acquire = { type: 'acquireLock', stack: 'web', id: 'lock-2', operation: 'deploy' } as const;
  const acquired = (fields = {}): NewEvent => ({
    type: 'LockAcquired',
    data: {
      lockId: 'lock-2',
      operation: 'deploy',
      who: 'ana',
      info: '',
      expiresAt: '2026-01-02T03:34:05.000Z',
      ...fields,
    },
  });

  it('locks a free stack for the actor, for half an hour', () => {
    given(stack).when(acquire).thenEvents(acquired());
  });

  it('uses the given fields', () => {
    given(stack)
      .when({ ...acquire, who: 'bea', info: 'a\nb', ttlMs: 1_000 })
      .thenEvents(acquired({ who: 'bea', info: 'a\nb', expiresAt: '2026-01-02T03:04:06.000Z' }));
  });

  it('gets a new id if none is given', () => {
    const [event] = given(stack).when({ type: 'acquireLock', stack: 'web', operation: 'x' }).events();
    expect(event?.type === 'LockAcquired' && event.data.lockId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('returns the same lock for the same id', () => {
    given(...held)
      .when({ ...acquire, id: 'lock-1' })
      .thenEvents();
  });

  it('refuses a lock of another holder, and names who, what, since and until when', () => {
    const error = given(...held)
      .when(acquire)
      .refused('STACK_LOCKED');
    expect(error.exitCode).toBe(4);
    for (const word of ['bea', 'deploy', EARLIER, LATER]) expect(error.message).toContain(word);
    expect(error.details).toMatchObject({ stack: 'web', lockId: 'lock-1', token });
  });

  it.each([
    [EARLIER, over],
    [NOW, justOver],
  ])('replaces a lock that expired at %s, and records its expiry', (expiresAt, past) => {
    given(...past)
      .when(acquire)
      .thenEvents(expired(expiresAt), acquired());
    given(...past)
      .when({ ...acquire, id: 'lock-1' })
      .thenEvents(expired(expiresAt), acquired({ lockId: 'lock-1' }));
  });

  it.each([
    [999, false],
    [1_000, true],
    [604_800_000, true],
    [604_800_001, false],
    [0, false],
    [-1_000, false],
    [1_500.5, false],
    [Number.NaN, false],
    [Number.POSITIVE_INFINITY, false],
    ['1000', false],
  ])('lasts from a second to seven days: %j ms', (ttlMs, accepted) => {
    const decision = given(stack).when({ ...acquire, ttlMs: ttlMs as number });
    if (accepted) expect(decision.events()).toHaveLength(1);
    else expect(decision.refused('INVALID_INPUT').details.field).toBe('ttlMs');
  });
});

describe('renewLock', () => {
  const renew = { type: 'renewLock', stack: 'web', id: 'lock-1', ttlMs: 1_800_000 } as const;

  it('extends the lock from now', () => {
    given(...held)
      .when(renew)
      .thenEvents({
        type: 'LockRenewed',
        data: { lockId: 'lock-1', token, expiresAt: '2026-01-02T03:34:05.000Z' },
      });
    given(...held)
      .when({ ...renew, ttlMs: 1_000 })
      .thenEvents({
        type: 'LockRenewed',
        data: { lockId: 'lock-1', token, expiresAt: '2026-01-02T03:04:06.000Z' },
      });
  });

  it('requires a duration: a default could shorten a longer lock', () => {
    const { ttlMs: _, ...without } = renew;
    const error = given(stack, lockAcquired({ expiresAt: '2026-01-09T03:04:05.000Z' }))
      .when(without as typeof renew)
      .refused('INVALID_INPUT');
    expect(error).toMatchObject({ message: 'ttlMs: must be given', details: { field: 'ttlMs' } });
  });

  it('refuses a lock that is missing, expired, or of another holder', () => {
    given(stack).when(renew).refused('LOCK_NOT_HELD');
    given(...over)
      .when(renew)
      .refused('LOCK_NOT_HELD');
    given(...justOver)
      .when(renew)
      .refused('LOCK_NOT_HELD');
    given(...held)
      .when({ ...renew, id: 'lock-2' })
      .refused('STACK_LOCKED');
  });
});

describe('releaseLock', () => {
  const release = { type: 'releaseLock', stack: 'web', id: 'lock-1' } as const;

  it('unlocks the stack', () => {
    given(...held)
      .when(release)
      .thenEvents({ type: 'LockReleased', data: { lockId: 'lock-1', token } });
  });

  it('refuses a lock that is missing, expired, or of another holder', () => {
    expect(given(stack).when(release).refused('LOCK_NOT_HELD').exitCode).toBe(4);
    given(...over)
      .when(release)
      .refused('LOCK_NOT_HELD');
    given(...held)
      .when({ ...release, id: 'lock-2' })
      .refused('STACK_LOCKED');
  });
});

describe('breakLock', () => {
  const force = { type: 'breakLock', stack: 'web', reason: 'gone home' } as const;

  it("ends the holder's lock, with the reason", () => {
    given(...held)
      .when(force)
      .thenEvents({
        type: 'LockBroken',
        data: { lockId: 'lock-1', token, holder: 'bea', reason: 'gone home' },
      });
  });

  it('records only the expiry of an expired lock', () => {
    given(...over)
      .when(force)
      .thenEvents(expired(EARLIER));
  });

  it('refuses a stack without lock', () => {
    expect(given(stack).when(force).refused('NOT_LOCKED').exitCode).toBe(3);
  });

  it.each(['', '  ', '\n'])('refuses the empty reason %j', (reason) => {
    expect(
      given(...held)
        .when({ ...force, reason })
        .refused('INVALID_INPUT').details.field,
    ).toBe('reason');
  });
});
