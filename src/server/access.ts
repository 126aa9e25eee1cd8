import type { FastifyRequest } from 'fastify';
import { SlothError } from '../kernel/errors.js';

/** Each may do what those before it may. */
export const ROLES = ['read', 'write', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who sends a request: a token, or anybody where the server asks for none. */
export interface Principal {
  /** The actor of the events. */
  readonly name: string;
  readonly role: Role;
  /** Whether it may see and change the stack of this name. */
  mayReach(stack: string): boolean;
  /** Whether it may see every stack, and so what is about all of them. */
  readonly everywhere: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs. */
    principal: Principal;
  }
}

/** Nobody is known by what was presented, or nothing was. */
export class UnauthorizedError extends SlothError {
  readonly exitCode = 1;
}

/** Somebody is known, and may not do this. */
export class ForbiddenError extends SlothError {
  readonly exitCode = 1;
}

/**
 * Lets a request pass that its principal may make.
 * @param stack the name of the stack it is about; left out for what is about all of them
 * @throws ForbiddenError
 */
export function authorize({ principal }: FastifyRequest, role: Role, stack?: string): void {
  if (ROLES.indexOf(principal.role) < ROLES.indexOf(role)) {
    throw new ForbiddenError('ROLE_TOO_LOW', `"${principal.name}" may ${principal.role} only; this needs ${role}`, {
      hint: `Use a token that was created with --role ${role}.`,
      details: { role: principal.role, needed: role },
    });
  }
  if (stack === undefined ? principal.everywhere : principal.mayReach(stack)) return;
  const what = stack === undefined ? 'what is about all stacks' : `stack "${stack}"`;
  throw new ForbiddenError('OUT_OF_REACH', `"${principal.name}" has no access to ${what}`, {
    hint: 'Use a token whose --stack pattern covers it.',
    details: stack === undefined ? {} : { stack },
  });
}
