import { isJsonObject, type Json } from '../../src/kernel/json.js';
import type { FieldChange } from '../../src/kernel/json-diff.js';

type Step = string | number | { readonly field: string; readonly id: string };

const STEP =
  /\.([\p{L}_$][\p{L}\p{N}_$-]*)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|\[\?\(@\.(id|key|name)==("(?:[^"\\]|\\.)*")\)\]/uy;

/** Reads a path as differences write them; an independent reading of RFC 9535's normalized paths and our keyed items. */
function stepsOf(path: string): Step[] {
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const at = STEP.lastIndex;
    const found = STEP.exec(path);
    if (!found) throw new Error(`cannot read ${path} at ${at}`);
    const [, plain, quoted, index, field, id] = found;
    if (field !== undefined) steps.push({ field, id: JSON.parse(id as string) as string });
    else if (index !== undefined) steps.push(Number(index));
    else steps.push(plain ?? (JSON.parse(quoted as string) as string));
  }
  return steps;
}

const GONE = Symbol('gone');
type Part = { [key: string | number]: unknown };

const copied = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copied);
  if (!isJsonObject(value)) return value;
  const copy: Part = Object.create(null);
  for (const [key, item] of Object.entries(value)) copy[key] = copied(item);
  return copy;
};

function swept(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== GONE).map(swept);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== GONE);
  return Object.fromEntries(entries.map(([key, item]) => [key, swept(item)]));
}

/** Does to a document what a difference says. Where the items of a list are told apart by a field, new ones come last. */
export function applyChanges(before: Json, changes: readonly FieldChange[]): Json {
  let root = copied(before);
  for (const change of changes) {
    const after = 'after' in change ? copied(change.after) : GONE;
    const steps = stepsOf(change.path);
    const last = steps.pop();
    if (last === undefined) {
      root = after;
      continue;
    }
    const holder = steps.reduce<unknown>((part, step) => (part as Part)[placeOf(part, step)], root) as Part;
    holder[placeOf(holder, last)] = after;
  }
  return swept(root) as Json;
}

function placeOf(part: unknown, step: Step): string | number {
  if (typeof step !== 'object') return step;
  const items = part as Part[];
  const found = items.findIndex((item) => (item as unknown) !== GONE && item[step.field] === step.id);
  return found < 0 ? items.length : found;
}

/** The document with lists in an order of their own where every item has an identity: a difference says nothing of it. */
export function unordered(value: Json): Json {
  if (Array.isArray(value)) {
    const items = value.map(unordered);
    for (const field of ['id', 'key', 'name']) {
      const ids = items.map((item) => (item as unknown as Part | null)?.[field]);
      const unique = new Set(ids).size === items.length && ids.every((id) => typeof id === 'string');
      if (unique)
        return items
          .map((item, n) => [ids[n] as string, item] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([, item]) => item);
    }
    return items;
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unordered(item as Json)]));
}
