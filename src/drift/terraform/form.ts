import { equalJson, isJsonObject, type Json, type JsonObject, own } from '../../lib/json.js';

/**
 * Converts a plan's values into the form of a state file, so that only differences that matter to Terraform remain.
 * A state file wraps a value of dynamic type as `{"value": X, "type": T}`, and the plan has the bare X; only the expected
 * properties show which attributes those are. Null and absent are equal for Terraform.
 */
export function inFormOf(expected: JsonObject, actual: JsonObject): JsonObject {
  const present = Object.entries(actual)
    .filter(([key, value]) => value !== null || Object.hasOwn(expected, key))
    .map(([key, value]): [string, Json] => [key, wrapped(own(expected, key), value)]);
  const lacking = Object.entries(expected).filter(([key, value]) => value === null && !Object.hasOwn(actual, key));
  return Object.fromEntries([...present, ...lacking]);
}

function wrapped(expected: Json | undefined, actual: Json): Json {
  if (isDynamic(expected)) {
    if (equalJson(expected.value, actual)) return expected;
    // Terraform writes the null of a dynamic attribute without the wrapper.
    if (actual === null || isDynamic(actual)) return actual;
    return { value: actual, type: typeOf(actual, expected.type) };
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return actual.map((item, index) => wrapped(expected[index], item));
  }
  if (isJsonObject(expected) && isJsonObject(actual)) {
    return Object.fromEntries(Object.entries(actual).map(([key, item]) => [key, wrapped(own(expected, key), item)]));
  }
  return actual;
}

const isDynamic = (value: Json | undefined): value is { readonly value: Json; readonly type: Json } =>
  isJsonObject(value) &&
  Object.keys(value).length === 2 &&
  Object.hasOwn(value, 'value') &&
  Object.hasOwn(value, 'type') &&
  isType(value.type);

const PLAIN = ['string', 'number', 'bool', 'dynamic'];
const COMPOUND = ['list', 'set', 'map', 'tuple', 'object'];

/**
 * Whether it is a type as go-cty writes it: an ordinary attribute may also have a `value` and a `type`, as a DNS record
 * does.
 */
const isType = (type: Json | undefined): boolean =>
  Array.isArray(type)
    ? type.length >= 2 && COMPOUND.includes(String(type[0]))
    : typeof type === 'string' && PLAIN.includes(type);

/**
 * The type that Terraform would write for a value (go-cty, `json/type.go`).
 * @param hint the previous type: a matching value keeps it, because JSON does not distinguish a list from a tuple, or a map
 * from an object
 */
function typeOf(value: Json, hint?: Json): Json {
  const [kind, inner] = Array.isArray(hint) ? (hint as readonly Json[]) : [];
  const isOf = (items: readonly Json[]) => items.every((item) => equalJson(typeOf(item, inner), inner));
  if (value === null) return hint ?? 'dynamic';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (Array.isArray(value)) {
    if ((kind === 'list' || kind === 'set') && isOf(value)) return hint as Json;
    const hints = kind === 'tuple' && Array.isArray(inner) ? inner : [];
    return ['tuple', value.map((item, index) => typeOf(item, hints[index]))];
  }
  if (!isJsonObject(value)) return 'number';
  if (kind === 'map' && isOf(Object.values(value))) return hint as Json;
  const hints = kind === 'object' && isJsonObject(inner) ? inner : {};
  return [
    'object',
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, typeOf(item, own(hints, key))])),
  ];
}
