import type { DriftRuleRecord, StackRecord } from '../index.js';

const driftRuleJson = (rule: DriftRuleRecord) => ({
  id: rule.id,
  resource_type: rule.resourceType,
  path: rule.path,
  reason: rule.reason,
  expires_at: rule.expiresAt,
  created_by: rule.createdBy,
  created_at: rule.createdAt,
});

export const driftRulesJson = ({ stack, rules }: { stack: StackRecord; rules: readonly DriftRuleRecord[] }) => ({
  stack_id: stack.id,
  rules: rules.map(driftRuleJson),
});
