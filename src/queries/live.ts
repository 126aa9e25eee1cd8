import { Observable } from 'rxjs';
import { decodeEvent, type RecordedEvent, type UnknownEvent } from '../events/index.js';
import type { EventStore } from '../store/event-store.js';

const PAGE = 500;

/**
 * The log from a position on, then what is appended to it, by this process or another, in order and each event once.
 * Positions have no gaps, so a page read after the last one seen misses nothing.
 */
export const liveEvents = (store: EventStore, from: number): Observable<RecordedEvent | UnknownEvent> =>
  new Observable((subscriber) => {
    let after = from - 1;
    let reading = false;
    let again = false;

    const readOn = async (): Promise<void> => {
      do {
        again = false;
        const page = await store.events({ after, limit: PAGE });
        for (const row of page) {
          if (subscriber.closed) return;
          after = row.position;
          subscriber.next(decodeEvent(row));
        }
        again ||= page.length === PAGE;
      } while (again && !subscriber.closed);
    };
    const wake = (): void => {
      again = true;
      if (reading) return;
      reading = true;
      readOn()
        .catch((error: unknown) => subscriber.error(error))
        .finally(() => {
          reading = false;
        });
    };
    const stop = store.onAppend(wake);
    wake();
    return stop;
  });
