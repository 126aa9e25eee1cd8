import { NotFoundError } from '../lib/errors.js';
import type { At, EventStore, Page } from '../store/event-store.js';
import type { ResourceRecord, StackRecord } from '../store/records.js';
import { stackMoment } from './at.js';

export const resourceMissing = (stack: string, ref: string): NotFoundError =>
  new NotFoundError('RESOURCE_NOT_FOUND', `no resource "${ref}" in stack "${stack}" there`, {
    hint: `List the resources with: sloth-runner stack resource list ${stack}`,
    details: { stack, resource: ref },
  });

/** One resource, by address or id, now or at a moment. */
export async function readResource(
  store: EventStore,
  stackRef: string,
  ref: string,
  at?: At,
): Promise<{ readonly stack: StackRecord; readonly resource: ResourceRecord }> {
  const { stack, version, past } = await stackMoment(store, stackRef, at);
  const asOf = past ? version : undefined;
  const byAddress = await store.resource(stack.stream, ref, asOf);
  const address = byAddress ? ref : await store.resourceAddress(stack.stream, ref);
  const resource = byAddress ?? (address === undefined ? undefined : await store.resource(stack.stream, address, asOf));
  if (!resource) throw resourceMissing(stack.name, ref);
  return { stack, resource };
}

/** The resources of a stack in address order, now or at a moment; all of them, or a page. */
export async function readResources(
  store: EventStore,
  stackRef: string,
  at?: At,
  page?: Page,
): Promise<{ readonly stack: StackRecord; readonly version: number; readonly resources: readonly ResourceRecord[] }> {
  const { stack, version, past } = await stackMoment(store, stackRef, at);
  return { stack, version, resources: await store.resources(stack.stream, past ? version : undefined, page) };
}
