import * as z from 'zod';
import type { Origin } from '../../events/index.js';
import { isJsonObject, type JsonObject } from '../../lib/json.js';
import { definedFields } from '../defined-fields.js';
import { deploymentOf, isDocument, type PulumiResource, withDeployment } from './format.js';
import { ORDER } from './order.js';

/**
 * The parts of the document that the stack keeps: everything except its resources. Only an unsorted order grows with their
 * number.
 */
export interface Header {
  /** The document, without `resources` in its deployment. */
  readonly document: JsonObject;
  /** The value that the document had instead of a list of resources. */
  readonly noList?: 'null' | 'absent';
  /** The order of the resources; see `orderText`. */
  readonly order: string;
  /** The number for the next new resource. No number is reused: a rollback may restore its owner. */
  readonly next: number;
}

/** For a stack that did not come from Pulumi. */
const MADE_HERE: Header = { document: { version: 3, deployment: null }, order: '', next: 1 };

const headerSchema = z.strictObject({
  document: z.custom(isDocument),
  noList: z.enum(['null', 'absent']).optional(),
  order: z.string().regex(ORDER),
  next: z.int().nonnegative(),
});

/** The header from an import. A stack that was created here has none, nor does one whose header somebody else wrote. */
export const headerOf = (imported: Origin | undefined): Header =>
  imported && headerSchema.safeParse(imported.header).success ? (imported.header as unknown as Header) : MADE_HERE;

export function splitDocument(
  document: JsonObject,
): Pick<Header, 'document' | 'noList'> & { readonly resources: readonly PulumiResource[] } {
  const deployment = deploymentOf(document);
  if (!isJsonObject(deployment)) return { document, noList: 'absent', resources: [] };
  const { resources, ...rest } = deployment;
  const list = (resources ?? []) as readonly PulumiResource[];
  return {
    document: withDeployment(document, rest),
    ...(resources === undefined ? { noList: 'absent' } : resources === null ? { noList: 'null' } : {}),
    resources: list,
  };
}

/** @param manifest for a stack that never had a deployment */
export function joinDocument(
  { document, noList }: Header,
  resources: readonly JsonObject[],
  manifest: JsonObject,
): JsonObject {
  const deployment = deploymentOf(document);
  const isEmpty = resources.length === 0;
  if (!isJsonObject(deployment)) {
    return isEmpty ? document : withDeployment(document, { manifest, resources });
  }
  const { manifest: known, secrets_providers, ...rest } = deployment;
  const list = isEmpty && noList ? (noList === 'null' ? null : undefined) : resources;
  return withDeployment(document, {
    ...definedFields({ manifest: known, secrets_providers, resources: list }),
    ...rest,
  });
}
