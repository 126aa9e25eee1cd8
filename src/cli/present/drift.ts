import type { DriftInfo } from '../../index.js';
import { colour } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { relative } from '../output/time.js';
import { inline } from './values.js';

/** The columns of the specification's `drift_detections`, with each change. */
export const driftJson = (stackId: string) => (finding: DriftInfo) => ({
  id: finding.id,
  stack_id: stackId,
  resource_id: finding.resourceId,
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

/** The newest finding of each resource. */
export function newest(findings: readonly DriftInfo[]): DriftInfo[] {
  const seen = new Set<string>();
  return findings.filter(({ resourceId }) => !seen.has(resourceId) && seen.add(resourceId));
}

export function driftText(findings: readonly DriftInfo[]): string {
  if (findings.length === 0) return 'No drift recorded.';
  return findings
    .map((finding) => {
      const status = finding.isDrifted ? colour.changed(finding.resolutionStatus) : colour.added('in step');
      const head = `${colour.heading(escapeText(finding.resourceId))}  ${status}  ${relative(finding.detectedAt)}${finding.reason ? `  ${escapeText(finding.reason)}` : ''}`;
      if (!finding.isDrifted) return head;
      const changes = finding.changes.map(
        ({ path, expected, actual }) =>
          `    ${escapeText(path.replace(/^\$\.?/, ''))}: ${colour.added(inline(expected))} → ${colour.removed(inline(actual))}`,
      );
      return [head, ...changes].join('\n');
    })
    .join('\n');
}
