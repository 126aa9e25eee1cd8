import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DocumentFormat } from '../../formats/document-format.js';
import type { RunTask } from '../../formats/tasks.js';
import { InvalidInputError, StoreError } from '../../lib/errors.js';
import type { Documents } from '../documents/index.js';
import { type BodyBudget, type Share, weightOf } from './budget.js';

/** Bytes of a refused body that are read and dropped, and the time that a client has to read the response, milliseconds. */
const DROPPED_BYTES = 256 * 1024;
const LINGER_MS = 1_000;

/** The buffer of a body without an announced length starts with this size and doubles. */
const FIRST_BYTES = 16 * 1024;

/** The limits of bodies, for all routes together. */
export interface BodyOptions {
  /** The value of `max-body` for a route. */
  readonly maxBytes: number;
  readonly budget: BodyBudget;
  readonly documents: Documents;
}

interface Admitted {
  readonly limit: number;
  readonly share: Share;
}

const admitted = new WeakMap<FastifyRequest, Admitted>();
const digests = new WeakMap<FastifyRequest, string>();
/** Clients that send a body only after a `100 Continue`. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * Nothing of a body is read before a route admits it ({@link admitBody}); the unread rest is dropped when the response is
 * sent. Routes without a body need no more than this.
 */
export function useBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  app.addHook('onSend', async ({ raw }, reply) => {
    if (!hasBody(raw) || raw.complete) return;
    void reply.header('connection', 'close');
    dropRest(raw);
  });
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    app.server.emit('request', request, response);
  });
}

/** Bodies of these types are received as bytes, once they are admitted. Other types are not. */
export function takeBytes(app: FastifyInstance, types: string | string[]): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(types, (request: FastifyRequest, payload: IncomingMessage) => readBody(request, payload));
}

/**
 * Admits a body, by its announced length; without one, it is counted as it arrives. Call it after authorisation, so that
 * bytes of others are never held.
 * @param limit bytes; 0: the route takes no body
 * @throws InvalidInputError `BODY_TOO_LARGE`, `BODY_UNEXPECTED`; StoreError `TOO_BUSY`
 */
export function admitBody(request: FastifyRequest, reply: FastifyReply, limit: number, budget: BodyBudget): void {
  if (!hasBody(request.raw)) return;
  if (limit === 0) throw unexpected();
  const most = Math.min(limit, budget.largest);
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > most) throw tooLarge(most);
  if (!budget.fits(announced)) throw tooBusy();
  const share = budget.share();
  reply.raw.once('close', share.release);
  admitted.set(request, { limit: most, share });
}

/** The bytes of the body; empty without a body. */
export const bytesOf = ({ body }: FastifyRequest): Uint8Array => (Buffer.isBuffer(body) ? body : Buffer.alloc(0));

/** Up to this size a document is parsed at once: passing it to a worker takes as long. */
const AT_ONCE = { json: 1024 * 1024, yaml: 16 * 1024 };

/**
 * Selects where the body is parsed: in a worker, or, if it is small, at once (undefined). The objects of the result fit in
 * the budget.
 */
export function runnerFor(
  request: FastifyRequest,
  { documents }: BodyOptions,
  format: DocumentFormat = 'json',
): RunTask | undefined {
  const room = admitted.get(request);
  const { length } = bytesOf(request);
  if (!room || length <= AT_ONCE[format]) return undefined;
  const read = documents.readerFor(request.principal.id);
  return async (name, bytes, input) => {
    const done = await read(name, bytes, input);
    if (room.share.resize(weightOf(length, done.values))) return done;
    throw tooBusy();
  };
}

/** MD5 of the body in base64, if the request contains one. */
export const md5Of = (request: FastifyRequest): string => digests.get(request) ?? createHash('md5').digest('base64');

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

function readBody(request: FastifyRequest, payload: IncomingMessage): Promise<Buffer> {
  const room = admitted.get(request);
  if (!room) return Promise.resolve(Buffer.alloc(0)); // its length is 0: no other body gets here without being admitted
  const { limit, share } = room;
  const md5 = request.headers['content-md5'] === undefined ? undefined : createHash('md5');
  return new Promise((resolve, reject) => {
    const bytes = new GrowingBuffer(Math.min(limit, Number(request.headers['content-length'] ?? limit)), share);
    const stop = (error: Error): void => {
      payload.off('data', take).pause();
      bytes.clear();
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      if (bytes.length + chunk.length > limit) stop(tooLarge(limit));
      else if (bytes.add(chunk)) md5?.update(chunk);
      else stop(tooBusy());
    };
    payload.on('data', take);
    payload.once('end', () => {
      if (md5) digests.set(request, (md5 as Hash).digest('base64'));
      resolve(bytes.take());
    });
    payload.once('error', (cause) => stop(incomplete(cause)));
    waiting.get(payload)?.writeContinue();
  });
}

/** A contiguous buffer that counts for the budget. Each chunk is copied, because a chunk of one byte would hold 64 KiB. */
class GrowingBuffer {
  readonly #most: number;
  readonly #share: Share;
  #buffer = Buffer.alloc(0);
  length = 0;

  constructor(most: number, share: Share) {
    this.#most = most;
    this.#share = share;
  }

  /** @returns whether there was room for it */
  add(chunk: Buffer): boolean {
    const needed = this.length + chunk.length;
    if (needed > this.#buffer.length) {
      const size = Math.max(needed, Math.min(this.#most, Math.max(FIRST_BYTES, this.#buffer.length * 2)));
      if (!this.#share.resize(size)) return false;
      const larger = Buffer.allocUnsafeSlow(size);
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.length);
    this.length = needed;
    return true;
  }

  take(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  clear(): void {
    this.#buffer = Buffer.alloc(0);
    this.#share.release();
  }
}

/** Lets a client that is still sending read the response; then the connection ends. */
function dropRest(request: IncomingMessage): void {
  let dropped = 0;
  request.on('data', ({ length }: Buffer) => {
    dropped += length;
    if (dropped > DROPPED_BYTES) request.pause();
  });
  request.on('error', () => {}); // a client that disconnected needs no response
  request.resume();
  const { socket } = request;
  socket.destroySoon = () => void socket.end(); // by default Node would reset the connection during the response
  const end = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(end));
}

const tooLarge = (limit: number): InvalidInputError =>
  new InvalidInputError('BODY_TOO_LARGE', `body: more than ${limit} bytes are not taken here`, {
    hint: 'Send less at once. The operator can raise the limit of states with --max-body, and the limit for all bodies together with --max-in-flight.',
    details: { field: 'body', maxBytes: limit },
  });

const unexpected = (): InvalidInputError =>
  new InvalidInputError('BODY_UNEXPECTED', 'body: none is taken here', {
    hint: 'Send the request without a body.',
    details: { field: 'body', maxBytes: 0 },
  });

const incomplete = (cause: Error): InvalidInputError =>
  new InvalidInputError('BODY_INCOMPLETE', 'body: it ended before it was whole', {
    hint: 'Send the request again.',
    details: { field: 'body' },
    cause,
  });

const tooBusy = (): StoreError =>
  new StoreError('TOO_BUSY', 'the bodies of other requests fill the memory of the server', {
    hint: 'Send the request again in some seconds.',
    details: { field: 'body' },
  });
