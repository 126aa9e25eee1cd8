import { decodeEvent, isKnown, type RecordedEvent } from '../events/index.js';
import type { EventStore } from '../store/event-store.js';
import type { LockRecord } from '../store/records.js';

/** The event by which a lock was taken; undefined where the log does not hold it. Its actor is who took the lock. */
export async function lockTaken(
  store: EventStore,
  lock: LockRecord,
): Promise<RecordedEvent<'LockAcquired'> | undefined> {
  const [row] = await store.events({ after: lock.token - 1, limit: 1 });
  const event = row && decodeEvent(row);
  return event && isKnown(event) && event.type === 'LockAcquired' ? event : undefined;
}
