import {
  firstValueFrom,
  fromEvent,
  map,
  merge,
  type Observable,
  Subject,
  type Subscription,
  takeUntil,
  timer,
} from 'rxjs';
import type { StateBackend } from '../../api/state-backend.js';
import { logReplaced } from '../../feed/follow-log.js';
import { InvalidInputError, SlothError } from '../../lib/errors.js';
import type { LogEntry } from '../../queries/log.js';
import { errorText, eventText } from './event-text.js';
import type { LogStep } from './shared-log.js';

/** What waits for one client at most: events, and characters of them. */
const MAX_EVENTS = 1_000;
const MAX_CHARS = 4_194_304;

export interface LiveOptions {
  readonly backend: StateBackend;
  readonly log: Observable<LogStep>;
  /** Events after this position. */
  readonly after: number;
  readonly signal: AbortSignal;
  /** After so many milliseconds without an event something is sent, so that nobody between takes the connection for dead. */
  readonly heartbeatMs: number;
  /** Both throw where the client may no longer listen; one of them is called before anything is sent. */
  isWanted(entry: LogEntry): boolean;
  checkAccess(): void;
}

/**
 * Events after a position, and then as they are appended, each as the text of a server-sent event. Earlier events are read
 * by pages; then the shared reader of the log is followed. A bounded number of events waits for a client that is slower
 * than the log; beyond that the client is served by pages again. Ends with the signal, and with an `error` event when the
 * client may no longer listen, the log was replaced or the backend is closed.
 */
export async function* liveEvents(options: LiveOptions): AsyncGenerator<string, void, undefined> {
  const { backend, signal, heartbeatMs, isWanted, checkAccess } = options;
  let { after } = options;
  const feed = new Feed(options.log);
  try {
    yield ': connected\n\n';
    let sent = performance.now();
    if ((await backend.head()).position < after) throw logReplaced(after);
    while (!signal.aborted) {
      const gap = feed.gapAfter(after);
      if (gap !== undefined) {
        for await (const entry of backend.getLog({ after })) {
          if (signal.aborted) return;
          after = entry.event.position;
          if (isWanted(entry)) yield eventText(entry);
        }
        after = Math.max(after, gap);
        sent = performance.now();
        continue;
      }
      const step = feed.take();
      if (step) {
        if (step.position <= after) continue;
        after = step.position;
        if (!step.event || !isWanted(step.event.entry)) continue;
        yield step.event.text;
        sent = performance.now();
        continue;
      }
      const left = sent + heartbeatMs - performance.now();
      if (left > 0 && (await feed.changes(left, signal))) continue;
      if (signal.aborted) return;
      checkAccess();
      yield ': still there\n\n';
      sent = performance.now();
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof SlothError)) throw error;
    const { code, message, hint } = error;
    yield errorText({ code, message, hint: hint ?? null });
  } finally {
    feed.end();
  }
}

/** What the shared reader read and one client has not taken yet. */
class Feed {
  readonly #changed = new Subject<void>();
  readonly #subscription: Subscription;
  /** Up to where the reader has read; undefined before it began. */
  #position: number | undefined;
  /** All that was read after this position waits; undefined where it had to be dropped. */
  #from: number | undefined;
  #waiting: LogStep[] = [];
  #chars = 0;
  #error: unknown;

  constructor(log: Observable<LogStep>) {
    this.#subscription = log.subscribe({
      next: (step) => this.#add(step),
      error: (error: unknown) => {
        this.#error = error;
        this.#changed.next();
      },
    });
  }

  #add(step: LogStep): void {
    const isFirst = this.#position === undefined;
    this.#position = step.position;
    if (isFirst) this.#from = step.position;
    else if (this.#from !== undefined) this.#keep(step);
    this.#changed.next();
  }

  #keep(step: LogStep): void {
    this.#waiting.push(step);
    this.#chars += step.event?.text.length ?? 0;
    if (this.#waiting.length <= MAX_EVENTS && this.#chars <= MAX_CHARS) return;
    this.#waiting = [];
    this.#chars = 0;
    this.#from = undefined;
  }

  /**
   * Up to where the log must be read by pages, where what comes after a position does not wait here. What the reader reads
   * meanwhile waits.
   */
  gapAfter(position: number): number | undefined {
    this.#from ??= this.#position;
    return this.#from !== undefined && position < this.#from ? this.#from : undefined;
  }

  /** @throws the error that ended the reader */
  take(): LogStep | undefined {
    if (this.#error !== undefined) throw this.#error;
    const step = this.#waiting.shift();
    this.#chars -= step?.event?.text.length ?? 0;
    return step;
  }

  /** Waits for the reader, the signal or a time, milliseconds; whether it was the reader. */
  changes(ms: number, signal: AbortSignal): Promise<boolean> {
    const end = merge(timer(ms), fromEvent(signal, 'abort'));
    const changed = this.#changed.pipe(
      takeUntil(end),
      map(() => true),
    );
    return firstValueFrom(changed, { defaultValue: false });
  }

  end(): void {
    this.#subscription.unsubscribe();
  }
}

/** @throws InvalidInputError for a header that is no position */
export function positionOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new InvalidInputError('INVALID_INPUT', 'Last-Event-ID: it is no position of the log', {
    hint: 'Send the id of the last event you saw, or leave it out.',
    details: { field: 'Last-Event-ID' },
  });
}
