import type { DriftRuleRecord } from '../../index.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { relative } from '../output/time.js';

export const driftRuleJson = (rule: DriftRuleRecord) => ({
  id: rule.id,
  resource_type: rule.resourceType,
  path: rule.path,
  reason: rule.reason,
  expires_at: rule.expiresAt,
  created_by: rule.createdBy,
  created_at: rule.createdAt,
});

export function driftRulesText(rules: readonly DriftRuleRecord[]): string {
  if (rules.length === 0) return 'No drift rules.';
  return table(
    [
      { title: 'RULE', align: 'right' },
      { title: 'TYPE', flexible: true },
      { title: 'PATH', flexible: true },
      { title: 'REASON', flexible: true },
      { title: 'EXPIRES' },
      { title: 'BY' },
    ],
    rules.map(({ id, resourceType, path, reason, expiresAt, createdBy }) => [
      String(id),
      escapeText(resourceType),
      escapeText(path),
      escapeText(reason),
      expiresAt === null ? 'never' : relative(expiresAt),
      escapeText(createdBy),
    ]),
  );
}
