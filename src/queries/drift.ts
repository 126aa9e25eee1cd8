import type { At, EventStore } from '../store/event-store.js';
import type { DriftRecord, StackRecord } from '../store/records.js';
import { readDrift } from './annotations.js';
import { sensitivePaths } from './sensitive.js';

/** A finding, with what people need to read it. */
export interface FindingView extends DriftRecord {
  /** The resource's address; null where the stack never held a resource of that id. */
  readonly address: string | null;
  /** Paths that must not be shown: sensitive when it was found, or now. */
  readonly hidden: readonly string[];
}

/** Of findings in the order of time, newest first, the newest of each resource. */
export function newestFindings<F extends Pick<DriftRecord, 'resourceId'>>(findings: readonly F[]): F[] {
  const seen = new Set<string>();
  return findings.filter(({ resourceId }) => !seen.has(resourceId) && seen.add(resourceId));
}

/**
 * Recorded findings, newest first, as they stood at the moment asked for.
 * @param newest only the newest of each resource
 */
export async function readFindings(
  store: EventStore,
  ref: string,
  at: At | undefined,
  newest: boolean,
): Promise<{ readonly stack: StackRecord; readonly findings: readonly FindingView[] }> {
  const { stack, findings } = await readDrift(store, ref, at);
  const views: FindingView[] = [];
  for (const finding of newest ? newestFindings(findings) : findings)
    views.push(await view(store, stack.stream, finding));
  return { stack, findings: views };
}

async function view(store: EventStore, stream: number, finding: DriftRecord): Promise<FindingView> {
  const number = finding.resource === null ? undefined : `res-${finding.resource}`;
  const address = number === undefined ? undefined : await store.resourceAddress(stream, number);
  if (address === undefined) return { ...finding, address: null, hidden: [] };
  const then = await store.moment(stream, { position: finding.id });
  const both = [await store.resource(stream, address), await store.resource(stream, address, then?.version)];
  return { ...finding, address, hidden: [...new Set(both.flatMap((one) => sensitivePaths(one?.value.metadata)))] };
}
