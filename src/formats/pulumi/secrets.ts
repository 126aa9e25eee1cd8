import { isJsonObject, type Json, type JsonObject, own, pathStep, stringifyJson } from '../../lib/json.js';
import { isSensitive } from '../../queries/sensitive.js';

/** Pulumi's mark for special objects, and its value for secrets (sdk/go/common/resource/sig). */
const MARK = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';

/** A secret is `{MARK: SECRET, ciphertext}`, or has `plaintext`, JSON as text, if it was exported so. */
const isSecret = (value: Json): boolean => isJsonObject(value) && own(value, MARK) === SECRET;

export function holdsSecret(value: Json): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isSecret(value) || (isJsonObject(value) && Object.values(value).some(holdsSecret));
}

/**
 * The paths of the secrets in a value. An array with a secret is masked as a whole, because items are not identified by
 * index alone.
 */
export function secretPaths(value: Json, path: string): string[] {
  if (isSecret(value)) return [path];
  if (Array.isArray(value)) return holdsSecret(value) ? [path] : [];
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => secretPaths(item, path + pathStep(key)));
}

/** The outputs that are secret although the state does not mark them. */
export function secretOutputs({ additionalSecretOutputs: names }: JsonObject): ReadonlySet<Json> {
  return new Set(Array.isArray(names) ? names : []);
}

/** A value that is secret here, in Pulumi's form: Pulumi encrypts it when it writes its own state. */
export const sealed = (value: Json): JsonObject => ({ [MARK]: SECRET, plaintext: stringifyJson(value) });

/** Marks values as secrets that became secret here, or replaced the value of a secret. */
export function sealHidden(properties: JsonObject, hidden: readonly string[], known: ReadonlySet<Json>): JsonObject {
  if (hidden.length === 0) return properties;
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => {
      const open = isSensitive(`$.properties${pathStep(key)}`, hidden) && !known.has(key) && !holdsSecret(value);
      return [key, open ? sealed(value) : value];
    }),
  );
}
