import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { StoreError } from '../../lib/errors.js';
import { unpackError } from './errors.js';
import type { AnswerBytes, Done, Job, ThreadData } from './messages.js';
import { Turns } from './turns.js';

/** The bundle of the command line is CommonJS and has the thread's code beside it. */
const ENTRY = new URL(import.meta.url.endsWith('.cjs') ? './worker.cjs' : './worker.js', import.meta.url);

export interface PoolOptions extends ThreadData {
  /** Threads for any work; one more does short work alone. Default: one for each processor but one, 1 to 4. */
  readonly threads?: number;
  /** Jobs that wait at most, of one owner and altogether. */
  readonly waitingOfOwner?: number;
  readonly waiting?: number;
}

/** How a job is carried out. */
export interface Terms {
  /** Whose job it is: owners take turns. */
  readonly owner: string;
  /** Takes some 100 milliseconds at most: does not wait for those that take longer. */
  readonly isShort: boolean;
  /** Ends it: nobody waits for the result any more. */
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
  /** What it is refused with when it takes too long, or more memory than this process has. */
  tooLong(ms: number): Error;
  tooLarge(): Error;
}

interface Pending extends Terms {
  readonly job: Job;
  readonly bytes: Uint8Array;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: Error) => void;
}

const NOTHING = new Uint8Array();

/** A job that nobody waits for any more may end by itself for so long: to start another thread takes as long. */
const GRACE_MS = 250;

/**
 * Threads that read documents and answer queries, started when there is something to do. Work that takes too long, or more
 * memory than this process has, ends its thread and nothing else. Owners take turns, and short work waits for short work
 * alone.
 */
export class ThreadPool {
  readonly #options: Required<PoolOptions>;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #short = new Turns<Pending>();
  readonly #long = new Turns<Pending>();
  readonly #running = { short: 0, long: 0 };
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = {
      threads: Math.min(4, Math.max(1, availableParallelism() - 1)),
      waitingOfOwner: 64,
      waiting: 256,
      ...options,
    };
  }

  /**
   * @returns the result and, of a read, the answer
   * @throws SlothError as the job does, and what its terms say; StoreError `TOO_BUSY`, `CLIENT_LEFT`
   */
  async run(job: Job, bytes: Uint8Array | undefined, terms: Terms): Promise<Exclude<Done, { refusal: unknown }>> {
    const { owner, isShort, signal } = terms;
    const { waitingOfOwner, waiting } = this.#options;
    const own = this.#short.sizeOf(owner) + this.#long.sizeOf(owner);
    if (this.#isClosed || own >= waitingOfOwner || this.#short.size + this.#long.size >= waiting) throw tooBusy();
    if (signal?.aborted) throw clientLeft();
    const done = await new Promise<Done>((resolve, reject) => {
      const pending: Pending = { ...terms, job, bytes: bytes ?? NOTHING, resolve, reject };
      const turns = isShort ? this.#short : this.#long;
      turns.add(owner, pending);
      const leave = (): void => {
        turns.remove(owner, pending);
        reject(clientLeft());
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#next();
    });
    if ('refusal' in done) throw unpackError(done.refusal);
    if ('failure' in done) throw new Error(done.failure);
    return done;
  }

  /** The answer to a read. @throws as `run` does */
  async read(job: Extract<Job, { kind: 'read' }>, terms: Terms): Promise<AnswerBytes> {
    const done = await this.run(job, undefined, terms);
    if ('answer' in done) return done.answer;
    throw new Error('the thread did not answer the read');
  }

  /** Ends all threads; what they work on is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const turns of [this.#short, this.#long]) {
      for (let pending = turns.take(); pending; pending = turns.take()) pending.reject(tooBusy());
    }
    await Promise.all([...this.#all].map((worker) => this.#end(worker)));
  }

  /** One that is idle lets go of its database first. */
  async #end(worker: Worker): Promise<void> {
    if (this.#idle.includes(worker)) {
      worker.ref();
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      const timer = setTimeout(() => void worker.terminate(), 1_000);
      worker.postMessage({ kind: 'close' } satisfies Job);
      await ended;
      clearTimeout(timer);
    } else await worker.terminate();
  }

  #next(): void {
    for (let isShort = this.#choose(); isShort !== undefined; isShort = this.#choose()) {
      const worker = this.#idle.pop() ?? this.#start();
      const pending = (isShort ? this.#short : this.#long).take();
      if (!pending) return;
      this.#work(worker, pending);
    }
  }

  /** Which work begins now: one thread is left to short work, and the others to long work where some waits. */
  #choose(): boolean | undefined {
    const { threads } = this.#options;
    const { short, long } = this.#running;
    if (this.#isClosed || short + long > threads) return undefined;
    const mayLong = this.#long.size > 0 && long < threads;
    if (mayLong && (short > 0 || this.#short.size === 0)) return false;
    return this.#short.size > 0 ? true : mayLong ? false : undefined;
  }

  #start(): Worker {
    // By default a thread may take as much again as this process; more, and both would end.
    const maxOldGenerationSizeMb = Math.floor(getHeapStatistics().heap_size_limit / 1_048_576);
    const { location, largestAnswer } = this.#options;
    const workerData: ThreadData = { location, largestAnswer };
    const worker = new Worker(ENTRY, { resourceLimits: { maxOldGenerationSizeMb }, execArgv: [], workerData });
    this.#all.add(worker);
    worker.unref();
    worker.once('exit', () => this.#all.delete(worker));
    return worker;
  }

  #work(worker: Worker, pending: Pending): void {
    const { isShort, signal, timeoutMs, resolve, reject } = pending;
    const kind = isShort ? 'short' : 'long';
    this.#running[kind] += 1;
    let grace: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      clearTimeout(grace);
      signal?.removeEventListener('abort', abandon);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      this.#running[kind] -= 1;
    };
    const onMessage = (done: Done): void => {
      finish();
      this.#idle.push(worker);
      resolve(done);
      this.#next();
    };
    const lose = (error: Error): void => {
      finish();
      worker.on('error', () => {}); // it is on its way out, and nobody waits for it
      this.#all.delete(worker);
      void worker.terminate();
      reject(error);
      this.#next();
    };
    const abandon = (): void => {
      grace = setTimeout(() => lose(clientLeft()), GRACE_MS);
    };
    const onError = (error: NodeJS.ErrnoException): void =>
      lose(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? pending.tooLarge() : error);
    const onExit = (): void => lose(tooBusy());
    const timer = setTimeout(() => lose(pending.tooLong(timeoutMs)), timeoutMs);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal?.addEventListener('abort', abandon, { once: true });
    void send(worker, pending);
  }
}

/** To copy so many bytes takes a fraction of a millisecond. */
const PART = 1024 * 1024;

/** Hands a document over in parts, between which the others are served: to copy 100 MB at once would hold them up. */
async function send(worker: Worker, { job, bytes }: Pending): Promise<void> {
  worker.postMessage(job);
  for (let from = 0; from < bytes.length; from += PART) {
    const part = new Uint8Array(bytes.subarray(from, from + PART));
    worker.postMessage(part, [part.buffer]);
    await setImmediate();
  }
}

const tooBusy = (): StoreError =>
  new StoreError('TOO_BUSY', 'the server reads as many documents and answers as many queries as it can', {
    hint: 'Send the request again in some seconds.',
  });

const clientLeft = (): StoreError => new StoreError('CLIENT_LEFT', 'the client left before it was answered');
