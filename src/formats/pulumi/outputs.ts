import { isJsonObject, type JsonObject } from '../../lib/json.js';
import { checkShape } from '../../lib/parse-input.js';
import { name } from '../../lib/text.js';
import type { OutputRecord } from '../../store/records.js';
import type { IncomingOutput } from '../incoming.js';
import { type PulumiResource, problem } from './format.js';
import { holdsSecret, sealed, secretOutputs } from './secrets.js';

const outputName = name(1024);

/**
 * The stack's outputs: those of the resource that represents it.
 * @param path names the resource in errors, `what` the file
 * @throws InvalidInputError for a name that no output here can have
 */
export function readOutputs(root: PulumiResource | undefined, path: string, what: string): IncomingOutput[] {
  if (!root || !isJsonObject(root.outputs)) return [];
  const secret = secretOutputs(root);
  return Object.entries(root.outputs).map(([key, value]) => {
    const issue = checkShape(outputName, key).error?.issues[0];
    if (issue) throw problem(what, `${path}.outputs`, `${JSON.stringify(key)} of "${root.urn}" ${issue.message}`);
    return { name: key, value, sensitive: secret.has(key) || holdsSecret(value), metadata: null };
  });
}

export function writeOutputs(outputs: readonly OutputRecord[], root: JsonObject): JsonObject {
  const known = secretOutputs(root);
  return Object.fromEntries(
    outputs.map(({ name: key, value, sensitive }) => [
      key,
      sensitive && !known.has(key) && !holdsSecret(value) ? sealed(value) : value,
    ]),
  );
}
