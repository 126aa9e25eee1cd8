import * as z from 'zod';
import { isIdentity } from '../../events/index.js';
import { equalJson, isJsonObject, type Json, type JsonObject, own, pathStep } from '../../lib/json.js';
import type { ResourceRecord } from '../../store/records.js';
import type { IncomingResource } from '../incoming.js';
import { isResource, type PulumiResource } from './format.js';
import { type Place, withoutMark } from './places.js';
import { secretOutputs, secretPaths } from './secrets.js';
import { addressOfUrn } from './urns.js';

/** The data that a resource keeps besides its outputs, under `metadata.pulumi`. */
export interface Kept {
  /** Its imported fields, except `outputs`, which are the properties, and the inputs that `mirrored` names. */
  readonly fields: PulumiResource;
  /** Its number in the header's order. */
  readonly number: number;
  /** Inputs that equal the output of the same name: they change with it. */
  readonly mirrored?: readonly string[];
  /** It had no `outputs`. */
  readonly bare?: true;
  /** It represents the stack: its outputs are the stack's. */
  readonly root?: true;
}

const keptSchema = z.looseObject({
  fields: z.custom(isResource),
  number: z.int().nonnegative(),
  mirrored: z.array(z.string()).optional(),
  bare: z.literal(true).optional(),
  root: z.literal(true).optional(),
});
const isKept = (value: unknown): value is Kept => keptSchema.safeParse(value).success;

/** Its path in the document. */
const KEPT = '$.metadata.pulumi';

/** @param dependencies addresses */
export function readResource(
  resource: PulumiResource,
  { module, type, name, deleting }: Place,
  number: number,
  dependencies: readonly string[],
  isRoot: boolean,
): IncomingResource {
  const { outputs, ...others } = resource;
  const properties = isJsonObject(outputs) && !isRoot ? outputs : {};
  const { fields, mirrored } = withoutMirrored(others as PulumiResource, properties);
  const kept: Kept = {
    fields: outputs === undefined || isJsonObject(outputs) ? fields : { ...fields, outputs },
    number,
    ...(mirrored.length > 0 ? { mirrored } : {}),
    ...(outputs === undefined ? { bare: true } : {}),
    ...(isRoot ? { root: true } : {}),
  };
  const named = secretOutputs(fields);
  const hidden = [
    ...secretPaths(properties, '$'),
    ...Object.keys(properties).flatMap((key) => (named.has(key) ? [`$${pathStep(key)}`] : [])),
    ...secretPaths(kept as unknown as Json, KEPT),
  ];
  return {
    module,
    type,
    name,
    properties,
    dependencies: [...dependencies],
    state: stateOf(resource),
    metadata: {
      pulumi: kept as unknown as JsonObject,
      // other resources no longer refer to a resource that is to be deleted by its id
      ...(isIdentity(resource.id) && !deleting ? { identity: resource.id } : {}),
      sensitive: [...new Set(hidden)].sort(),
    },
  };
}

function withoutMirrored(
  fields: PulumiResource,
  outputs: JsonObject,
): { readonly fields: PulumiResource; readonly mirrored: readonly string[] } {
  const { inputs } = fields;
  if (!isJsonObject(inputs)) return { fields, mirrored: [] };
  const isMirrored = ([key, value]: [string, Json]): boolean => equalJson(value, own(outputs, key));
  const all = Object.entries(inputs);
  return {
    fields: { ...fields, inputs: Object.fromEntries(all.filter((entry) => !isMirrored(entry))) },
    mirrored: all.filter(isMirrored).map(([key]) => key),
  };
}

/** The state of the real resource, as far as Pulumi knows it. */
export function stateOf({ delete: deleting, pendingReplacement, taint, initErrors }: JsonObject): string {
  if (deleting === true) return 'deposed';
  if (pendingReplacement === true) return 'pending';
  if (taint === true) return 'tainted';
  return Array.isArray(initErrors) && initErrors.length > 0 ? 'failed' : 'applied';
}

/** The data from an import. Metadata that was copied from another resource, or is invalid, does not count. */
export function keptOf({ address, value }: ResourceRecord): Kept | undefined {
  const kept = isJsonObject(value.metadata) ? value.metadata.pulumi : undefined;
  if (!isKept(kept)) return undefined;
  const { urn, delete: deleting } = kept.fields;
  const own = deleting === true ? withoutMark(address) : address;
  return own === addressOfUrn(urn) ? kept : undefined;
}

/** The sensitive paths in its properties. */
export const hiddenProperties = (hidden: readonly string[]): string[] =>
  hidden.filter((path) => path !== KEPT && !path.startsWith(`${KEPT}.`));
