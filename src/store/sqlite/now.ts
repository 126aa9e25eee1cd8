import type { LogHead } from '../../events/index.js';
import type { FactKeys, Facts } from '../facts.js';
import { atOnce, runNow } from '../program.js';
import { readLock, readLockTaker } from '../read/annotations.js';
import { type Opening, readFacts } from '../read/facts.js';
import { readHead } from '../read/log.js';
import { findStackHead } from '../read/stacks.js';
import type { Statements } from './statements.js';

/** The end of the log. */
export const headNow = (sql: Statements): LogHead => atOnce(readHead(sql));

/** The requested facts of a decision, each by its key. */
export const factsNow = (sql: Statements, keys: FactKeys): Facts =>
  runNow(readFacts(sql, keys, readOpening(sql, keys)));

function readOpening(sql: Statements, keys: FactKeys): Opening {
  const stack = atOnce(findStackHead(sql, keys.stack, keys.deleted ?? false));
  return {
    stack,
    lock: stack && atOnce(readLock(sql, stack.stream)),
    lockTaker: stack && keys.lockTaker ? atOnce(readLockTaker(sql, stack.stream)) : undefined,
  };
}
