import type { DriftRuleRecord } from '../../index.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { relative } from '../output/time.js';

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
