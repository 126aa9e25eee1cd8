import type { StoredEvent } from '../events/index.js';
import type { EventStore } from './event-store.js';
import type { Program } from './program.js';
import type { EventFilter, EventPage, EventSize, Snapshot } from './snapshot.js';

/** The maximum number of events of a page. */
export const PAGE_EVENTS = 200;
export const PAGE_BYTES = 4 * 1024 * 1024;

/** Reads a page. The sizes are read first, so that only the returned events are in memory. */
export function* readPage(snapshot: Pick<Snapshot, 'events' | 'eventSizes'>, filter: EventFilter): Program<EventPage> {
  const sizes = yield* snapshot.eventSizes(filter);
  const limit = fitting(sizes);
  const events = limit === 0 ? [] : yield* snapshot.events({ ...filter, limit });
  return { events, isFull: limit < sizes.length || sizes.length === filter.limit };
}

/** The number of events that fit on a page; at least one. */
function fitting(sizes: readonly EventSize[]): number {
  let total = 0;
  const over = sizes.findIndex(({ bytes }) => {
    total += bytes;
    return total > PAGE_BYTES;
  });
  return over === -1 ? sizes.length : Math.max(over, 1);
}

/**
 * The events that a filter selects, in non-empty pages.
 * @param limit the maximum number of events of a page
 */
export async function* eventPages(
  store: EventStore,
  filter: Omit<EventFilter, 'limit' | 'descending'>,
  limit = PAGE_EVENTS,
): AsyncGenerator<readonly StoredEvent[], void, undefined> {
  for (let after = filter.after; ; ) {
    const { events, isFull } = await store.page({ ...filter, ...(after !== undefined && { after }), limit });
    if (events.length > 0) yield events;
    if (!isFull) return;
    after = events.at(-1)?.position;
  }
}
