import { NEVER, Observable, ReplaySubject, type Subscription, share, tap } from 'rxjs';
import { GENESIS_HASH, hashEvent, type StoredEvent } from '../events/index.js';
import { IntegrityError } from '../lib/errors.js';
import { pause } from '../lib/pause.js';
import { PAGE_EVENTS } from '../store/event-page.js';
import type { EventStore } from '../store/event-store.js';

/**
 * The maximum number of events and characters of documents that are buffered for a slow follower; beyond it they are read
 * again.
 */
const MAX_WAITING = 1_000;
const MAX_WAITING_CHARS = 8_000_000;

/** A part of the log: all events after a position, up to the last of them. */
interface Step {
  readonly after: number;
  readonly events: readonly StoredEvent[];
}

/** A position up to which the log was read (0 for none of it), and the hash of the event there, if it is known. */
export interface Place {
  readonly position: number;
  readonly hash?: string | undefined;
}

/**
 * The log of one store as it grows. All followers share one subscription, and each new event is read once. It reads only
 * while there are followers.
 */
export class LogFeed {
  readonly #store: EventStore;
  readonly #end: Observable<Step>;
  readonly #shared = new WeakSet<StoredEvent>();

  constructor(store: EventStore) {
    this.#store = store;
    this.#end = endOfLog(store).pipe(
      tap(({ events }) => {
        for (const event of events) this.#shared.add(event);
      }),
      share({ connector: () => new ReplaySubject(1) }),
    );
  }

  /** Whether the event was read for all followers, so that all get the same object. */
  isShared(event: StoredEvent): boolean {
    return this.#shared.has(event);
  }

  /**
   * Every event after a position, then each new one as it is appended, by this process or another; in order, each once, in
   * pages that are read on demand. Ends with the signal.
   * @param after a place in this log, at its head at the latest
   * @param stream only the events of this stream; earlier events of other streams are not read
   * @param beat for each of its values an empty page is yielded if there is no other
   * @throws IntegrityError `LOG_REPLACED` if the log was replaced, for example by a restored backup: it has no event at
   * `after`, or one with another hash
   */
  async *follow(
    after: Place,
    signal: AbortSignal,
    stream?: number,
    beat: Observable<unknown> = NEVER,
  ): AsyncGenerator<readonly StoredEvent[], void, undefined> {
    const waiting = new Waiting(this.#end);
    const wake = (): void => waiting.wake();
    signal.addEventListener('abort', wake);
    let isBeat = false;
    const beats = beat.subscribe(() => {
      isBeat = true;
      wake();
    });
    try {
      let last = await this.#found(after);
      while (!signal.aborted) {
        const next = await this.#next(waiting, last, stream);
        if (!next && !isBeat) {
          await waiting.change();
          continue;
        }
        const { events, end } = next ?? { events: [], end: last };
        const [first] = events;
        if (
          first?.position === last.position + 1 &&
          last.hash !== undefined &&
          hashEvent(last.hash, first) !== first.hash
        )
          throw logReplaced(last.position);
        last = end;
        const own = stream === undefined ? events : events.filter((event) => event.stream === stream);
        if (own.length === 0 && !isBeat) continue;
        isBeat = false;
        yield own;
      }
    } finally {
      beats.unsubscribe();
      signal.removeEventListener('abort', wake);
      waiting.end();
    }
  }

  /** A place with the hash of the event there. */
  async #found({ position, hash }: Place): Promise<Place> {
    const [event] = await this.#store.read((s) => s.events({ after: position - 1, upTo: position, limit: 1 }));
    const found = position === 0 ? { position, hash: GENESIS_HASH } : event;
    if (!found || (hash !== undefined && hash !== found.hash)) throw logReplaced(position);
    return found;
  }

  /** The next events after a place, and the place that they reach; undefined if the follower has all events. */
  async #next(
    waiting: Waiting,
    last: Place,
    stream: number | undefined,
  ): Promise<{ readonly events: readonly StoredEvent[]; readonly end: Place } | undefined> {
    const { position } = last;
    const pending = waiting.take(last);
    if (pending?.length) return { events: pending, end: pending.at(-1) as StoredEvent };
    const upTo = waiting.start;
    if (pending || upTo === undefined) return undefined;
    const filter = stream === undefined ? {} : { stream };
    const { events, isFull } = await this.#store.page({ ...filter, after: position, upTo, limit: PAGE_EVENTS });
    if (events.length === 0 && stream === undefined && position < upTo) throw logReplaced(position);
    await pause();
    return { events, end: isFull ? (events.at(-1) as StoredEvent) : { position: upTo } };
  }
}

