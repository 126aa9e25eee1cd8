import { isJsonObject, type Json, type JsonObject, own, pathStep, stringifyJson } from '../../lib/json.js';
import { isSensitive } from '../../queries/sensitive.js';

/** How Pulumi marks an object that is no plain one, and its mark for secrets (sdk/go/common/resource/sig). */
const MARK = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';

/** A secret stands as `{MARK: SECRET, ciphertext}`, or with `plaintext`, JSON as text, where it was exported so. */
const isSecret = (value: Json): boolean => isJsonObject(value) && own(value, MARK) === SECRET;

export function holdsSecret(value: Json): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isSecret(value) || (isJsonObject(value) && Object.values(value).some(holdsSecret));
}

/** The paths of the secrets in a value. An array that holds one hides as a whole: items are told by more than their index. */
export function secretPaths(value: Json, path: string): string[] {
  if (isSecret(value)) return [path];
  if (Array.isArray(value)) return holdsSecret(value) ? [path] : [];
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => secretPaths(item, path + pathStep(key)));
}

/** The outputs that are secret though the state does not write them so. */
export function secretOutputs({ additionalSecretOutputs: names }: JsonObject): ReadonlySet<Json> {
  return new Set(Array.isArray(names) ? names : []);
}

/** What is secret here, as Pulumi reads it: it encrypts it when it writes its own state. */
export const sealed = (value: Json): JsonObject => ({ [MARK]: SECRET, plaintext: stringifyJson(value) });

/** Seals what became secret here, or became another value in the place of a secret. */
export function sealHidden(properties: JsonObject, hidden: readonly string[], known: ReadonlySet<Json>): JsonObject {
  if (hidden.length === 0) return properties;
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => {
      const open = isSensitive(`$.properties${pathStep(key)}`, hidden) && !known.has(key) && !holdsSecret(value);
      return [key, open ? sealed(value) : value];
    }),
  );
}
