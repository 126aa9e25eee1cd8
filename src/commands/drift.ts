import * as z from 'zod';
import type { NewEvent } from '../events/index.js';
import { InvalidInputError } from '../lib/errors.js';
import { equalJson, type Json } from '../lib/json.js';
import { type FieldChange, fieldChanges } from '../lib/json-diff.js';
import { pathSteps } from '../lib/json-path.js';
import { list, name } from '../lib/text.js';
import type { Facts } from '../store/facts.js';
import type { DriftRecord } from '../store/records.js';
import { resourceId } from '../store/resource-id.js';
import { defineCommand, jsonValue, stackRef } from './command.js';
import { isOver } from './drift-finding.js';
import { type IsRuled, rulesInForce } from './drift-rule.js';
import { identifier } from './identifiers.js';
import { storedResource } from './resource-input.js';

const finding = z.strictObject({
  /** A resource's address or id. An id that the stack does not contain is accepted if `expected` is given. */
  resource: identifier('resource', name(2048)),
  /** Default: the resource's properties. */
  expected: jsonValue('expected').optional(),
  /** Null if the resource is gone. */
  actual: jsonValue('actual'),
});
type Finding = z.output<typeof finding>;

/**
 * Records differences, except those that the stack's rules exclude. An equal open finding is not recorded again; one that no
 * longer holds is cleared.
 */
export const detectDrift = defineCommand({
  schema: z.strictObject({
    type: z.literal('detectDrift'),
    stack: stackRef,
    findings: list(finding).min(1, 'must hold at least one finding'),
  }),
  kind: 'drift',
  target: 'live',
  lock: 'free',
  facts: ({ stack, findings }) => {
    const refs = findings.map(({ resource }) => resource);
    return { stack, addresses: refs, resourceIds: refs, driftOf: refs, driftRules: true };
  },
  decide: ({ findings }, facts, { now }) => {
    refuseRepeats(findings, facts);
    const isRuled = rulesInForce(facts.driftRules, now);
    return findings.flatMap((one) => compare(one, facts, isRuled, now));
  },
});

/** Refused, because of two findings for one resource the first would stay open forever. */
function refuseRepeats(findings: readonly Finding[], facts: Facts): void {
  const seen = new Set<string | number>();
  for (const { resource } of findings) {
    const key = storedResource(resource, facts)?.resource ?? resource;
    if (seen.has(key)) {
      throw new InvalidInputError('GIVEN_TWICE', `resource "${resource}" is given twice`, {
        hint: 'Give each resource once.',
        details: { field: 'findings', resource },
      });
    }
    seen.add(key);
  }
}

function compare({ resource, expected, actual }: Finding, facts: Facts, isRuled: IsRuled, now: string): NewEvent[] {
  const stored = storedResource(resource, facts);
  const wanted = expected === undefined ? stored?.value?.properties : expected;
  if (wanted === undefined) {
    throw new InvalidInputError('NOTHING_EXPECTED', `no resource "${resource}" in the stack, and no expected state`, {
      hint: 'Give the expected state, or the address or id of a resource of the stack.',
      details: { field: 'expected', resource },
    });
  }
  const changes = fieldChanges(wanted, actual).filter(({ path }) => !isRuled(stored?.type, path));
  const last = facts.drift.get(resource);
  const open = last?.isDrifted ? last : undefined;
  const cleared: NewEvent[] = open
    ? [{ type: 'DriftCleared', data: { finding: open.id, resourceId: open.resourceId } }]
    : [];
  if (changes.length === 0) return cleared;
  if (open && !isOver(open, now) && sameFinding(open, wanted, actual, changes)) return [];
  return [
    ...cleared,
    {
      type: 'DriftDetected',
      data: {
        ...(stored ? { resource: stored.resource } : {}),
        resourceId: stored ? resourceId(stored) : resource,
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

/** With other rules, a finding of the same two states contains other changes. */
const sameFinding = (open: DriftRecord, expected: Json, actual: Json, changes: readonly FieldChange[]): boolean =>
  equalJson(open.expected, expected) &&
  equalJson(open.actual, actual) &&
  open.changes.length === changes.length &&
  open.changes.every(({ path }, index) => path === changes[index]?.path);

/** The top-level field that contains a change: `tags` for `$.tags.Name`; `$` if the whole document differs. */
function topField({ path }: FieldChange): string {
  const [first] = pathSteps(path);
  return typeof first === 'string' ? first : '$';
}
