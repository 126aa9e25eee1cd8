import { getHeapStatistics } from 'node:v8';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { StoreError } from '../lib/errors.js';
import { BodyBudget } from './bodies/budget.js';

const MEBIBYTE = 1_048_576;

/** Smaller responses are always sent: those of all connections together are small. */
const SMALL = 64 * 1024;

/** Bytes of responses that this process holds until their clients have received them; they are outside of the heap. */
export const defaultAnswers = (heap = getHeapStatistics().heap_size_limit): number =>
  Math.max(64 * MEBIBYTE, Math.floor(heap / 8));

/** Bytes of all responses that are being sent. One client, who may read slowly, gets at most half of them. */
export class AnswerBudget {
  /** The largest response, bytes. */
  readonly largest: number;
  readonly #all: BodyBudget;
  readonly #owners = new Map<string, number>();

  constructor(total: number) {
    this.#all = new BodyBudget(total);
    this.largest = Math.floor(total / 2);
  }

  /** @returns releases them; undefined if there is no room */
  hold(owner: string, bytes: number): (() => void) | undefined {
    const own = this.#owners.get(owner) ?? 0;
    const share = this.#all.share();
    if (own + bytes > this.largest || !share.resize(bytes)) return undefined;
    this.#owners.set(owner, own + bytes);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      share.release();
      const left = (this.#owners.get(owner) ?? 0) - bytes;
      if (left > 0) this.#owners.set(owner, left);
      else this.#owners.delete(owner);
    };
  }
}

/** Counts the response to each query until its client has received it, or has disconnected. */
export function useAnswers(app: FastifyInstance, budget: AnswerBudget): void {
  app.addHook('onSend', async ({ method, principal }, reply, payload) => {
    const bytes = bytesOf(payload, reply);
    if (method !== 'GET' || reply.statusCode >= 400 || bytes <= SMALL || reply.raw.destroyed) return payload;
    const release = budget.hold(principal?.id ?? '', bytes);
    if (release) {
      reply.raw.once('close', release);
      return payload;
    }
    for (const header of ['etag', 'content-md5']) reply.removeHeader(header);
    throw new StoreError('TOO_BUSY', 'answers that were not read yet fill the memory that the server has for them', {
      hint: 'Read the answers to earlier requests, and send this one again in some seconds.',
    });
  });
}

/** The length of a response; 0 for an endless stream, which is not counted. */
function bytesOf(payload: unknown, reply: FastifyReply): number {
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) return payload.length;
  return Number(reply.getHeader('content-length') ?? 0);
}
