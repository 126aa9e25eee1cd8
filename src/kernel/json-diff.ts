import { equalJson, isJsonObject, type Json, type JsonObject, pathStep } from './json.js';

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
 * item on both sides has one of its own, else by index; where only the order of such items changed, by index too.
 */
export function fieldChanges(before: Json | undefined, after: Json | undefined): FieldChange[] {
  const changes: FieldChange[] = [];
  if (isJsonObject(before) && isJsonObject(after)) compareObjects('$', before, after, changes);
  else compareLeaf('$', before, after, changes);
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

function compare(path: string, before: Json | undefined, after: Json | undefined, changes: FieldChange[]): void {
  if (isJsonObject(before) && isJsonObject(after)) compareObjects(path, before, after, changes);
  else if (isList(before) && isList(after)) compareLists(path, before, after, changes);
  else compareLeaf(path, before, after, changes);
}

function compareLeaf(path: string, before: Json | undefined, after: Json | undefined, changes: FieldChange[]): void {
  if (equalJson(before, after)) return;
  changes.push({
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
}

function compareObjects(path: string, before: JsonObject, after: JsonObject, changes: FieldChange[]): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compare(path + pathStep(key), own(before, key), own(after, key), changes);
  }
}

const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

function compareLists(path: string, before: readonly Json[], after: readonly Json[], changes: FieldChange[]): void {
  const key = IDENTITY_FIELDS.find((field) => identifies(before, field) && identifies(after, field));
  if (key !== undefined && compareItems(path, key, before, after, changes)) return;
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    compare(`${path}[${index}]`, before[index], after[index], changes);
  }
}

/** Compares items of the same identity. False where that tells nothing and the order did change. */
function compareItems(
  path: string,
  key: string,
  before: readonly Json[],
  after: readonly Json[],
  changes: FieldChange[],
): boolean {
  const [old, now] = [byIdentity(before, key), byIdentity(after, key)];
  const known = changes.length;
  for (const id of new Set([...old.keys(), ...now.keys()])) {
    compare(`${path}[?(@.${key}==${JSON.stringify(id)})]`, old.get(id), now.get(id), changes);
  }
  const order = [...now.keys()];
  return changes.length > known || [...old.keys()].every((id, index) => id === order[index]);
}

const byIdentity = (items: readonly Json[], key: string): Map<string, Json> =>
  new Map(items.map((item) => [(item as JsonObject)[key] as string, item]));

function identifies(items: readonly Json[], field: string): boolean {
  const seen = new Set(items.map((item) => (isJsonObject(item) ? own(item, field) : undefined)));
  return items.length > 0 && seen.size === items.length && [...seen].every((id) => typeof id === 'string');
}
