import { Observable } from 'rxjs';
import { decodeEvent, type RecordedEvent, type StoredEvent, type UnknownEvent } from '../events/index.js';
import { entryReader, type LogEntry } from '../queries/log.js';
import type { EventStore } from '../store/event-store.js';
import type { LogFeed, Place } from './follow-log.js';

/** The log after a place as an observable, each event once, without back-pressure. */
export const liveEvents = (feed: LogFeed, after: Place): Observable<RecordedEvent | UnknownEvent> =>
  new Observable((subscriber) => {
    const stop = new AbortController();
    const run = async (): Promise<void> => {
      for await (const page of feed.follow(after, stop.signal)) {
        for (const event of page) {
          if (subscriber.closed) return;
          subscriber.next(decodeEvent(event));
        }
      }
    };
    run().catch((error: unknown) => subscriber.error(error));
    return () => stop.abort();
  });

/**
 * Follows the log as entries. An event that was read once for all followers becomes one entry, the same object for all.
 * Events that were read for one follower are not cached, so that a slow one does not keep a page of parsed events in
 * memory.
 * @returns entries, and undefined at each beat without one
 */
export function entryFeed(store: EventStore, feed: LogFeed) {
  const entries = new WeakMap<StoredEvent, Promise<LogEntry>>();
  return async function* (
    after: Place,
    signal: AbortSignal,
    beat?: Observable<unknown>,
  ): AsyncGenerator<LogEntry | undefined, void, undefined> {
    for await (const page of feed.follow(after, signal, undefined, beat)) {
      const toEntry = entryReader(store);
      if (page.length === 0) yield undefined;
      for (const event of page) {
        const entry = entries.get(event) ?? toEntry(event);
        if (feed.isShared(event)) entries.set(event, entry);
        yield entry;
      }
    }
  };
}
