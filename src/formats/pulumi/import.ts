import { isJsonObject, type JsonObject } from '../../lib/json.js';
import type { StateView } from '../../queries/state.js';
import { otherLineage, planImport, type Succession } from '../document-command.js';
import type { Apply, Incoming } from '../incoming.js';
import { deploymentOf, type PulumiResource, placeOf } from './format.js';
import { type Header, headerOf, splitDocument } from './header.js';
import { orderText } from './order.js';
import { readOutputs } from './outputs.js';
import { canBeTarget, placesOf, resolver } from './places.js';
import { keptOf, readResource } from './resources.js';
import { dependencyUrns, parseUrn, STACK_TYPE } from './urns.js';

/**
 * The command that takes a Pulumi deployment or checkpoint into a stack.
 * @param document what {@link parsePulumi} returned
 * @param what names the file in errors
 * @param current the stack as it is, if there is one
 * @throws ConflictError for one of another stack, one that is older, or one of the same time where the stack was changed here
 *   since, unless forced
 */
export function importPulumi(
  stack: string,
  document: JsonObject,
  what: string,
  current: StateView | undefined,
  force: boolean,
): Apply {
  return planImport(stack, readState(document, what, current), current, succession, force);
}

function readState(whole: JsonObject, what: string, current: StateView | undefined): Incoming {
  const { resources, ...split } = splitDocument(whole);
  const list = `${placeOf(whole)}.resources`;
  const places = placesOf(resources, list, what);
  const { numberOf, next } = numbering(current);
  const numbers = places.map(({ address }) => numberOf(address));
  const rootIndex = places.findIndex(({ type, module, deleting }) => type === STACK_TYPE && module === '' && !deleting);
  const resolve = resolver(places);
  const header: Header = { ...split, order: orderText(numbers), next: next() };
  return {
    format: 'pulumi',
    lineage: lineageOf(whole, resources) ?? knownOrigin(current)?.lineage ?? '',
    serial: serialOf(whole),
    header: header as unknown as JsonObject,
    resources: places.map((place, index) => {
      const resource = resources[index] as PulumiResource;
      const targets = dependencyUrns(resource).flatMap((urn) => resolve(urn, place) ?? []);
      const dependencies = new Set(targets.filter((address) => address !== place.address && canBeTarget(address)));
      return readResource(resource, place, numbers[index] as number, [...dependencies], index === rootIndex);
    }),
    outputs: readOutputs(resources[rootIndex], `${list}.${rootIndex}`, what),
  };
}

const knownOrigin = (current: StateView | undefined) => {
  const origin = current?.document.origin;
  return origin?.format === 'pulumi' ? origin : undefined;
};

/** The numbers that the order is told by: a resource keeps its own, others get the next. */
function numbering(current: StateView | undefined) {
  const known = new Map<string, number>();
  for (const resource of current?.resources ?? []) {
    const kept = keptOf(resource);
    if (kept) known.set(resource.address, kept.number);
  }
  const { next: first } = headerOf(knownOrigin(current));
  let next = [...known.values()].reduce((most, number) => Math.max(most, number + 1), first);
  return {
    numberOf: (address: string): number => {
      const number = known.get(address) ?? next;
      if (number === next) next += 1;
      return number;
    },
    next: () => next,
  };
}

/** `STACK::PROJECT` of the first resource, or of what was under way; undefined where there is neither. */
function lineageOf(document: JsonObject, resources: readonly PulumiResource[]): string | undefined {
  const deployment = deploymentOf(document);
  const pending = isJsonObject(deployment) ? deployment.pending_operations : undefined;
  const operations = Array.isArray(pending) ? (pending as readonly JsonObject[]) : [];
  const urns = [...resources, ...operations.map((operation) => (isJsonObject(operation) ? operation.resource : null))];
  for (const item of urns) {
    const urn = isJsonObject(item) && typeof item.urn === 'string' ? parseUrn(item.urn) : undefined;
    if (urn) return urn.lineage;
  }
  return undefined;
}

/** Pulumi counts nothing, but says when: milliseconds since 1970 of the manifest's time; 0 without one. */
function serialOf(document: JsonObject): number {
  const deployment = deploymentOf(document);
  const manifest = isJsonObject(deployment) ? deployment.manifest : undefined;
  const time = isJsonObject(manifest) ? manifest.time : undefined;
  return Math.max(0, (typeof time === 'string' && Date.parse(time)) || 0);
}

/** A deployment follows another of the same stack unless it is older. */
const succession: Succession = (incoming, known, current, unchanged) => {
  const { name } = current.stack;
  if (known.lineage !== '' && known.lineage !== incoming.lineage) return otherLineage(incoming, known, current);
  const [held, given] = [known, incoming].map(({ serial }) => new Date(serial).toISOString());
  if (incoming.serial < known.serial) {
    return ['DEPLOYMENT_OLDER', `stack "${name}" holds the deployment of ${held}, this one is of ${given}`];
  }
  // `pulumi state` edits a deployment and leaves its time as it is.
  if (incoming.serial === known.serial && !unchanged && current.version !== known.version) {
    return ['STACK_CHANGED', `stack "${name}" was changed here since it took in the deployment of ${held}`];
  }
  return undefined;
};
