import type { FastifyRequest } from 'fastify';
import type { StateBackend } from '../api/state-backend.js';
import { ConflictError, type SlothError } from '../lib/errors.js';
import { ForbiddenError } from './access.js';

/** Whether anybody may break locks through this server; a token needs the permission beside. */
export interface ForceUnlock {
  readonly forceUnlock: boolean;
}

/** Why a principal may not break a lock, that is end one which another took; undefined where it may. */
export function refusalToBreak({ principal }: FastifyRequest, { forceUnlock }: ForceUnlock): SlothError | undefined {
  if (!forceUnlock) {
    return new ConflictError('FORCE_UNLOCK_REFUSED', 'no lock may be broken through this server', {
      hint: 'It was started with --no-force-unlock. Break the lock with: sloth-runner stack state unlock --force --reason TEXT',
    });
  }
  if (principal.permissions.has('force-unlock')) return undefined;
  return new ForbiddenError('PERMISSION_MISSING', `"${principal.name}" may not break locks`, {
    hint: 'Use a token that was created with --allow force-unlock, or ask the holder to release the lock.',
    details: { permission: 'force-unlock' },
  });
}

/**
 * Lets a command pass that ends the lock of an id, where the principal took that lock or may break locks.
 * @throws the refusal
 */
export async function requireOwnLock(
  request: FastifyRequest,
  options: ForceUnlock,
  backend: StateBackend,
  stack: string,
  lockId: string,
): Promise<void> {
  const refusal = refusalToBreak(request, options);
  const taker = refusal && (await backend.findLockTaker(stack));
  if (refusal && taker?.lockId === lockId && taker.actor !== request.principal.name) throw refusal;
}
