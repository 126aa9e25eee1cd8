import type { FastifyRequest } from 'fastify';
import type * as z from 'zod';
import type { CallOptions } from '../../api/options.js';
import { type Caller, envelopeSchema } from '../../commands/index.js';
import { InvalidInputError } from '../../lib/errors.js';
import { callerOf } from '../access.js';

/** The fields of the envelope that are sent in the body, beside the command's own, because no header can carry them. */
export const envelopeBody = envelopeSchema
  .pick({ reason: true, lockId: true, fencingToken: true, correlationId: true, causationId: true })
  .partial();

/**
 * Command options from the request: the principal is the sender, `If-Match` the expected version, `Idempotency-Key` the
 * command id.
 * @param forceUnlock whether locks may be broken through this server at all
 */
export function callOf(
  request: FastifyRequest,
  forceUnlock: boolean,
  envelope: z.output<typeof envelopeBody> & Pick<CallOptions, 'content'> = {},
): CallOptions & { readonly caller: Caller } {
  const expectedVersion = expectedIn(request.headers['if-match']);
  const commandId = request.headers['idempotency-key']?.toString();
  const given = Object.fromEntries(Object.entries(envelope).filter(([, value]) => value !== undefined));
  return {
    ...given,
    actor: request.principal.name,
    caller: callerOf(request, forceUnlock),
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
    ...(commandId === undefined ? {} : { commandId }),
  };
}

function expectedIn(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const [, digits] = /^"(\d{1,15})"$/.exec(header) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new InvalidInputError('INVALID_INPUT', `If-Match: ${header} invalid version; it must be in quotes`, {
    hint: 'Send the ETag of the stack that you read, such as "12", or "0" if the stack must not exist yet.',
    details: { field: 'If-Match' },
  });
}
