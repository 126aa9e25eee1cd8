import { orderText } from '../../commands/pulumi-numbers.js';
import { isJsonObject, type JsonObject } from '../../lib/json.js';
import type { Incoming } from '../incoming.js';
import { deploymentOf, type PulumiResource, placeOf } from './format.js';
import { type Header, splitDocument } from './header.js';
import { readOutputs } from './outputs.js';
import { canBeTarget, placesOf, resolver } from './places.js';
import { readResource } from './resources.js';
import { dependencyUrns, parseUrn, STACK_TYPE } from './urns.js';

/**
 * A Pulumi deployment or checkpoint as content of the engine. Its resources are numbered as in a new stack; the command
 * assigns existing resources their numbers.
 * @param whole the result of {@link parsePulumi}
 * @param what names the file in errors
 */
export function readDeployment(whole: JsonObject, what: string): Incoming {
  const { resources, ...split } = splitDocument(whole);
  const list = `${placeOf(whole)}.resources`;
  const places = placesOf(resources, list, what);
  const numbers = places.map((_, index) => index + 1);
  const rootIndex = places.findIndex(({ type, module, deleting }) => type === STACK_TYPE && module === '' && !deleting);
  const resolve = resolver(places);
  const header: Header = { ...split, order: orderText(numbers), next: places.length + 1 };
  return {
    format: 'pulumi',
    lineage: lineageOf(whole, resources) ?? '',
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

/** `STACK::PROJECT` of the first resource, or of a pending operation; undefined if there is neither. */
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

/** Pulumi has no counter, but a time: milliseconds since 1970 of the manifest's time; 0 without one. */
function serialOf(document: JsonObject): number {
  const deployment = deploymentOf(document);
  const manifest = isJsonObject(deployment) ? deployment.manifest : undefined;
  const time = isJsonObject(manifest) ? manifest.time : undefined;
  return Math.max(0, (typeof time === 'string' && Date.parse(time)) || 0);
}
