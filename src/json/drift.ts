import type { DriftCheck, DriftInfo, StackRecord } from '../index.js';

/** The columns of the specification's `drift_detections`, with each change. */
export const driftJson = (stackId: string) => (finding: DriftInfo) => ({
  id: finding.id,
  stack_id: stackId,
  resource_id: finding.resourceId,
  address: finding.address,
  detected_at: finding.detectedAt,
  expected_state: finding.expected,
  actual_state: finding.actual,
  drift_fields: finding.driftedFields,
  is_drifted: finding.isDrifted,
  resolution_status: finding.resolutionStatus,
  resolved_at: finding.resolvedAt,
  reason: finding.reason,
  changes: finding.changes,
});

/** `passed_over`: the source has no observation of them; `failed`: with the reason of each. */
export const checkJson = ({ compared, passedOver, passedOverResources, failed, receipt }: DriftCheck) => ({
  compared,
  not_compared: passedOver + failed.length,
  not_looked_at: passedOver,
  passed_over: passedOverResources,
  failed,
  recorded_events: receipt?.events ?? 0,
});

/** Findings of a stack, and the result of the comparison that was made for them. */
export const driftsJson = (
  { stack, findings }: { stack: StackRecord; findings: readonly DriftInfo[] },
  check?: DriftCheck,
) => ({
  stack_id: stack.id,
  ...(check ? { check: checkJson(check) } : {}),
  drift: findings.map(driftJson(stack.id)),
});
