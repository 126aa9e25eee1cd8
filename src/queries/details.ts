import type { At } from '../store/event-store.js';
import { type Program, together } from '../store/program.js';
import type { LockRecord, TagRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { readLock, readTags } from './annotations.js';
import { readState, type StateView } from './state.js';

/** A whole stack: its state, and its annotations. */
export interface StackDetails {
  readonly state: StateView;
  readonly tags: readonly TagRecord[];
  readonly lock: LockRecord | undefined;
}

export function* readDetails(s: Snapshot, ref: string, now: string, at?: At): Program<StackDetails> {
  const state = yield* readState(s, ref, at);
  const [{ tags }, { lock }] = yield* together([readTags(s, ref, at), readLock(s, ref, now, at)]);
  return { state, tags, lock };
}
