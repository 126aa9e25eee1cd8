import type { Json, JsonObject } from '../lib/json.js';

/** The paths within its properties (`$.input.password`) that a resource's metadata names as sensitive. */
export function sensitivePaths(metadata: Json | undefined): readonly string[] {
  const paths = (metadata as JsonObject | null | undefined)?.sensitive;
  return Array.isArray(paths) ? paths.filter((path): path is string => typeof path === 'string') : [];
}

/** Paths in a stack's document that are not shown: what another tool keeps beside its resources may hold secrets. */
export const HIDDEN_OF_STACK: readonly string[] = ['$.origin.header'];

/**
 * Whether a field must not be shown: it is hidden, lies in something hidden, or holds it.
 * @param path as in a difference: `$.properties.input.password`
 */
export function isSensitive(path: string, hidden: readonly string[]): boolean {
  const field = path.replace(/^\$\.properties/, '$');
  return hidden.some((secret) => within(field, secret) || within(secret, field));
}

const within = (path: string, outer: string): boolean =>
  path === outer || outer === '$' || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
