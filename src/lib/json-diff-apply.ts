import { IntegrityError } from './errors.js';
import { groupBy } from './group-by.js';
import { isJsonObject, type Json, type JsonObject } from './json.js';
import type { FieldChange } from './json-diff.js';
import { type PathStep, pathSteps } from './json-path.js';

/** A change and the steps of its path. */
interface Edit {
  readonly path: string;
  readonly steps: readonly PathStep[];
  readonly after: Json | undefined;
}

/** Identifies a part of a document among its siblings: a key, an index or the identity of an item. */
type Name = string | number;

/**
 * Applies changes to a document; undefined if they remove it. All changes from `fieldChanges(a, b)` make `a` equal to `b`,
 * except for the order of items with an identity: new items come last. With only some of the changes, the rest stays
 * unchanged, and a list has no gaps where items are removed.
 * @throws IntegrityError `CHANGES_DO_NOT_FIT` for changes of another document
 */
export const applyChanges = (document: Json | undefined, changes: readonly FieldChange[]): Json | undefined =>
  applied(
    document,
    changes.map(({ path, after }) => ({ path, steps: pathSteps(path), after })),
    0,
  );

/** @param depth the number of steps to `value` */
function applied(value: Json | undefined, edits: readonly Edit[], depth: number): Json | undefined {
  const [first] = edits;
  if (!first) return value;
  if (first.steps.length === depth) return first.after;
  const byName = groupBy(edits, ({ steps }) => nameOf(steps[depth]));
  const parts = partsOf(value, first, depth);
  const there = new Set(parts.map(([name]) => name));
  const added = [...byName.keys()].filter((name) => !there.has(name)).sort(inOrder);
  const all = [...parts, ...added.map((name) => [name, undefined] as const)].flatMap(([name, part]) => {
    const result = applied(part, byName.get(name) ?? [], depth + 1);
    return result === undefined ? [] : [[name, result] as const];
  });
  return Array.isArray(value) ? all.map(([, part]) => part) : Object.fromEntries(all);
}

const nameOf = (step: PathStep | undefined): Name => (typeof step === 'object' ? step.id : (step ?? ''));

/** Indexes in numerical order; paths are sorted as text. */
const inOrder = (a: Name, b: Name): number => (typeof a === 'number' && typeof b === 'number' ? a - b : 0);

/** The parts of a value, named as in the edits. */
function partsOf(value: Json | undefined, { path, steps }: Edit, depth: number): (readonly [Name, Json])[] {
  const step = steps[depth];
  if (typeof step === 'string' && isJsonObject(value)) return Object.entries(value);
  if (typeof step === 'number' && Array.isArray(value)) return [...value.entries()];
  if (typeof step === 'object' && Array.isArray(value)) {
    return value.map((item: Json, index) => {
      const id = (item as JsonObject | null)?.[step.field];
      return [typeof id === 'string' ? id : index, item] as const;
    });
  }
  throw new IntegrityError('CHANGES_DO_NOT_FIT', `the document has no place for a change at ${path}`, {
    details: { path },
  });
}
