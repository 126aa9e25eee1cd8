import { z } from 'zod';
import type { NewEvent } from '../events/index.js';
import { InvalidInputError, NotFoundError } from '../kernel/errors.js';
import { equalJson, type Json } from '../kernel/json.js';
import { type FieldChange, fieldChanges } from '../kernel/json-diff.js';
import { name, prose } from '../kernel/text.js';
import type { Facts } from '../store/facts.js';
import type { DriftRecord, ResourceSlot } from '../store/records.js';
import { defineCommand, jsonValue, stackRef } from './command.js';

const finding = z.strictObject({
  /** A resource's address or id. An id the stack does not hold is taken as it is, if `expected` comes with it. */
  resource: name(2048),
  /** Left out, the resource's properties. */
  expected: jsonValue('expected').optional(),
  actual: jsonValue('actual'),
});
type Finding = z.output<typeof finding>;

/** Records what differs. A finding that stands already is not recorded again; one that no longer holds is cleared. */
export const detectDrift = defineCommand({
  schema: z.strictObject({
    type: z.literal('detectDrift'),
    stack: stackRef,
    findings: z.array(finding).min(1, 'must hold at least one finding'),
  }),
  kind: 'drift',
  target: 'live',
  lock: 'free',
  facts: ({ stack, findings }) => {
    const refs = findings.map(({ resource }) => resource);
    return { stack, addresses: refs, resourceIds: refs, driftOf: refs };
  },
  decide: ({ findings }, facts, { now }) => {
    refuseRepeats(findings, facts);
    return findings.flatMap((one) => compare(one, facts, now));
  },
});

const slotOf = (ref: string, facts: Facts): ResourceSlot | undefined => {
  const byId = facts.resourcesById.get(ref);
  return facts.resources.get(ref) ?? (byId?.stream === facts.stack?.stream ? byId : undefined);
};

/** Two findings for one resource would leave the first of them open for ever. */
function refuseRepeats(findings: readonly Finding[], facts: Facts): void {
  const seen = new Set<string | number>();
  for (const { resource } of findings) {
    const key = slotOf(resource, facts)?.resource ?? resource;
    if (seen.has(key)) {
      throw new InvalidInputError('GIVEN_TWICE', `resource "${resource}" is given twice`, {
        hint: 'Give each resource once.',
        details: { field: 'findings', resource },
      });
    }
    seen.add(key);
  }
}

function compare({ resource, expected, actual }: Finding, facts: Facts, now: string): NewEvent[] {
  const slot = slotOf(resource, facts);
  const wanted = expected ?? slot?.value?.properties;
  if (wanted === undefined) {
    throw new InvalidInputError('NOTHING_EXPECTED', `no resource "${resource}" in the stack, and no expected state`, {
      hint: 'Give the expected state, or the address or id of a resource the stack holds.',
      details: { field: 'expected', resource },
    });
  }
  const changes = fieldChanges(wanted, actual);
  const last = facts.drift.get(resource);
  const open = last?.isDrifted ? last : undefined;
  const cleared: NewEvent[] = open
    ? [{ type: 'DriftCleared', data: { finding: open.id, resourceId: open.resourceId } }]
    : [];
  if (changes.length === 0) return cleared;
  if (open && !isOver(open, now) && sameFinding(open, wanted, actual)) return [];
  return [
    ...cleared,
    {
      type: 'DriftDetected',
      data: {
        ...(slot ? { resource: slot.resource } : {}),
        resourceId: slot ? (slot.id ?? `res-${slot.resource}`) : resource,
        expected: wanted,
        actual,
        fields: [...new Set(changes.map(topField))],
        changes: changes.map(({ path, before, after }) => ({
          path,
          ...(before === undefined ? {} : { expected: before }),
          ...(after === undefined ? {} : { actual: after }),
        })),
      },
    },
  ];
}

const sameFinding = (open: DriftRecord, expected: Json, actual: Json): boolean =>
  equalJson(open.expected, expected) && equalJson(open.actual, actual);

/** Whether a finding was ignored for a time that has passed: then it counts as pending again. */
const isOver = ({ resolutionStatus, ignoredUntil }: DriftRecord, now: string): boolean =>
  resolutionStatus === 'ignored' && ignoredUntil !== null && ignoredUntil <= now;

/** The field of the document in which a change lies: `tags` of `$.tags.Name`. */
function topField({ path }: FieldChange): string {
  const [, plain, quoted] = /^\$(?:\.([^.[]+)|\[("(?:[^"\\]|\\.)*")\])/.exec(path) ?? [];
  return plain ?? (quoted === undefined ? '$' : (JSON.parse(quoted) as string));
}

const closing = { stack: stackRef, resource: name(2048), reason: prose().default('') };

/** The resource's open finding. */
function openFinding(stack: string, resource: string, facts: Facts, now: string): DriftRecord {
  const open = facts.drift.get(resource);
  if (open?.isDrifted && (open.resolutionStatus === 'pending' || isOver(open, now))) return open;
  throw new NotFoundError('DRIFT_NOT_FOUND', `no open drift finding for "${resource}" in stack "${stack}"`, {
    hint: `See the findings with: sloth-runner stack state drift ${stack}`,
    details: { stack, resource },
  });
}

export const resolveDrift = defineCommand({
  schema: z.strictObject({ type: z.literal('resolveDrift'), ...closing }),
  kind: 'resolve drift',
  target: 'live',
  lock: 'free',
  facts: ({ stack, resource }) => ({ stack, driftOf: [resource] }),
  decide: ({ stack, resource, reason }, facts, { now }) => {
    const { id, resourceId } = openFinding(stack, resource, facts, now);
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
    const { id, resourceId } = openFinding(stack, resource, facts, now);
    return [{ type: 'DriftIgnored', data: { finding: id, resourceId, reason, expiresAt } }];
  },
});
