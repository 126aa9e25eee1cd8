import { diff, type IChange } from 'json-diff-ts';
import {
  canonicalNumber,
  equalJson,
  isJsonObject,
  isNumber,
  type Json,
  type JsonObject,
  own,
  pathStep,
} from '../../src/lib/json.js';
import type { FieldChange } from '../../src/lib/json-diff.js';

const IDENTITY_FIELDS = ['id', 'key', 'name'] as const;

/** Differences as json-diff-ts finds them between aligned documents: for small ones, as it takes quadratic time. */
export function fieldChangesByLibrary(before: Json | undefined, after: Json | undefined): FieldChange[] {
  if (!isJsonObject(before) || !isJsonObject(after)) return equalJson(before, after) ? [] : [side('$', before, after)];
  const pair: Pair = { old: {}, now: {}, before: new Map(), after: new Map() };
  alignObjects('$', before, after, pair);
  return changedPaths(diff(pair.old, pair.now), '$')
    .sort((a, b) => (a < b ? -1 : 1))
    .map((path) => side(path, pair.before.get(path), pair.after.get(path)));
}

const side = (path: string, before: Json | undefined, after: Json | undefined): FieldChange => ({
  path,
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});

const changedPaths = (changes: readonly IChange[], path: string): string[] =>
  changes.flatMap(({ key, changes: inner }) => (inner ? changedPaths(inner, path + key) : [path + key]));

/**
 * The input of the diff library: nested objects of texts, whose keys are steps of a path. It must get neither arrays (it
 * matches items by dotted key paths, which can be ambiguous), nor number objects, nor `__proto__`.
 */
interface Tree {
  [step: string]: Tree | string;
}

/** Two aligned trees, and the values of their leaves, by path. */
interface Pair {
  readonly old: Tree;
  readonly now: Tree;
  readonly before: Map<string, Json>;
  readonly after: Map<string, Json>;
}

function align(path: string, step: string, before: Json | undefined, after: Json | undefined, pair: Pair): void {
  const at = path + step;
  const objects = isJsonObject(before) && isJsonObject(after);
  if (objects || (isList(before) && isList(after))) {
    const inner: Pair = { ...pair, old: {}, now: {} };
    pair.old[step] = inner.old;
    pair.now[step] = inner.now;
    if (objects) alignObjects(at, before, after, inner);
    else alignLists(at, before as readonly Json[], after as readonly Json[], inner);
    return;
  }
  if (before !== undefined) {
    pair.old[step] = leaf(before);
    pair.before.set(at, before);
  }
  if (after !== undefined) {
    pair.now[step] = leaf(after);
    pair.after.set(at, after);
  }
}

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** The same text for equal values. Two arrays or two objects are never compared here. */
function leaf(value: Json): string {
  if (isNumber(value)) return `number ${canonicalNumber(value)}`;
  if (isList(value)) return 'array';
  return isJsonObject(value) ? 'object' : `${typeof value} ${value}`;
}

function alignObjects(path: string, before: JsonObject, after: JsonObject, pair: Pair): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    align(path, pathStep(key), own(before, key), own(after, key), pair);
  }
}

function alignLists(path: string, before: readonly Json[], after: readonly Json[], pair: Pair): void {
  const field = IDENTITY_FIELDS.find((name) => identifies(before, name) && identifies(after, name));
  if (field !== undefined && !onlyMoved(field, before, after)) {
    const [old, now] = [byIdentity(before, field), byIdentity(after, field)];
    for (const id of new Set([...old.keys(), ...now.keys()])) {
      align(path, `[?(@.${field}==${JSON.stringify(id)})]`, old.get(id), now.get(id), pair);
    }
    return;
  }
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    align(path, `[${index}]`, before[index], after[index], pair);
  }
}

function identifies(items: readonly Json[], field: string): boolean {
  const seen = new Set(items.map((item) => (isJsonObject(item) ? own(item, field) : undefined)));
  return items.length > 0 && seen.size === items.length && [...seen].every((id) => typeof id === 'string');
}

const byIdentity = (items: readonly Json[], field: string): Map<string, Json> =>
  new Map(items.map((item) => [(item as JsonObject)[field] as string, item]));

/** The same items, in any order. */
function onlyMoved(field: string, before: readonly Json[], after: readonly Json[]): boolean {
  const old = byIdentity(before, field);
  return (
    before.length === after.length && [...byIdentity(after, field)].every(([id, item]) => equalJson(old.get(id), item))
  );
}
