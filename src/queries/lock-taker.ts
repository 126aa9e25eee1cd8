import { decodeEvent, isReadable, type RecordedEvent } from '../events/index.js';
import type { Program } from '../store/program.js';
import type { LockRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';

/** The event by which a lock was taken; undefined if the log does not contain it. Its actor took the lock. */
export function* lockTaken(s: Snapshot, lock: LockRecord): Program<RecordedEvent<'LockAcquired'> | undefined> {
  const [row] = yield* s.events({ after: lock.token - 1, limit: 1 });
  const event = row && decodeEvent(row);
  return event && isReadable(event) && event.type === 'LockAcquired' ? event : undefined;
}
