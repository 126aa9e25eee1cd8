import type { LockRecord } from '../../index.js';
import { escapeText } from '../output/escape.js';
import { relative } from '../output/time.js';

export const lockLine = (lock: LockRecord): string =>
  `held by ${escapeText(lock.who)} for "${escapeText(lock.operation)}" since ${relative(lock.createdAt)}, ` +
  `expires ${relative(lock.expiresAt)} (lock id ${escapeText(lock.lockId)})`;
