import { Observable } from 'rxjs';
import { decodeEvent, hashEvent, type RecordedEvent, type UnknownEvent } from '../events/index.js';
import { IntegrityError } from '../lib/errors.js';
import type { EventStore } from '../store/event-store.js';

const PAGE = 500;

/**
 * The log from a position on, then what is appended to it, by this process or another, in order and each event once.
 * Positions have no gaps, so a page read after the last one seen misses nothing. A log that was replaced meanwhile by
 * another one (a restored backup) ends it with an error: what was seen is not what is there.
 */
export const liveEvents = (store: EventStore, from: number): Observable<RecordedEvent | UnknownEvent> =>
  new Observable((subscriber) => {
    let after = from - 1;
    let hash: string | undefined;
    let reading = false;
    let again = false;

    const readOn = async (): Promise<void> => {
      do {
        again = false;
        const page = await store.events({ after, limit: PAGE });
        const [next] = page;
        if (
          hash !== undefined &&
          !(next ? hashEvent(hash, next) === next.hash : (await store.head()).position >= after)
        ) {
          throw logReplaced(after);
        }
        for (const row of page) {
          if (subscriber.closed) return;
          after = row.position;
          hash = row.hash;
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

export const logReplaced = (position: number): IntegrityError =>
  new IntegrityError('LOG_REPLACED', `the log is no longer the one that was read up to position ${position}`, {
    hint: 'A backup was restored. Read the state again, and go on from there.',
    details: { position },
  });
