import { isJsonObject, type Json, type JsonObject, leaves, pathStep } from '../../lib/json.js';

/** Shorter values are too common to be recognised as a secret in other attributes. */
const TELLING = 4;

/**
 * The paths of Terraform's `sensitive_attributes`, as paths of our own, and every other text in the attributes that equals
 * one of those values: providers copy inputs into computed attributes without the mark.
 * When in doubt it masks more: a path that cannot be followed masks the part that was reached, an array is masked as a
 * whole, and values of dynamic type (`{"value": …, "type": …}`) are searched.
 */
export function hiddenPaths(attributes: JsonObject, { sensitive_attributes: marks }: JsonObject): string[] {
  const hidden = new Set((Array.isArray(marks) ? marks : []).map((steps: Json) => follow(attributes, steps)));
  if (hidden.size === 0) return [];
  const fields = leaves(attributes);
  const secrets = new Set<Json>();
  for (const [path, value] of fields) {
    const marked = [...hidden].some((mark) => within(path, mark));
    if (marked && typeof value === 'string' && value.length >= TELLING) secrets.add(value);
  }
  for (const [path, value] of fields) if (secrets.has(value)) hidden.add(path);
  return [...hidden].sort();
}

const within = (path: string, mark: string): boolean =>
  mark === '$' || path === mark || path.startsWith(`${mark}.`) || path.startsWith(`${mark}[`);

/** Each step is `{type: 'get_attr', value: NAME}` or `{type: 'index', value: {value: KEY, type: …}}`. */
function follow(attributes: JsonObject, steps: Json): string {
  let path = '$';
  let value: Json | undefined = attributes;
  for (const step of Array.isArray(steps) ? (steps as readonly Json[]) : []) {
    const { type, value: stepValue } = isJsonObject(step) ? step : {};
    const key = type === 'index' && isJsonObject(stepValue) ? stepValue.value : stepValue;
    if (isJsonObject(value) && typeof key === 'string' && !Object.hasOwn(value, key) && isJsonObject(value.value)) {
      path += '.value';
      value = value.value;
    }
    if (!isJsonObject(value) || typeof key !== 'string' || !Object.hasOwn(value, key)) return path;
    path += pathStep(key);
    value = value[key];
  }
  return path;
}
