import type { LockRecord } from '../index.js';

/** The columns of the specification's `state_locks`, and the fencing token. */
export const lockJson = (stackId: string, lock: LockRecord) => ({
  stack_id: stackId,
  lock_id: lock.lockId,
  operation: lock.operation,
  who: lock.who,
  created_at: lock.createdAt,
  expires_at: lock.expiresAt,
  info: lock.info,
  fencing_token: lock.token,
});

/** Whether a stack is locked, and the lock. */
export const lockInfoJson = (stackId: string, lock: LockRecord | undefined) => ({
  locked: lock !== undefined,
  lock: lock ? lockJson(stackId, lock) : null,
});