/** The end of the log at the first subscription, then the events appended after it. */
const endOfLog = (store: EventStore): Observable<Step> =>
  new Observable((subscriber) => {
    let last: { readonly position: number; readonly hash: string } | undefined;
    let isReading = false;
    let isNews = true;

    const readNews = async (): Promise<void> => {
      if (!last) {
        last = await store.head();
        subscriber.next({ after: last.position, events: [] });
      }
      while (isNews && !subscriber.closed) {
        isNews = false;
        const { position, hash }: { readonly position: number; readonly hash: string } = last;
        const { events, isFull } = await store.page({ after: position, limit: PAGE_EVENTS });
        const [next] = events;
        const isSame = next ? hashEvent(hash, next) === next.hash : (await store.head()).hash === hash;
        if (!isSame && (next || (await store.events({ after: position, limit: 1 })).length === 0))
          throw logReplaced(position);
        isNews ||= isFull;
        last = events.at(-1) ?? last;
        if (events.length > 0) subscriber.next({ after: position, events });
      }
      isReading = false; // set at once, so that no wake-up between the last read and now is lost
    };
    const wake = (): void => {
      isNews = true;
      if (isReading) return;
      isReading = true;
      readNews().catch((error: unknown) => subscriber.error(error));
    };
    const stop = store.onAppend(wake);
    wake();
    return stop;
  });

/** Events that the shared reader has read and one follower has not taken yet. */
class Waiting {
  readonly #subscription: Subscription;
  #steps: Step[] = [];
  #count = 0;
  #chars = 0;
  /** All events after this position are buffered; undefined before the reader started and after the buffer was dropped. */
  #start: number | undefined;
  /** The position up to which the reader has read. */
  #position: number | undefined;
  #error: unknown;
  #isChanged = false;
  #wake = (): void => {};

  constructor(end: Observable<Step>) {
    this.#subscription = end.subscribe({
      next: (step) => this.#add(step),
      error: (error: unknown) => {
        this.#error = error;
        this.wake();
      },
    });
  }

  /** The position from which events are or will be buffered; earlier events are read in pages. */
  get start(): number | undefined {
    if (this.#error !== undefined) throw this.#error;
    this.#start ??= this.#position;
    return this.#start;
  }

  #add(step: Step): void {
    const { after, events } = step;
    if (this.#position === undefined) this.#start = after;
    this.#position = events.at(-1)?.position ?? after;
    if (this.#start !== undefined) this.#keep(step);
    this.wake();
  }

  #keep(step: Step): void {
    this.#steps.push(step);
    this.#count += step.events.length;
    this.#chars += charsOf(step);
    if (this.#count > MAX_WAITING || this.#chars > MAX_WAITING_CHARS) this.#drop();
  }

  #drop(): void {
    this.#steps = [];
    this.#count = 0;
    this.#chars = 0;
    this.#start = undefined;
  }

  /**
   * The next events after a place; undefined if none of the buffered ones follow it.
   * @throws the error that ended the reader; IntegrityError `LOG_REPLACED` if the reader read another event at the place
   */
  take({ position, hash }: Place): readonly StoredEvent[] | undefined {
    if (this.#error !== undefined) throw this.#error;
    while (this.#start !== undefined && position >= this.#start) {
      const step = this.#steps.shift();
      if (!step) return [];
      this.#count -= step.events.length;
      this.#chars -= charsOf(step);
      this.#start = step.events.at(-1)?.position ?? step.after;
      const same = step.events.find((event) => event.position === position);
      if (same && hash !== undefined && same.hash !== hash) throw logReplaced(position);
      const events = step.events.filter((event) => event.position > position);
      if (events.length > 0) return events;
    }
    return undefined;
  }

  /** Waits until the reader has read something, or until it is woken. */
  async change(): Promise<void> {
    if (!this.#isChanged) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isChanged = false;
  }

  wake(): void {
    this.#isChanged = true;
    this.#wake();
  }

  end(): void {
    this.#subscription.unsubscribe();
  }
}

const charsOf = ({ events }: Step): number => events.reduce((sum, { data }) => sum + data.length, 0);

export const logReplaced = (position: number): IntegrityError =>
  new IntegrityError('LOG_REPLACED', `the log is no longer the one that was read up to position ${position}`, {
    hint: 'A backup was restored. Read the state again, and continue from there.',
    details: { position },
  });
