import * as z from 'zod';
import type { Origin } from '../../events/index.js';
import { isJsonObject, type JsonObject } from '../../lib/json.js';
import { given } from '../given.js';
import { deploymentOf, isDocument, type PulumiResource, withDeployment } from './format.js';
import { ORDER } from './order.js';

/** What the stack keeps of the document itself: all but its resources. Only a shuffled order grows with their number. */
export interface Header {
  /** The document, without `resources` in its deployment. */
  readonly document: JsonObject;
  /** What stood in place of the list of resources, where there was none. */
  readonly noList?: 'null' | 'absent';
  /** Which resource comes after which; see `orderText`. */
  readonly order: string;
  /** The number for the next resource that is seen first. None is given twice: a rollback may bring its owner back. */
  readonly next: number;
}

/** Of a stack that never was Pulumi's. */
const MADE_HERE: Header = { document: { version: 3, deployment: null }, order: '', next: 1 };

const headerSchema = z.strictObject({
  document: z.custom(isDocument),
  noList: z.enum(['null', 'absent']).optional(),
  order: z.string().regex(ORDER),
  next: z.int().nonnegative(),
});

/** What an import kept. A stack that was made here has none, nor does one whose header somebody else wrote. */
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
  return withDeployment(document, { ...given({ manifest: known, secrets_providers, resources: list }), ...rest });
}
