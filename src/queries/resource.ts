import { NotFoundError } from '../lib/errors.js';
import type { At, Page } from '../store/event-store.js';
import type { Program } from '../store/program.js';
import type { ResourceRecord, StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { stackMoment } from './at.js';

export const resourceMissing = (stack: string, ref: string): NotFoundError =>
  new NotFoundError('RESOURCE_NOT_FOUND', `no resource "${ref}" in stack "${stack}" there`, {
    hint: `List the resources with: sloth-runner stack resource list ${stack}`,
    details: { stack, resource: ref },
  });

/** One resource, by address or id, now or at a past position. */
export function* readResource(
  s: Snapshot,
  stackRef: string,
  ref: string,
  at?: At,
): Program<{ readonly stack: StackRecord; readonly resource: ResourceRecord }> {
  const { stack, version, past } = yield* stackMoment(s, stackRef, at);
  const asOf = past ? version : undefined;
  const resource =
    (yield* s.resourcesOf(stack.stream, [ref], asOf)).get(ref) ?? (yield* byId(s, stack.stream, ref, asOf));
  if (!resource) throw resourceMissing(stack.name, ref);
  return { stack, resource };
}

function* byId(s: Snapshot, stream: number, id: string, version?: number): Program<ResourceRecord | undefined> {
  const address = (yield* s.addressesOf(stream, [id])).get(id);
  return address === undefined ? undefined : (yield* s.resourcesOf(stream, [address], version)).get(address);
}

/** The resources of a stack sorted by address, now or at a past position; all of them, or a page. */
export function* readResources(
  s: Snapshot,
  stackRef: string,
  at?: At,
  page?: Page,
): Program<{ readonly stack: StackRecord; readonly version: number; readonly resources: readonly ResourceRecord[] }> {
  const { stack, version, past } = yield* stackMoment(s, stackRef, at);
  return { stack, version, resources: yield* s.resources(stack.stream, past ? version : undefined, page) };
}
