import * as z from 'zod';
import { NotFoundError } from '../lib/errors.js';
import { pathSteps } from '../lib/json-path.js';
import { covers, matchesText, parsePattern } from '../lib/path-pattern.js';
import { name, prose } from '../lib/text.js';
import type { DriftRuleRecord } from '../store/records.js';
import { defineCommand, stackRef } from './command.js';
import { checkExpiry } from './drift-finding.js';

/** Excludes differences at such paths of such resources from drift from now on. An existing equal rule stays as it is. */
export const addDriftRule = defineCommand({
  schema: z.strictObject({
    type: z.literal('addDriftRule'),
    stack: stackRef,
    /** A pattern: `aws_*`. `*` alone also matches findings without a resource in the stack. */
    resourceType: name().default('*'),
    /** A pattern: `tags.aws:*`, `**.etag`; `$` for the whole document, also if the resource is gone. */
    path: name(2048),
    reason: prose().refine((text) => text.trim() !== '', 'must give a reason why such differences are not drift'),
    expiresAt: z.iso.datetime({ precision: 3 }).nullable().default(null),
  }),
  kind: 'add drift rule',
  target: 'live',
  lock: 'free',
  facts: ({ stack }) => ({ stack, driftRules: true }),
  decide: ({ resourceType, path, reason, expiresAt }, { driftRules }, { now }) => {
    parsePattern(path, 'path');
    checkExpiry(expiresAt, now);
    const stands = driftRules.some(
      (rule) =>
        rule.resourceType === resourceType &&
        rule.path === path &&
        rule.reason === reason &&
        rule.expiresAt === expiresAt,
    );
    return stands ? [] : [{ type: 'DriftRuleAdded', data: { resourceType, path, reason, expiresAt } }];
  },
});

export const removeDriftRule = defineCommand({
  schema: z.strictObject({
    type: z.literal('removeDriftRule'),
    stack: stackRef,
    /** The rule's number: the position of the event that added it. */
    rule: z.int().positive(),
    reason: prose().default(''),
  }),
  kind: 'remove drift rule',
  target: 'live',
  lock: 'free',
  facts: ({ stack }) => ({ stack, driftRules: true }),
  decide: ({ stack, rule, reason }, { driftRules }) => {
    if (!driftRules.some(({ id }) => id === rule)) {
      throw new NotFoundError('DRIFT_RULE_NOT_FOUND', `stack "${stack}" has no drift rule ${rule}`, {
        hint: `List its rules with: sloth-runner stack state drift rules list ${stack}`,
        details: { stack, rule },
      });
    }
    return [{ type: 'DriftRuleRemoved', data: { rule, reason } }];
  },
});

/** Whether a rule in force excludes a difference at a path. @param type undefined if there is no such resource */
export type IsRuled = (type: string | undefined, path: string) => boolean;

export function rulesInForce(rules: readonly DriftRuleRecord[], now: string): IsRuled {
  const inForce = rules
    .filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    .map(({ resourceType, path }) => ({ resourceType, pattern: parsePattern(path, 'path') }));
  return (type, path) => {
    const steps = pathSteps(path);
    return inForce.some(
      ({ resourceType, pattern }) =>
        (type === undefined ? resourceType === '*' : matchesText(resourceType, type)) && covers(pattern, steps),
    );
  };
}
