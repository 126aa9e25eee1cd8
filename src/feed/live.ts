import { Observable } from 'rxjs';
import { decodeEvent, type RecordedEvent, type UnknownEvent } from '../events/index.js';
import type { LogFeed } from './follow-log.js';

/** The log from a position on as an observable, each event once. It hands on as fast as events are read. */
export const liveEvents = (feed: LogFeed, from: number): Observable<RecordedEvent | UnknownEvent> =>
  new Observable((subscriber) => {
    const stop = new AbortController();
    const run = async (): Promise<void> => {
      for await (const page of feed.follow(from - 1, stop.signal)) {
        for (const event of page) {
          if (subscriber.closed) return;
          subscriber.next(decodeEvent(event));
        }
      }
    };
    run().catch((error: unknown) => subscriber.error(error));
    return () => stop.abort();
  });
