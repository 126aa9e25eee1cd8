import {
  canonicalNumber,
  equalJson,
  isJsonObject,
  isNumber,
  type Json,
  type JsonObject,
  own,
  pathStep,
} from './json.js';

/** A field that differs. A side without value lacks the field: absent is not null. */
export interface FieldChange {
  /** JSONPath (RFC 9535); array items with an identity are named by it: `$.rules[?(@.id=="a")].port`. */
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
}

/** Fields that identify the items of an array, the most specific first. */
const IDENTITY_FIELDS = ['id', 'key', 'name'] as const;

/**
 * The fields in which two documents differ, sorted by path. Types count (`"3"` is not `3`); the spelling of numbers does not
 * (`1.0` is `1`), nor does the order of keys. Array items are matched by `id`, `key` or `name` if every item on both sides
 * has a unique one, else by index. If only the order of such items changed, they are compared by index too. Takes time
 * linear in both documents, plus sorting the differences.
 */
export function fieldChanges(before: Json | undefined, after: Json | undefined): FieldChange[] {
  if (!isJsonObject(before) || !isJsonObject(after)) return equalJson(before, after) ? [] : [side('$', before, after)];
  const changes: FieldChange[] = [];
  compareObjects('$', before, after, changes);
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const side = (path: string, before: Json | undefined, after: Json | undefined): FieldChange => ({
  path,
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});

/** Compares values that are not both objects or both arrays. */
const isSame = (before: Json | undefined, after: Json | undefined): boolean =>
  before === after || (isNumber(before) && isNumber(after) && canonicalNumber(before) === canonicalNumber(after));

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

function compare(path: string, before: Json | undefined, after: Json | undefined, changes: FieldChange[]): void {
  if (isJsonObject(before) && isJsonObject(after)) compareObjects(path, before, after, changes);
  else if (isList(before) && isList(after)) compareLists(path, before, after, changes);
  else if (!isSame(before, after)) changes.push(side(path, before, after));
}

function compareObjects(path: string, before: JsonObject, after: JsonObject, changes: FieldChange[]): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compare(path + pathStep(key), own(before, key), own(after, key), changes);
  }
}

function compareLists(path: string, before: readonly Json[], after: readonly Json[], changes: FieldChange[]): void {
  const field = IDENTITY_FIELDS.find((name) => identifies(before, name) && identifies(after, name));
  if (field !== undefined) {
    const [old, now] = [byIdentity(before, field), byIdentity(after, field)];
    if (!onlyMoved(old, now)) {
      for (const id of new Set([...old.keys(), ...now.keys()])) {
        compare(`${path}[?(@.${field}==${JSON.stringify(id)})]`, old.get(id), now.get(id), changes);
      }
      return;
    }
  }
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    compare(`${path}[${index}]`, before[index], after[index], changes);
  }
}

function identifies(items: readonly Json[], field: string): boolean {
  const seen = new Set(items.map((item) => (isJsonObject(item) ? own(item, field) : undefined)));
  return items.length > 0 && seen.size === items.length && [...seen].every((id) => typeof id === 'string');
}

const byIdentity = (items: readonly Json[], field: string): Map<string, Json> =>
  new Map(items.map((item) => [(item as JsonObject)[field] as string, item]));

/**
 * Whether both arrays have the same items in another order. Items in the same order need no comparison, because they have no
 * differences. (Comparing them at each level of nested lists would be quadratic in the levels.)
 */
function onlyMoved(old: ReadonlyMap<string, Json>, now: ReadonlyMap<string, Json>): boolean {
  if (old.size !== now.size) return false;
  const order = [...old.keys()];
  if ([...now.keys()].every((id, index) => id === order[index])) return false;
  return [...now].every(([id, item]) => equalJson(old.get(id), item));
}
