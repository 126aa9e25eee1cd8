import type { Clock } from '../../lib/clock.js';
import type { AppendRequest, Projection, Receipt } from '../event-store.js';
import { runNow } from '../program.js';
import { decideEvents, type EarlierCommit, receiptOfRepeat, recordDecided, timeOf } from '../receipts.js';
import { appendEvents, cutEvents, headOf } from './log.js';
import { earlierCommits } from './read/commits.js';
import { linkReads } from './read/edges.js';
import { readFacts } from './read/facts.js';
import type { MemoryState } from './state.js';
import { applyChanges } from './tables.js';

/**
 * Carries out one command. All that can be refused or can fail comes before the first change, so there is nothing to
 * roll back; no step may wait, or other work would get in between.
 */
export function append(
  state: MemoryState,
  projection: Projection,
  clock: Clock,
  request: AppendRequest,
  onChange: (undo: () => void) => void = () => {},
): Receipt {
  const facts = readFacts(state, request.keys);
  const repeated = receiptOfRepeat(request, facts, earlierOf(state, request), state.key);
  if (repeated) return repeated;
  const now = timeOf(request, clock);
  const events = runNow(decideEvents(request, facts, (stream) => linkReads(state, stream), now));
  const { stored, recorded, receipt } = recordDecided(request, facts, events, headOf(state.log), now, state.key);
  if (stored.length === 0) return receipt;
  const changes = projection.project(recorded);
  appendEvents(state.log, stored);
  onChange(applyChanges(state.tables, changes));
  return receipt;
}

/** Commits of the request's command id by its principal. */
export const earlierOf = (state: MemoryState, { commandId, identity }: AppendRequest): readonly EarlierCommit[] =>
  identity ? earlierCommits(state, commandId, identity.principal) : [];

/** The same for several, one after the other. What came of the ones before it is taken back where one is refused. */
export function appendTogether(
  state: MemoryState,
  projection: Projection,
  clock: Clock,
  requests: readonly AppendRequest[],
): Receipt[] {
  const before = state.log.events.length;
  const undo: (() => void)[] = [];
  try {
    return requests.map((request) => append(state, projection, clock, request, (back) => undo.push(back)));
  } catch (error) {
    for (const back of undo.reverse()) back();
    cutEvents(state.log, before);
    throw error;
  }
}
