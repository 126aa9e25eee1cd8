import { defer, fromEvent, type Observable, share, takeUntil } from 'rxjs';
import * as z from 'zod';
import type { Engine } from '../engine.js';
import type { LogHead, RecordedEvent, UnknownEvent } from '../events/index.js';
import { LogFeed } from '../feed/follow-log.js';
import { entryFeed, liveEvents } from '../feed/live.js';
import { type Replayed, type ReplayOptions, type ReplayStep, replay } from '../feed/replay.js';
import type { Clock } from '../lib/clock.js';
import { parseInput } from '../lib/parse-input.js';
import { type LogEntry, type LogFilter, readLog } from '../queries/log.js';
import type { Checkpoint, Measured, Size, StoreDescription } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import { Documents } from './documents.js';
import type { OpenOptions } from './options.js';

/** The log: its events as they are appended, its past, and its head. */
export class LogAccess extends Documents {
  protected readonly closing = new AbortController();
  readonly #closed = fromEvent(this.closing.signal, 'abort').pipe(share());
  /** Shared by all subscribers of the log. */
  readonly #feed: LogFeed;
  readonly #entries: ReturnType<typeof entryFeed>;

  protected constructor(engine: Engine, clock: Clock, defaults: Pick<OpenOptions, 'actor' | 'source'>) {
    super(engine, clock, defaults);
    this.#feed = new LogFeed(engine.store);
    this.#entries = entryFeed(engine.store, this.#feed);
  }

  /**
   * Every event from position `from` on (default: the first), then each new one as it is appended, also by other processes;
   * in order, each once. Ends when the backend is closed. Emits the errors of {@link followLog}.
   * @param options.from at most the position after the head
   * @param options.hash the hash of the event before `from`, if the caller knows it
   */
  events$({
    from = 1,
    hash,
  }: {
    readonly from?: number;
    readonly hash?: string;
  } = {}): Observable<RecordedEvent | UnknownEvent> {
    return defer(() => {
      const position = parseInput(z.int().min(1), from, 'from') - 1;
      return liveEvents(this.#feed, { position, hash });
    }).pipe(takeUntil(this.#closed));
  }

  /**
   * Every event after a position with the stack it belongs to, then each new one. The next event is read only when the caller
   * asks for it. However many callers follow the log, each event is read once.
   * @param after 0 for the whole log
   * @param options.hash the hash of the event at `after`, if the caller knows it
   * @param options.beat emits when the generator must yield `undefined` because no event came
   * @throws InvalidInputError if `after` is not a position; IntegrityError `LOG_REPLACED` if the log was replaced, for
   *   example by a restored backup, so that it ends before `after`, has another hash there, or changes meanwhile; StoreError
   *   `STORE_CLOSED` if the backend is closed before the signal fires
   */
  async *followLog(
    after: number,
    {
      signal,
      beat,
      hash,
    }: { readonly signal: AbortSignal; readonly beat?: Observable<unknown>; readonly hash?: string },
  ): AsyncGenerator<LogEntry | undefined, void, undefined> {
    const position = parseInput(z.int().min(0), after, 'after');
    yield* this.#entries({ position, hash }, this.#untilClosed(signal), beat);
    if (!signal.aborted) await this.head(); // refuses: nothing else ends the entries
  }

  /**
   * The events of all stacks, or those that match a filter, oldest first, up to the head at the time of the call. Memory
   * holds one page, however long the log is.
   * @throws InvalidInputError for an invalid time, times in the wrong order, an unknown type; NotFoundError
   */
  getLog(filter: LogFilter = {}, onProgress?: OnProgress): AsyncGenerator<LogEntry, void, undefined> {
    return readLog(this.engine.store, filter, onProgress);
  }

  /**
   * The history of a stack: each of its events with its changes, from the first on. Returns the resulting state, after
   * comparing it with the tables.
   * @throws NotFoundError for an unknown stack or version; IntegrityError `REPLAY_DIFFERS`, `LOG_REPLACED`; StoreError
   * `STORE_CLOSED` if the backend is closed before the end
   */
  replay(stack: string, options: ReplayOptions = {}): AsyncGenerator<ReplayStep, Replayed, undefined> {
    const { follow, ...rest } = options;
    return replay(
      this.engine.store,
      this.#feed,
      stack,
      follow ? { ...rest, follow: this.#untilClosed(follow) } : options,
    );
  }

  /** An AbortSignal that fires with another one, or when the backend is closed. */
  #untilClosed(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.closing.signal]);
  }

  /** The log's last position and its hash. */
  head(): Promise<LogHead> {
    return this.engine.store.head();
  }

  /** The amount of data to read, counted up to a number of rows: enough to distinguish a large response from a small one. */
  size(of: Measured, most: number): Promise<Size> {
    return this.engine.store.size(of, most);
  }

  checkpoints(): Promise<readonly Checkpoint[]> {
    return this.engine.store.checkpoints();
  }

  describe(): Promise<StoreDescription> {
    return this.engine.store.describe();
  }
}
