import type { LockRecord } from '../../index.js';
import { escapeText } from '../output/escape.js';
import { relative } from '../output/time.js';

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

export const lockLine = (lock: LockRecord): string =>
  `held by ${escapeText(lock.who)} for "${escapeText(lock.operation)}" since ${relative(lock.createdAt)}, ` +
  `expires ${relative(lock.expiresAt)} (lock id ${escapeText(lock.lockId)})`;
