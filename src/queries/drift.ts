import type { At } from '../store/event-store.js';
import type { Program } from '../store/program.js';
import type { DriftRecord, StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { readDrift } from './annotations.js';
import { sensitivePaths } from './sensitive.js';

/** A finding with fields for people. */
export interface FindingView extends DriftRecord {
  /** The resource's address; null if the stack never had a resource with that id. */
  readonly address: string | null;
  /** Masked paths: sensitive when the finding was recorded, or now. */
  readonly hidden: readonly string[];
}

/** From findings sorted newest first, the newest of each resource. */
export function newestFindings<F extends Pick<DriftRecord, 'resourceId'>>(findings: readonly F[]): F[] {
  const seen = new Set<string>();
  return findings.filter(({ resourceId }) => !seen.has(resourceId) && seen.add(resourceId));
}

/**
 * Recorded findings, newest first, as of the requested position.
 * @param newest only the newest of each resource
 */
export function* readFindings(
  s: Snapshot,
  ref: string,
  at: At | undefined,
  newest: boolean,
): Program<{ readonly stack: StackRecord; readonly findings: readonly FindingView[] }> {
  const { stack, findings } = yield* readDrift(s, ref, at);
  const shown = newest ? newestFindings(findings) : findings;
  const ids = new Map(
    shown.flatMap(({ id, resource }) => (resource === null ? [] : [[id, `res-${resource}`] as const])),
  );
  const addresses = yield* s.addressesOf(stack.stream, [...new Set(ids.values())]);
  const now = yield* s.resourcesOf(stack.stream, [...new Set(addresses.values())]);
  const views: FindingView[] = [];
  for (const finding of shown) {
    const address = addresses.get(ids.get(finding.id) ?? '');
    if (address === undefined) {
      views.push({ ...finding, address: null, hidden: [] });
      continue;
    }
    const version = (yield* s.moment(stack.stream, { position: finding.id }))?.version;
    const then = (yield* s.resourcesOf(stack.stream, [address], version)).get(address);
    const hidden = [now.get(address), then].flatMap((one) => sensitivePaths(one?.value.metadata));
    views.push({ ...finding, address, hidden: [...new Set(hidden)] });
  }
  return { stack, findings: views };
}
