import type { Json, JsonObject } from '../lib/json.js';

/** The paths within its properties (`$.input.password`) that a resource's metadata marks as sensitive. */
export function sensitivePaths(metadata: Json | undefined): readonly string[] {
  const paths = (metadata as JsonObject | null | undefined)?.sensitive;
  return Array.isArray(paths) ? paths.filter((path): path is string => typeof path === 'string') : [];
}

/** Masked paths in the stack fields: data that another tool keeps besides its resources may contain secrets. */
export const HIDDEN_OF_STACK: readonly string[] = ['$.origin.header'];

/**
 * Whether a field must be masked: it is hidden, is part of something hidden, or contains it.
 * @param path as in a difference: `$.properties.input.password`
 */
export function isSensitive(path: string, hidden: readonly string[]): boolean {
  const field = path.replace(/^\$\.properties/, '$');
  let part: Part | undefined = partsOf(hidden);
  if (field === '$') return hidden.length > 0;
  if (part.inner.get('$')?.isHidden) return true;
  for (const step of stepsOf(field)) {
    part = part.inner.get(step);
    if (!part) return false;
    if (part.isHidden) return true;
  }
  return true;
}

/** Paths as a tree of their steps: looking up a path takes time linear in its length, however many are hidden. */
interface Part {
  isHidden: boolean;
  readonly inner: Map<string, Part>;
}

const newPart = (): Part => ({ isHidden: false, inner: new Map() });

const stepsOf = (path: string): string[] => path.split(/(?=[.[])/);

const known = new WeakMap<readonly string[], Part>();

function partsOf(hidden: readonly string[]): Part {
  const there = known.get(hidden);
  if (there) return there;
  const all = newPart();
  for (const secret of hidden) {
    let part = all;
    for (const step of stepsOf(secret)) {
      const inner = part.inner.get(step) ?? newPart();
      part.inner.set(step, inner);
      part = inner;
    }
    part.isHidden = true;
  }
  known.set(hidden, all);
  return all;
}
