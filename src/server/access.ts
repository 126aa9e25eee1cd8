import type { FastifyRequest } from 'fastify';
import type { StateBackend } from '../api/state-backend.js';
import { outOfReach } from '../commands/authorize.js';
import type { Caller } from '../commands/command.js';
import { ForbiddenError, SlothError } from '../lib/errors.js';
import { matchesText } from '../lib/path-pattern.js';

/** Sorted: each role may do everything that the previous ones may. */
export const ROLES = ['read', 'write', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Permissions that a token has only if they were granted explicitly. An admin has all of them. */
export const PERMISSIONS = ['force-unlock'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** The sender of a request: a token, or `anonymous` if the server requires none. */
export interface Principal {
  /** The public id of the token; undefined for `anonymous`. */
  readonly tokenId: string | undefined;
  /** The actor of the events. */
  readonly name: string;
  /** The owner of its command ids: `token:` and its name, or `anonymous`. */
  readonly id: string;
  readonly role: Role;
  /** Patterns of the names of the stacks that it may see and change; none: all of them. */
  readonly stacks: readonly string[];
  /** Whether it may see and change the stack of this name. */
  mayReach(stack: string): boolean;
  /** Whether it may see every stack, and so use what is about all of them. */
  readonly everywhere: boolean;
  readonly permissions: ReadonlySet<Permission>;
  /** Its current state; undefined once the token was revoked or has expired, or once tokens are required. */
  current(): Principal | undefined;
}

/** Whether a stack's name matches one of the patterns; an empty list matches every name. */
export const reaches = (patterns: readonly string[], stack: string): boolean =>
  patterns.length === 0 || patterns.some((pattern) => matchesText(pattern, stack));

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs. */
    principal: Principal;
  }
}

/** The credentials are unknown or missing. */
export class UnauthorizedError extends SlothError {
  readonly exitCode = 1;
}

export { ForbiddenError };

/**
 * Accepts a request if its principal has a role.
 * @throws ForbiddenError
 */
export function requireRole({ principal }: FastifyRequest, role: Role): void {
  if (ROLES.indexOf(principal.role) >= ROLES.indexOf(role)) return;
  throw new ForbiddenError('ROLE_TOO_LOW', `"${principal.name}" may ${principal.role} only; this needs ${role}`, {
    hint: `Use a token that was created with --role ${role}.`,
    details: { role: principal.role, needed: role },
  });
}

/**
 * The current state of the principal of a request that has been running for a while.
 * @throws UnauthorizedError `TOKEN_ENDED`
 */
export function currentPrincipal({ principal }: FastifyRequest): Principal {
  const current = principal.current();
  if (current) return current;
  throw new UnauthorizedError('TOKEN_ENDED', `the access of "${principal.name}" ended meanwhile`, {
    hint: 'The token was revoked or has expired, or the server needs one now. Send a valid token.',
  });
}

/**
 * The same for requests about all stacks.
 * @throws ForbiddenError
 */
export function requireEverywhere(request: FastifyRequest, role: Role): void {
  requireRole(request, role);
  if (!request.principal.everywhere) throw outOfReach(request.principal.name, 'data of all stacks');
}

/**
 * The same for requests about one stack, by its name or id, even if it was deleted. A stack that does not exist is checked
 * by the name it would get, so that a token learns nothing of stacks it does not reach.
 * @throws ForbiddenError
 */
export async function requireStack(
  request: FastifyRequest,
  role: Role,
  backend: StateBackend,
  ref: string,
): Promise<void> {
  requireRole(request, role);
  const { everywhere, mayReach } = request.principal;
  if (everywhere) return;
  const name = (await backend.findStack(ref, { deleted: true }))?.name ?? ref;
  if (!mayReach(name)) throw outOfReach(request.principal.name, `stack "${ref}"`);
}

/** The same for a stack that is identified by its name alone. @throws ForbiddenError */
export function requireStackName(request: FastifyRequest, role: Role, name: string): void {
  requireRole(request, role);
  if (!request.principal.mayReach(name)) throw outOfReach(request.principal.name, `stack "${name}"`);
}

/**
 * The caller of a request's command, for the engine's authorisation.
 * @param forceUnlock whether locks may be broken through this server at all
 */
export const callerOf = (
  { principal: { id, mayReach, permissions } }: FastifyRequest,
  forceUnlock: boolean,
): Caller => ({
  principal: id,
  mayReach,
  mayChooseStackIds: false,
  mayBreakLocks: !forceUnlock ? 'never' : permissions.has('force-unlock') ? 'yes' : 'no',
});
