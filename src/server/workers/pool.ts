import { availableParallelism } from 'node:os';
import { StoreError } from '../../lib/errors.js';
import { OutOfMemory, type Runner } from './runner.js';
import { Turns } from './turns.js';

export interface PoolOptions {
  /** Runners for any work; one more does only short work. Default: one for each processor but one, 1 to 4. */
  readonly size?: number;
  /** The maximum of queued jobs, of one owner and in total. */
  readonly waitingOfOwner?: number;
  readonly waiting?: number;
}

/** Options of a job. */
export interface Terms {
  /** The owner of the job: owners take turns. */
  readonly owner: string;
  /** Takes some 100 milliseconds at most: does not wait for longer jobs. */
  readonly isShort: boolean;
  /** Ends it: nobody needs the result any more. */
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
  /** The error for a job that takes too long, or more memory than a runner may have. */
  tooLong(ms: number): Error;
  tooLarge(): Error;
}

interface Pending<Job, Result> extends Terms {
  readonly job: Job;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** How long an abandoned job may continue: starting another runner takes as long. */
const GRACE_MS = 250;

/**
 * Threads or processes beside this one, started on demand. Work that takes too long, or too much memory, ends its runner and
 * nothing else. Owners take turns, and short work waits only for short work.
 */
export class Pool<Job, Result> {
  readonly #start: () => Runner<Job, Result>;
  readonly #options: Required<PoolOptions>;
  readonly #idle: Runner<Job, Result>[] = [];
  readonly #all = new Set<Runner<Job, Result>>();
  readonly #short = new Turns<Pending<Job, Result>>();
  readonly #long = new Turns<Pending<Job, Result>>();
  readonly #working = { short: 0, long: 0 };
  #isClosed = false;

  constructor(start: () => Runner<Job, Result>, options: PoolOptions = {}) {
    this.#start = start;
    this.#options = {
      size: Math.min(4, Math.max(1, availableParallelism() - 1)),
      waitingOfOwner: 64,
      waiting: 256,
      ...options,
    };
  }

  /** @throws SlothError as the job does, and as defined by its options; StoreError `TOO_BUSY`, `CLIENT_LEFT` */
  async run(job: Job, terms: Terms): Promise<Result> {
    const { owner, isShort, signal } = terms;
    const { waitingOfOwner, waiting } = this.#options;
    const own = this.#short.sizeOf(owner) + this.#long.sizeOf(owner);
    if (this.#isClosed || own >= waitingOfOwner || this.#short.size + this.#long.size >= waiting) throw tooBusy();
    if (signal?.aborted) throw clientLeft();
    const turns = isShort ? this.#short : this.#long;
    return new Promise((resolve, reject) => {
      const pending = { ...terms, job, resolve, reject };
      turns.add(owner, pending);
      signal?.addEventListener(
        'abort',
        () => {
          turns.remove(owner, pending);
          reject(clientLeft());
        },
        { once: true },
      );
      this.#next();
    });
  }

  /** Ends all runners; their current jobs are refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const turns of [this.#short, this.#long]) {
      for (let pending = turns.take(); pending; pending = turns.take()) pending.reject(tooBusy());
    }
    await Promise.all([...this.#all].map((runner) => runner.end()));
  }

  #next(): void {
    for (let turns = this.#choose(); turns; turns = this.#choose()) {
      const pending = turns.take();
      if (pending) void this.#work(this.#idle.pop() ?? this.#startOne(), pending);
    }
  }

  /** The next job to start: one runner is reserved for short work, and the others do long work if there is any. */
  #choose(): Turns<Pending<Job, Result>> | undefined {
    const { size } = this.#options;
    const { short, long } = this.#working;
    if (this.#isClosed || short + long > size) return undefined;
    const mayLong = this.#long.size > 0 && long < size;
    if (mayLong && (short > 0 || this.#short.size === 0)) return this.#long;
    return this.#short.size > 0 ? this.#short : undefined;
  }

  #startOne(): Runner<Job, Result> {
    const runner = this.#start();
    this.#all.add(runner);
    runner.onEnd(() => {
      this.#all.delete(runner);
      const place = this.#idle.indexOf(runner);
      if (place >= 0) this.#idle.splice(place, 1);
    });
    return runner;
  }

  async #work(runner: Runner<Job, Result>, pending: Pending<Job, Result>): Promise<void> {
    const { job, isShort, signal, timeoutMs, resolve, reject } = pending;
    const kind = isShort ? 'short' : 'long';
    this.#working[kind] += 1;
    const lose = (error: Error): void => {
      this.#all.delete(runner);
      reject(error);
      void runner.end();
    };
    let grace: NodeJS.Timeout | undefined;
    const abandon = (): void => {
      grace = setTimeout(() => lose(clientLeft()), GRACE_MS);
    };
    signal?.addEventListener('abort', abandon, { once: true });
    const timer = setTimeout(() => lose(pending.tooLong(timeoutMs)), timeoutMs);
    try {
      resolve(await runner.run(job));
    } catch (error) {
      reject(this.#isClosed ? tooBusy() : error instanceof OutOfMemory ? pending.tooLarge() : error);
    }
    clearTimeout(timer);
    clearTimeout(grace);
    signal?.removeEventListener('abort', abandon);
    this.#working[kind] -= 1;
    if (this.#all.has(runner)) this.#idle.push(runner);
    this.#next();
  }
}

const tooBusy = (): StoreError =>
  new StoreError('TOO_BUSY', 'the server reads as many documents or answers as many queries as it can', {
    hint: 'Send the request again in some seconds.',
  });

const clientLeft = (): StoreError => new StoreError('CLIENT_LEFT', 'the client left before it was answered');
