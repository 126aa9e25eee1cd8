import type { FastifyReply, FastifyRequest } from 'fastify';
import { PERMISSIONS, type Principal, UnauthorizedError } from '../access.js';
import { FailureCount } from './failure-count.js';
import type { TokenStore } from './token-store.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs no authentication. */
    public?: boolean;
  }
}

export interface AuthenticationOptions {
  readonly tokens: TokenStore | undefined;
  /** Read for every request: a token that is created while the server runs counts at once. */
  required(): boolean;
}

/**
 * Identifies the sender of a request: `Authorization: Bearer TOKEN`, or `Basic` with the token as the password, which is
 * what Terraform can send. A wrong token is refused even if none is required, and wrong ones are counted for each client. A
 * valid one is always accepted, whatever others sent from its address.
 */
export function authentication({ tokens, required }: AuthenticationOptions) {
  const failures = new FailureCount();
  const anybody: Principal = {
    tokenId: undefined,
    name: 'anonymous',
    id: 'anonymous',
    role: 'admin',
    stacks: [],
    everywhere: true,
    mayReach: () => true,
    permissions: new Set(PERMISSIONS),
    current: () => (required() ? undefined : anybody),
  };

  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (request.routeOptions.config?.public) return;
    const { authorization } = request.headers;
    if (authorization === undefined) {
      if (required()) throw unauthorized(reply, 'a token is needed');
      request.principal = anybody;
      return;
    }
    const presented = presentedIn(authorization);
    const principal = presented === undefined ? undefined : tokens?.find(presented);
    if (principal) {
      request.principal = principal;
      return;
    }
    const wait = failures.add(request.ip);
    throw wait === undefined
      ? unauthorized(reply, 'the token is not known, was revoked or has expired')
      : tooMany(reply, wait);
  };
}

const BASIC = /^Basic ([A-Za-z0-9+/]+={0,2})$/i;
const BEARER = /^Bearer (\S+)$/i;

/** The token in an `Authorization` header; undefined for an unknown form. */
function presentedIn(authorization: string): string | undefined {
  const [, encoded] = BASIC.exec(authorization) ?? [];
  if (encoded === undefined) return BEARER.exec(authorization)?.[1];
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : undefined;
}

function unauthorized(reply: FastifyReply, problem: string): UnauthorizedError {
  void reply.header('www-authenticate', 'Basic realm="sloth-runner", Bearer');
  return new UnauthorizedError('UNAUTHORIZED', problem, {
    hint: 'Send a token as Authorization: Bearer, or as the password (in Terraform: TF_HTTP_USERNAME, any name, and TF_HTTP_PASSWORD).',
  });
}

function tooMany(reply: FastifyReply, milliseconds: number): UnauthorizedError {
  void reply.header('retry-after', Math.ceil(milliseconds / 1_000));
  return new UnauthorizedError('TOO_MANY_FAILURES', 'this token is wrong, and so were too many before it', {
    hint: 'Send a valid token, which is accepted at once; after a wrong one wait for as long as Retry-After says.',
  });
}
