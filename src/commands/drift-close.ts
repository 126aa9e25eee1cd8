import * as z from 'zod';
import { name, prose } from '../lib/text.js';
import type { Facts } from '../store/facts.js';
import type { DriftRecord } from '../store/records.js';
import { defineCommand, stackRef } from './command.js';
import { checkExpiry, driftNotFound, isOver } from './drift-finding.js';
import { identifier } from './identifiers.js';

/** `resource`: an address or id. */
const closing = { stack: stackRef, resource: identifier('resource', name(2048)), reason: prose().default('') };

/** The resource's pending finding. */
function pendingFinding(stack: string, resource: string, facts: Facts, now: string): DriftRecord {
  const open = facts.drift.get(resource);
  if (open?.isDrifted && (open.resolutionStatus === 'pending' || isOver(open, now))) return open;
  throw driftNotFound(stack, resource);
}

export const resolveDrift = defineCommand({
  schema: z.strictObject({ type: z.literal('resolveDrift'), ...closing }),
  kind: 'resolve drift',
  target: 'live',
  lock: 'free',
  facts: ({ stack, resource }) => ({ stack, driftOf: [resource] }),
  decide: ({ stack, resource, reason }, facts, { now }) => {
    const { id, resourceId } = pendingFinding(stack, resource, facts, now);
    return [{ type: 'DriftResolved', data: { finding: id, resourceId, reason } }];
  },
});

export const ignoreDrift = defineCommand({
  schema: z.strictObject({
    type: z.literal('ignoreDrift'),
    ...closing,
    expiresAt: z.iso.datetime({ precision: 3 }).nullable().default(null),
  }),
  kind: 'ignore drift',
  target: 'live',
  lock: 'free',
  facts: ({ stack, resource }) => ({ stack, driftOf: [resource] }),
  decide: ({ stack, resource, reason, expiresAt }, facts, { now }) => {
    checkExpiry(expiresAt, now);
    const { id, resourceId } = pendingFinding(stack, resource, facts, now);
    return [{ type: 'DriftIgnored', data: { finding: id, resourceId, reason, expiresAt } }];
  },
});
