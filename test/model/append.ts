import type { Clock } from '../../src/lib/clock.js';
import type { AppendRequest, Projection, Receipt } from '../../src/store/event-store.js';
import { runNow } from '../../src/store/program.js';
import { decideEvents, type EarlierCommit, receiptOfRepeat, recordDecided, timeOf } from '../../src/store/receipts.js';
import { appendEvents, copyLog, headOf } from './log.js';
import { earlierCommits } from './read/commits.js';
import { edgeReads } from './read/edges.js';
import { readFacts } from './read/facts.js';
import type { MemoryState } from './state.js';
import { applyChanges, copyTables } from './tables.js';

/** Executes one command. Everything that can be refused or fail comes before the first change. */
function append(state: MemoryState, projection: Projection, clock: Clock, request: AppendRequest): Receipt {
  const facts = readFacts(state, request.keys);
  const repeated = receiptOfRepeat(request, facts, earlierOf(state, request), state.key);
  if (repeated) return repeated;
  const now = timeOf(request, clock);
  const events = runNow(decideEvents(request, facts, (stream) => edgeReads(state, stream), now));
  const { stored, recorded, receipt } = recordDecided(request, facts, events, headOf(state.log), now, state.key);
  if (stored.length === 0) return receipt;
  const changes = projection.project(recorded);
  appendEvents(state.log, stored);
  applyChanges(state.tables, changes);
  return receipt;
}

/** Commits with the request's command id of its principal. */
export const earlierOf = (state: MemoryState, { commandId, identity }: AppendRequest): readonly EarlierCommit[] =>
  identity ? earlierCommits(state, commandId, identity.principal) : [];

/** Executes several commands in order. If one is refused, the state stays as it was before the first. */
export function appendTogether(
  state: MemoryState,
  projection: Projection,
  clock: Clock,
  requests: readonly AppendRequest[],
): Receipt[] {
  const [only] = requests;
  if (only && requests.length === 1) return [append(state, projection, clock, only)];
  const next: MemoryState = { ...state, log: copyLog(state.log), tables: copyTables(state.tables) };
  const receipts = requests.map((request) => append(next, projection, clock, request));
  Object.assign(state, next);
  return receipts;
}
