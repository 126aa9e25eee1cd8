import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { RunTask } from '../../formats/tasks.js';
import { InvalidInputError, StoreError } from '../../lib/errors.js';
import type { Done, Job } from './messages.js';

/** The bundle of the command line is CommonJS and has the thread's code beside it. */
const ENTRY = new URL(import.meta.url.endsWith('.cjs') ? './worker.cjs' : './worker.js', import.meta.url);

export interface PoolOptions {
  /** Threads at most. Default: one for each processor but one, 1 to 4. */
  readonly threads?: number;
  /** Documents that wait at most. */
  readonly waiting?: number;
  /** Most values of a document. Default: any number. */
  readonly mostValues?: number;
  /** How long one document may take, milliseconds. */
  readonly timeoutMs?: number;
}

interface Pending {
  readonly job: Job;
  readonly bytes: Uint8Array;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Threads that read documents, started when there is something to read. A document that takes too long, or more memory than
 * this process has, ends its thread and nothing else.
 */
export class DocumentPool {
  readonly #threads: number;
  readonly #waiting: number;
  readonly #mostValues: number;
  readonly #timeoutMs: number;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #queue: Pending[] = [];
  #isClosed = false;

  constructor({
    threads = Math.min(4, Math.max(1, availableParallelism() - 1)),
    waiting = 64,
    mostValues = Number.POSITIVE_INFINITY,
    timeoutMs = 30_000,
  }: PoolOptions = {}) {
    this.#threads = threads;
    this.#waiting = waiting;
    this.#mostValues = mostValues;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws InvalidInputError as the task does, or `DOCUMENT_TOO_COMPLEX`; StoreError `TOO_BUSY` */
  readonly run: RunTask = async (name, bytes, input) => {
    if (this.#isClosed || this.#queue.length >= this.#waiting) throw tooBusy();
    const done = await new Promise<Done>((resolve, reject) => {
      const job = { name, input, size: bytes.length, mostValues: this.#mostValues };
      this.#queue.push({ job, bytes, resolve, reject });
      this.#next();
    });
    if ('output' in done) return done as never;
    if ('failure' in done) throw new Error(done.failure);
    const { code, message, hint, details } = done.refusal;
    throw new InvalidInputError(code, message, { ...(hint === undefined ? {} : { hint }), details });
  };

  /** Ends all threads; what they work on is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#queue.splice(0)) reject(tooBusy());
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #next(): void {
    const pending = this.#queue[0];
    const worker = pending && (this.#idle.pop() ?? this.#start());
    if (!pending || !worker) return;
    this.#queue.shift();
    this.#work(worker, pending);
  }

  #start(): Worker | undefined {
    if (this.#all.size >= this.#threads) return undefined;
    // By default a thread may take as much again as this process; more, and both would end.
    const maxOldGenerationSizeMb = Math.floor(getHeapStatistics().heap_size_limit / 1_048_576);
    const worker = new Worker(ENTRY, { resourceLimits: { maxOldGenerationSizeMb }, execArgv: [] });
    this.#all.add(worker);
    worker.unref();
    worker.once('exit', () => this.#all.delete(worker));
    return worker;
  }

  #work(worker: Worker, { job, bytes, resolve, reject }: Pending): void {
    const finish = (): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
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
    const onError = (error: NodeJS.ErrnoException): void =>
      lose(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooComplex('more memory than the server has') : error);
    const onExit = (): void => lose(tooBusy());
    const timer = setTimeout(() => lose(tooComplex(`longer than ${this.#timeoutMs / 1_000} s`)), this.#timeoutMs);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    void send(worker, job, bytes);
  }
}

/** To copy so many bytes takes a fraction of a millisecond. */
const PART = 1024 * 1024;

/** Hands a document over in parts, between which the others are served: to copy 100 MB at once would hold them up. */
async function send(worker: Worker, job: Job, bytes: Uint8Array): Promise<void> {
  worker.postMessage(job);
  for (let from = 0; from < bytes.length; from += PART) {
    const part = new Uint8Array(bytes.subarray(from, from + PART));
    worker.postMessage(part, [part.buffer]);
    await setImmediate();
  }
}

const tooComplex = (what: string): InvalidInputError =>
  new InvalidInputError('DOCUMENT_TOO_COMPLEX', `body: to read it takes ${what}`, {
    hint: 'Split the document, or send it as JSON where it is YAML.',
    details: { field: 'body' },
  });

const tooBusy = (): StoreError =>
  new StoreError('TOO_BUSY', 'the server reads as many documents as it can', {
    hint: 'Send the request again in some seconds.',
    details: { field: 'body' },
  });
