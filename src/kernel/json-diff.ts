import { diff, type IChange } from 'json-diff-ts';
import { canonicalNumber, equalJson, type Json, JsonNumber, type JsonObject, pathStep } from './json.js';

/** One field that differs. A side without value lacks the field: absent is not null. */
export interface FieldChange {
  /** JSONPath (RFC 9535); items of arrays that have an identity are named by it: `$.rules[?(@.id=="a")].port`. */
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
}

/** Fields by which items of an array are told apart, the clearest first. */
const IDENTITY_FIELDS = ['id', 'key', 'name'] as const;

/**
 * The fields in which two documents differ, in order of path. Types count (`"3"` is not `3`), spelling of numbers does
 * not (`1.0` is `1`), nor does the order of keys. Items of an array are matched by `id`, `key` or `name` where every
 * item on both sides has one of its own, else by index.
 */
export function fieldChanges(before: Json | undefined, after: Json | undefined): FieldChange[] {
  if (equalJson(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [side('$', before, after)];
  const matched = changesBy(before, after, arrayKeys(before, after));
  return matched.length > 0 ? matched : changesBy(before, after, new Map()); // only the order of items changed
}

function changesBy(before: JsonObject, after: JsonObject, embeddedObjKeys: Map<string, string>): FieldChange[] {
  const changes = diff(comparable(before), comparable(after), { embeddedObjKeys, treatTypeChangeAsReplace: true });
  const fields = new Map<string, { before?: Json; after?: Json }>();
  flatten(changes, '$', undefined, fields);
  return [...fields]
    .map(([path, { before: old, after: now }]) => side(path, old, now))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber);

const side = (path: string, before: Json | undefined, after: Json | undefined): FieldChange => ({
  path,
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});

/**
 * Walks the library's nested changes down to the values. `matchedBy` is how the items of the array above are named:
 * by a field, or by `$index`. A type change comes as a removal and an addition of one path: one change to people.
 */
function flatten(
  changes: readonly IChange[],
  prefix: string,
  matchedBy: string | undefined,
  fields: Map<string, { before?: Json; after?: Json }>,
): void {
  for (const change of changes) {
    const path = prefix + step(change.key, matchedBy);
    if (change.changes) {
      flatten(change.changes, path, change.embeddedKey as string | undefined, fields);
      continue;
    }
    const field = fields.get(path) ?? {};
    fields.set(path, field);
    if (change.type === 'REMOVE') field.before = restore(change.value);
    else {
      field.after = restore(change.value);
      if (change.type === 'UPDATE') field.before = restore(change.oldValue);
    }
  }
}

function step(key: string, matchedBy: string | undefined): string {
  if (matchedBy === undefined) return pathStep(key === PROTO ? '__proto__' : key);
  return matchedBy === '$index' ? `[${key}]` : `[?(@.${matchedBy}==${JSON.stringify(key)})]`;
}

/** Stand-ins for what the diff library cannot see: it would take a number object for a record and `__proto__` for a prototype. */
const PROTO = '\u0000proto';
const NUMBER = '\u0000number:';

function comparable(value: Json): unknown {
  if (value instanceof JsonNumber) {
    const canonical = canonicalNumber(value);
    const double = Number(String(value));
    return canonical === canonicalNumber(double) ? double : `${NUMBER}${canonical}:${value}`;
  }
  if (Array.isArray(value)) return value.map(comparable);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key === '__proto__' ? PROTO : key, comparable(item)]),
  );
}

function restore(value: unknown): Json {
  if (typeof value === 'string' && value.startsWith(NUMBER)) {
    return new JsonNumber(value.slice(value.lastIndexOf(':') + 1));
  }
  if (Array.isArray(value)) return value.map(restore);
  if (typeof value !== 'object' || value === null) return value as Json;
  const restored: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(restored, key === PROTO ? '__proto__' : key, {
      value: restore(item),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return restored;
}

/** Which arrays to match by which field, by the path of keys that leads to them. */
function arrayKeys(before: Json, after: Json, path = '', keys = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(before) && Array.isArray(after)) {
    const key = IDENTITY_FIELDS.find((field) => identifies(before, field) && identifies(after, field));
    if (key === undefined) return keys;
    keys.set(path, key);
    for (const item of before) {
      const twin = after.find((other) => (other as JsonObject)[key] === (item as JsonObject)[key]);
      if (twin !== undefined) arrayKeys(item as Json, twin as Json, path, keys);
    }
  } else if (isObject(before) && isObject(after)) {
    for (const [name, value] of Object.entries(before)) {
      if (Object.hasOwn(after, name)) {
        arrayKeys(value, after[name] as Json, path === '' ? name : `${path}.${name}`, keys);
      }
    }
  }
  return keys;
}

function identifies(items: readonly Json[], field: string): boolean {
  if (items.length === 0) return false;
  const seen = new Set<unknown>();
  for (const item of items) {
    if (!isObject(item) || !Object.hasOwn(item, field)) return false;
    const identity = item[field];
    if (typeof identity !== 'string' || seen.has(identity)) return false;
    seen.add(identity);
  }
  return true;
}
