import { InvalidInputError, NotFoundError } from '../lib/errors.js';
import type { Facts } from '../store/facts.js';
import type { DriftRecord, StoredResource } from '../store/records.js';

/** The stack's resource with an address or id. */
export const storedResource = (ref: string, facts: Facts): StoredResource | undefined => {
  const byId = facts.resourcesById.get(ref);
  return facts.resources.get(ref) ?? (byId?.stream === facts.stack?.stream ? byId : undefined);
};

/** Whether the time for which a finding was ignored has passed: then it is pending again. */
export const isOver = ({ resolutionStatus, ignoredUntil }: DriftRecord, now: string): boolean =>
  resolutionStatus === 'ignored' && ignoredUntil !== null && ignoredUntil <= now;

export const driftNotFound = (stack: string, resource: string): NotFoundError =>
  new NotFoundError('DRIFT_NOT_FOUND', `no open drift finding for "${resource}" in stack "${stack}"`, {
    hint: `See the findings with: sloth-runner stack state drift ${stack}`,
    details: { stack, resource },
  });

/** Refuses to ignore a finding until a time in the past. */
export function checkExpiry(expiresAt: string | null, now: string): void {
  if (expiresAt === null || expiresAt > now) return;
  throw new InvalidInputError('EXPIRY_PASSED', `expiresAt: ${expiresAt} has passed, it is ${now}`, {
    hint: 'Give a later time, or none for ever.',
    details: { field: 'expiresAt', value: expiresAt },
  });
}
