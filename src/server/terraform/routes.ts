import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { StateBackend } from '../../api/state-backend.js';
import { InvalidInputError, LockedError } from '../../lib/errors.js';
import { matchesText } from '../../lib/path-pattern.js';
import { callerOf, currentPrincipal, type Role, requireStackName } from '../access.js';
import { admitBody, type BodyOptions, bytesOf, md5Of, runnerFor, takeBytes } from '../bodies/index.js';
import { SMALL_BYTES } from '../bodies/limits.js';
import { sendError } from '../errors.js';
import { type Reads, sendParts } from '../reads/index.js';
import type { AnswerBytes } from '../reads/messages.js';
import { piecesOf } from '../reads/pieces.js';
import { noState } from './no-state.js';

export interface TerraformRoutesOptions {
  readonly backend: StateBackend;
  /** The duration of a lock, milliseconds. */
  readonly lockMs: number | undefined;
  /** Whether locks may be broken through this server at all. */
  readonly forceUnlock: boolean;
  /** Patterns of the names of stacks that accept a lower serial or another lineage. */
  readonly overwrite: readonly string[];
  /** Characters of cached documents. */
  readonly cacheChars: number;
  readonly bodies: BodyOptions;
  readonly reads: Reads;
}

interface Route {
  Params: { stack: string };
  Querystring: { ID?: string | string[] };
}
type StateRequest = FastifyRequest<Route>;

/**
 * Terraform's `backend "http"`: one address for the state and its lock, and one for the lock alone, for clients that are
 * configured with `lock_method` and `unlock_method`. See docs/adr/0018.
 */
export async function terraformRoutes(app: FastifyInstance, options: TerraformRoutesOptions): Promise<void> {
  const { backend, lockMs, forceUnlock, overwrite, bodies, reads, cacheChars } = options;
  const states = await backend.getTerraformStates({ cacheChars, ...(lockMs === undefined ? {} : { lockMs }) });
  const { locks } = states;

  takeBytes(app, '*');
  app.addHook('preHandler', async (request) => checkDigest(request));
  app.setErrorHandler(async (error, request, reply) => {
    const isLocked = error instanceof LockedError && error.code === 'STACK_LOCKED';
    const holder = isLocked ? await locks.holder((request.params as Route['Params']).stack) : undefined;
    return holder ? reply.code(423).send(holder) : sendError(error, request, reply);
  });

  const senderOf = (request: StateRequest) => ({
    actor: request.principal.name,
    caller: callerOf(request, forceUnlock),
  });
  const callOf = (request: StateRequest) => ({ ...senderOf(request), ...lockOf(request) });

  const allow = (request: StateRequest, role: Role): void => {
    const { stack: ref } = request.params;
    checkName(ref);
    requireStackName(request, role, ref);
  };

  async function get(request: StateRequest, reply: FastifyReply) {
    const { stack: ref } = request.params;
    const known = await states.recall(ref);
    if (!known && !(await reads.isSmall('state', await backend.findStack(ref), false))) {
      return reads.send({ what: 'terraform', stack: ref }, { isShort: false }, request, reply);
    }
    const state = known ?? (await states.get(ref));
    if (!state) throw noState(ref);
    const answer = await stateBytes(state.text);
    currentPrincipal(request);
    return sendParts(reply, answer);
  }

  async function post(request: StateRequest, reply: FastifyReply) {
    const { stack: ref } = request.params;
    const body = bytesOf(request);
    const receipt = await states.put(ref, body, {
      ...callOf(request),
      run: runnerFor(request, bodies),
      force: overwrite.some((pattern) => matchesText(pattern, ref)),
    });
    return reply.header('etag', `"${receipt.version}"`).send();
  }

  async function remove(request: StateRequest, reply: FastifyReply) {
    const { stack: ref } = request.params;
    await states.delete(ref, callOf(request));
    return reply.send();
  }

  async function lock(request: StateRequest) {
    return locks.lock(request.params.stack, bytesOf(request), senderOf(request));
  }

  async function unlock(request: StateRequest, reply: FastifyReply) {
    await locks.unlock(request.params.stack, bytesOf(request), {
      ...senderOf(request),
      from: request.ip,
    });
    return reply.send();
  }

  /** Checks of a request before its body is read. */
  const asks = (role: Role, maxBytes: number) => ({
    onRequest: async (request: StateRequest, reply: FastifyReply) => {
      allow(request, role);
      admitBody(request, reply, maxBytes, bodies.budget);
    },
  });
  const getting = asks('read', 0);
  const stores = asks('write', bodies.maxBytes);
  const removes = asks('write', 0);
  const locking = asks('write', SMALL_BYTES);

  const state = '/:stack';
  const ofLock = `${state}/lock`;
  app.get<Route>(state, getting, get);
  app.route<Route>({ method: ['POST', 'PUT'], url: state, ...stores, handler: post });
  app.delete<Route>(state, removes, remove);
  app.route<Route>({ method: 'LOCK', url: state, ...locking, handler: lock });
  app.route<Route>({ method: ['LOCK', 'POST', 'PUT'], url: ofLock, ...locking, handler: lock });
  app.route<Route>({ method: 'UNLOCK', url: state, ...locking, handler: unlock });
  app.route<Route>({ method: ['UNLOCK', 'DELETE'], url: ofLock, ...locking, handler: unlock });
}

/** Encoding a large state takes as long as 100 small requests, which get their turns in between. */
async function stateBytes(text: string): Promise<AnswerBytes> {
  const digest = createHash('md5');
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of piecesOf(text)) {
    if (bytes > 0) await setImmediate();
    const part = Buffer.from(piece);
    digest.update(part);
    parts.push(part);
    bytes += part.length;
  }
  return { parts, bytes, headers: { 'content-type': 'application/json', 'content-md5': digest.digest('base64') } };
}

function checkDigest(request: FastifyRequest): void {
  const expected = request.headers['content-md5'];
  if (expected === undefined || expected === md5Of(request)) return;
  throw new InvalidInputError('DIGEST_MISMATCH', 'the MD5 of the body differs from the header Content-MD5', {
    hint: 'It was damaged on the way; send it again.',
    details: { field: 'Content-MD5' },
  });
}

/** The lock's id is in `?ID=`, as Terraform sends it. */
function lockOf({ query: { ID: lockId } }: StateRequest): { readonly lockId?: string } {
  if (Array.isArray(lockId)) {
    throw new InvalidInputError('INVALID_INPUT', 'ID: it is given twice', {
      hint: 'Give the id of the one lock you hold.',
      details: { field: 'ID' },
    });
  }
  return lockId === undefined ? {} : { lockId };
}

/** Refuses names that other programs could interpret as a path. */
function checkName(ref: string): void {
  if (!/(?:^|[/\\])\.{1,2}(?:[/\\]|$)|\\/.test(ref)) return;
  throw new InvalidInputError('INVALID_INPUT', `stack: "${ref}" is not a name of a stack`, {
    hint: 'Use a name without backslashes and without "." or ".." as a part.',
    details: { field: 'stack' },
  });
}
