import type { Clock } from '../../kernel/clock.js';
import type { AppendRequest, Projection, Receipt } from '../event-store.js';
import { decideCommit, receiptAgain } from '../receipts.js';
import { appendEvents, headOf } from './log.js';
import { commitOfCommand } from './read/commits.js';
import { readFacts } from './read/facts.js';
import { linkReads } from './read/links.js';
import { rowsOf } from './read/rows.js';
import type { MemoryState } from './state.js';
import { applyChanges } from './tables.js';

/**
 * Carries out one command. All that can be refused or can fail comes before the first change, so there is nothing to
 * roll back; no step may wait, or other work would get in between.
 */
export function append(state: MemoryState, projection: Projection, clock: Clock, request: AppendRequest): Receipt {
  const earlier = commitOfCommand(state, request.commandId);
  if (earlier) {
    const [stack] = rowsOf(state.tables.stack_rows, earlier.stream);
    return receiptAgain(earlier, stack?.id ?? '', request);
  }
  const facts = readFacts(state, request.keys);
  const { stored, recorded, receipt } = decideCommit(
    request,
    facts,
    (stream) => linkReads(state, stream),
    headOf(state.log),
    clock.now(),
  );
  if (stored.length === 0) return receipt;
  const changes = projection.project(recorded);
  appendEvents(state.log, stored);
  applyChanges(state.tables, changes);
  return receipt;
}
