import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { StateBackend } from '../../backend/state-backend.js';
import { InvalidInputError, LockedError, NotFoundError } from '../../kernel/errors.js';
import { matchesText } from '../../kernel/path-pattern.js';
import { callerOf, currentPrincipal, type Role, requireStackName } from '../access.js';
import { sendError } from '../errors.js';
import { refusalToBreak, requireOwnLock } from '../force-unlock.js';
import { takeBytes } from '../json.js';

export interface TerraformRoutesOptions {
  readonly backend: StateBackend;
  /** How long a lock holds, milliseconds. */
  readonly lockMs: number | undefined;
  /** Whether anybody may break a lock; see `force-unlock.ts`. */
  readonly forceUnlock: boolean;
  /** Patterns of the names of stacks that may be given a lower serial or another lineage. */
  readonly overwrite: readonly string[];
}

interface Route {
  Params: { stack: string };
  Querystring: { ID?: string | string[] };
}
type StateRequest = FastifyRequest<Route>;

/**
 * Terraform's `backend "http"`: one address for the state and its lock, and one for the lock alone, for clients that are
 * set up with `lock_method` and `unlock_method`. See docs/adr/0018.
 */
export async function terraformRoutes(app: FastifyInstance, options: TerraformRoutesOptions): Promise<void> {
  const { backend, lockMs, overwrite } = options;
  const states = await backend.getTerraformStates(lockMs === undefined ? {} : { lockMs });
  const { locks } = states;

  takeBytes(app, '*');
  app.addHook('preHandler', async (request) => checkDigest(request));
  app.setErrorHandler(async (error, request, reply) => {
    const isLocked = error instanceof LockedError && error.code === 'STACK_LOCKED';
    const holder = isLocked ? await locks.holder((request.params as Route['Params']).stack) : undefined;
    return holder ? reply.code(423).send(holder) : sendError(error, request, reply);
  });

  const allow = (request: StateRequest, role: Role): string => {
    const { stack: ref } = request.params;
    checkName(ref);
    requireStackName(request, role, ref);
    return ref;
  };

  async function get(request: StateRequest, reply: FastifyReply) {
    const ref = allow(request, 'read');
    const state = await states.get(ref);
    currentPrincipal(request);
    if (!state) {
      throw new NotFoundError('NO_STATE', `stack "${ref}" has no state yet`, {
        hint: 'Store one: terraform apply, or terraform state push.',
        details: { stack: ref },
      });
    }
    const body = Buffer.from(state.text);
    return reply.type('application/json').header('content-md5', md5(body)).send(body);
  }

  async function post(request: StateRequest, reply: FastifyReply) {
    const ref = allow(request, 'write');
    const receipt = await states.put(ref, bodyOf(request), {
      ...callOf(request),
      force: overwrite.some((pattern) => matchesText(pattern, ref)),
    });
    return reply.header('etag', `"${receipt.version}"`).send();
  }

  async function remove(request: StateRequest, reply: FastifyReply) {
    const ref = allow(request, 'write');
    const call = callOf(request);
    if (call.lockId !== undefined) await requireOwnLock(request, options, backend, ref, call.lockId);
    await states.delete(ref, call);
    return reply.send();
  }

  async function lock(request: StateRequest) {
    return locks.lock(allow(request, 'write'), bodyOf(request), senderOf(request));
  }

  async function unlock(request: StateRequest, reply: FastifyReply) {
    const ref = allow(request, 'write');
    await locks.unlock(ref, bodyOf(request), {
      ...senderOf(request),
      from: request.ip,
      refusal: refusalToBreak(request, options),
    });
    return reply.send();
  }

  const state = '/:stack';
  app.get<Route>(state, get);
  app.route<Route>({ method: ['POST', 'PUT'], url: state, handler: post });
  app.delete<Route>(state, remove);
  const ofLock = `${state}/lock`;
  app.route<Route>({ method: 'LOCK', url: state, handler: lock });
  app.route<Route>({ method: ['LOCK', 'POST', 'PUT'], url: ofLock, handler: lock });
  app.route<Route>({ method: 'UNLOCK', url: state, handler: unlock });
  app.route<Route>({ method: ['UNLOCK', 'DELETE'], url: ofLock, handler: unlock });
}

const bodyOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0));

const md5 = (body: Buffer): string => createHash('md5').update(body).digest('base64');

function checkDigest(request: FastifyRequest): void {
  const told = request.headers['content-md5'];
  if (told === undefined || told === md5(bodyOf(request))) return;
  throw new InvalidInputError('DIGEST_MISMATCH', 'the body is not the one whose MD5 the header Content-MD5 tells', {
    hint: 'It was damaged on the way; send it again.',
    details: { field: 'Content-MD5' },
  });
}

const senderOf = (request: StateRequest) => ({ actor: request.principal.name, caller: callerOf(request) });

/** The lock is named by `?ID=`, as Terraform does. */
function callOf(request: StateRequest) {
  const { ID: lockId } = request.query;
  if (Array.isArray(lockId)) {
    throw new InvalidInputError('INVALID_INPUT', 'ID: it is given twice', {
      hint: 'Give the id of the one lock you hold.',
      details: { field: 'ID' },
    });
  }
  return { ...senderOf(request), ...(lockId === undefined ? {} : { lockId }) };
}

/** What other programs could take for a path is no name here. */
function checkName(ref: string): void {
  if (!/(?:^|[/\\])\.{1,2}(?:[/\\]|$)|\\/.test(ref)) return;
  throw new InvalidInputError('INVALID_INPUT', `stack: "${ref}" is no name of a stack`, {
    hint: 'Use a name without backslashes and without "." or ".." as a part.',
    details: { field: 'stack' },
  });
}
