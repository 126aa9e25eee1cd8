import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { StateBackend } from '../../api/state-backend.js';
import { isMemory } from '../../lib/database-url.js';
import { StoreError } from '../../lib/errors.js';
import type { Measured, Size } from '../../store/event-store.js';
import type { StackRecord } from '../../store/records.js';
import { currentPrincipal } from '../access.js';
import { Pool } from '../workers/pool.js';
import type { ReadJob } from './job.js';
import type { AnswerBytes } from './messages.js';
import { answerTooLarge } from './pieces.js';
import { startReadProcess } from './runner.js';

/**
 * What the cost of a query depends on: nothing, the size of a stack, its whole history, the number of stacks, or the log.
 * For a past position, `row` and `state` also depend on the history.
 */
export type Weight = 'row' | 'state' | 'history' | 'stacks' | 'log';

/** The largest sizes that are read at once: some 10 milliseconds. */
const ROWS_AT_ONCE = 200;
export const BYTES_AT_ONCE = 256 * 1024;
const STACKS_AT_ONCE = 500;

/** The time limit of one read, milliseconds. */
const TIMEOUT = 60_000;

/** The number of stacks whose size is cached. */
const KNOWN_SIZES = 10_000;

export interface ReadTerms {
  /** Costs no more than a page. */
  readonly isShort: boolean;
}

/**
 * Decides where reads run. Small ones are answered at once; larger ones are read by other processes, so that other requests
 * do not wait for them.
 */
export class Reads {
  readonly #backend: StateBackend;
  /** Undefined if no other process can open the database, because it is in memory. */
  readonly #pool: Pool<ReadJob, AnswerBytes> | undefined;
  /** By stack and part; a stack that has changed has another revision. */
  readonly #sizes = new LRUCache<string, { readonly revision: number; readonly isSmall: boolean }>({
    max: KNOWN_SIZES,
  });
  #isLogLarge = false;

  /** @param largestAnswer bytes */
  constructor(backend: StateBackend, largestAnswer: number) {
    const { location } = backend;
    this.#backend = backend;
    this.#pool = isMemory(location) ? undefined : new Pool(() => startReadProcess({ location, largestAnswer }));
  }

  /** Whether a read is answered at once, in this thread. */
  async isSmall(weight: Weight, stack: StackRecord | undefined, isPast: boolean): Promise<boolean> {
    if (!this.#pool) return true;
    if (weight === 'log' || (weight === 'stacks' && isPast)) return this.#isLogSmall();
    if (weight === 'stacks') return (await this.#backend.size('stacks', STACKS_AT_ONCE)).rows <= STACKS_AT_ONCE;
    if (!stack || (weight === 'row' && !isPast)) return true;
    const part = weight === 'state' && !isPast ? 'state' : 'events';
    if ((part === 'state' ? stack.resourceCount : stack.revision) > ROWS_AT_ONCE) return false;
    return this.#isStackSmall(stack, part);
  }

  /** Runs a read in another process and sends the result. @throws SlothError as the read does */
  async send(
    job: ReadJob,
    { isShort }: ReadTerms,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const pool = this.#pool as Pool<ReadJob, AnswerBytes>;
    const answer = await pool.run(job, {
      owner: request.principal.id,
      isShort,
      signal: goneWith(reply),
      timeoutMs: TIMEOUT,
      tooLong: tooSlow,
      tooLarge: () => answerTooLarge('takes more memory than the server has'),
    });
    currentPrincipal(request); // the read may have taken long
    return sendParts(reply, answer);
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  async #isStackSmall({ stream, revision }: StackRecord, part: 'state' | 'events'): Promise<boolean> {
    const key = `${part} ${stream}`;
    const known = this.#sizes.get(key);
    if (known?.revision === revision) return known.isSmall;
    const isSmall = await this.#measure({ stream, part });
    this.#sizes.set(key, { revision, isSmall });
    return isSmall;
  }

  async #isLogSmall(): Promise<boolean> {
    this.#isLogLarge ||= !(await this.#measure('events')); // it never becomes smaller
    return !this.#isLogLarge;
  }

  async #measure(of: Measured): Promise<boolean> {
    const { rows, bytes }: Size = await this.#backend.size(of, ROWS_AT_ONCE);
    return rows <= ROWS_AT_ONCE && bytes <= BYTES_AT_ONCE;
  }
}

export function sendParts(reply: FastifyReply, { parts, bytes, headers }: AnswerBytes): FastifyReply {
  return reply
    .headers({ 'content-type': 'application/json; charset=utf-8', ...headers, 'content-length': bytes })
    .send(Readable.from(parts, { objectMode: false, highWaterMark: 1 }));
}

/** Aborted when the connection ends before the response was sent. */
function goneWith(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const { raw } = reply;
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort();
  });
  if (raw.closed) gone.abort();
  return gone.signal;
}

const tooSlow = (ms: number): StoreError =>
  new StoreError('TOO_SLOW', `the answer takes longer than ${ms / 1_000} s`, {
    hint: 'Read a part of it: resources by pages, one resource, or fewer events.',
  });
