import type { DriftCheck, DriftInfo } from '../../index.js';
import { colour } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { relative } from '../output/time.js';
import { HIDDEN, shown, shownPath } from './values.js';

export const isPending = ({ isDrifted, resolutionStatus }: DriftInfo): boolean =>
  isDrifted && resolutionStatus === 'pending';

/** The maximum number of resources listed as not known to the source. */
const LISTED = 20;

/** One line with the numbers of compared and not compared resources, and the reasons for the latter. */
export function checkText({ compared, passedOver, passedOverResources, failed }: DriftCheck): string {
  const missing = passedOver + failed.length;
  const counts = [`${compared} compared`, ...(missing > 0 ? [colour.removed(`${missing} not compared`)] : [])];
  const failures = failed.map(
    ({ resource, error }) => `  ${escapeText(resource)}: ${colour.removed(escapeText(error))}`,
  );
  const silent = passedOverResources
    .slice(0, LISTED)
    .map((resource) => `  ${escapeText(resource)}: the source has no data for it`);
  const more = passedOver > LISTED ? [`  … and ${passedOver - LISTED} more`] : [];
  return [counts.join(', '), ...failures, ...silent, ...more].join('\n');
}

/** A table with a line for each field that differs, grouped by resource. */
export function driftText(findings: readonly DriftInfo[]): string {
  if (findings.length === 0) return 'No drift recorded.';
  const columns = [
    { title: 'RESOURCE', flexible: true },
    { title: 'FIELD', flexible: true },
    { title: 'EXPECTED', flexible: true },
    { title: '' },
    { title: 'ACTUAL', flexible: true },
    { title: 'STATUS' },
    { title: 'FOUND' },
    { title: 'REASON', flexible: true },
  ];
  return table(columns, findings.flatMap(rows));
}

function rows(finding: DriftInfo): string[][] {
  const name = colour.heading(escapeText(finding.address ?? finding.resourceId));
  const status = finding.isDrifted ? colour.changed(finding.resolutionStatus) : colour.added('in step');
  const rest = [status, relative(finding.detectedAt), escapeText(finding.reason ?? '')];
  if (!finding.isDrifted) return [[name, '', '', '', '', ...rest]];
  return finding.changes.map((change, index) => [
    index === 0 ? name : '',
    change.path === '$' ? '(all)' : shownPath(change.path),
    colour.removed(side(change, 'expected', finding)),
    '→',
    colour.added(side(change, 'actual', finding)),
    ...(index === 0 ? rest : ['', '', '']),
  ]);
}

/** One side of a change; empty for a resource that is gone. */
function side(
  change: DriftInfo['changes'][number],
  which: 'expected' | 'actual',
  { actual, hidden }: DriftInfo,
): string {
  if (change.path === '$' && hidden.length > 0 && which === 'expected') return HIDDEN;
  if (change.path === '$' && which === 'actual' && actual === null) return '(gone)';
  return change[which] === undefined ? '(none)' : shown(change[which], change.path, hidden);
}

/** The outcome for a resource, in one line with the time. */
export function changeLine(finding: DriftInfo): string {
  const name = colour.heading(escapeText(finding.address ?? finding.resourceId));
  if (!finding.isDrifted) return `${finding.resolvedAt ?? finding.detectedAt}  ${name}  ${colour.added('in step')}`;
  const fields = finding.driftedFields.map((field) => (field === '$' ? '(all)' : escapeText(field))).join(', ');
  return `${finding.detectedAt}  ${name}  ${colour.changed('drifted')}: ${fields}`;
}
