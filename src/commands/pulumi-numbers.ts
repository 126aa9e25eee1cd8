import { type Origin, resourceAddress } from '../events/index.js';
import { isJsonObject, type Json } from '../lib/json.js';
import type { Facts } from '../store/facts.js';
import type { ResourceInput } from './resource-input.js';
import type { Succession } from './succession.js';

/**
 * The order of a deployment's resources, as numbers that each resource gets at its first import: `1-500,502,501`. Pulumi's
 * order differs from run to run. It is stored outside of the resources, so that inserting one resource does not change the
 * others.
 */
export function orderText(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run && run[1] + 1 === number) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

interface Deployment {
  readonly succession: Succession;
  readonly resources: readonly ResourceInput[];
}

/**
 * A deployment as the next one of a stack: each resource keeps its number in the stack, others get the next free ones, and a
 * deployment without a stack takes the stored one.
 */
export function withKnownNumbers(
  { succession, resources }: Deployment,
  known: Origin | null,
  facts: Facts,
): Deployment {
  const before = known?.format === 'pulumi' ? known : undefined;
  const first = before && isNumber(before.header.next) ? before.header.next : 1;
  const kept = keptNumbers(resources, facts);
  let next = [...kept.values()].reduce((most, number) => Math.max(most, number + 1), first);
  const numbers = resources.map((_, index) => {
    const number = kept.get(index) ?? next;
    if (number === next) next += 1;
    return number;
  });
  return {
    succession: {
      ...succession,
      lineage: succession.lineage || (before?.lineage ?? ''),
      header: { ...succession.header, order: orderText(numbers), next },
    },
    resources: resources.map((resource, index) => withNumber(resource, numbers[index] as number)),
  };
}

/** By the index of the resource. No number is used twice: metadata can be copied from one resource to another. */
function keptNumbers(resources: readonly ResourceInput[], facts: Facts): ReadonlyMap<number, number> {
  const kept = new Map<number, number>();
  const taken = new Set<number>();
  for (const [index, resource] of resources.entries()) {
    const metadata = facts.resources.get(resourceAddress(resource))?.value?.metadata;
    const number = isJsonObject(metadata) && isJsonObject(metadata.pulumi) ? metadata.pulumi.number : undefined;
    if (!isNumber(number) || taken.has(number)) continue;
    taken.add(number);
    kept.set(index, number);
  }
  return kept;
}

const isNumber = (value: Json | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function withNumber(resource: ResourceInput, number: number): ResourceInput {
  const { metadata } = resource;
  if (!isJsonObject(metadata) || !isJsonObject(metadata.pulumi)) return resource;
  return { ...resource, metadata: { ...metadata, pulumi: { ...metadata.pulumi, number } } };
}
