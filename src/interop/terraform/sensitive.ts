import { type Json, type JsonObject, leaves, pathStep } from '../../kernel/json.js';

/** Shorter values than this are too common to be taken for a secret that turns up elsewhere. */
const TELLING = 4;

interface Step {
  readonly type?: Json;
  readonly value?: Json;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The paths that Terraform's `sensitive_attributes` name, as paths of our own, and every other text in the attributes
 * that equals one of those values: providers copy inputs into computed attributes without the mark.
 *
 * When in doubt it hides more: a path that cannot be followed hides what was reached, an array hides as a whole, and a
 * value of dynamic type (`{"value": …, "type": …}`) is looked into.
 */
export function hiddenPaths(attributes: JsonObject, marks: Json | undefined): string[] {
  const hidden = new Set(
    (Array.isArray(marks) ? marks : []).map((steps) => follow(attributes, steps as readonly Step[])),
  );
  const fields = leaves(attributes);
  const secrets = new Set<Json>();
  for (const [path, value] of fields) {
    const marked = [...hidden].some((mark) => mark === '$' || path === mark || path.startsWith(`${mark}.`));
    if (marked && typeof value === 'string' && value.length >= TELLING) secrets.add(value);
  }
  for (const [path, value] of fields) if (secrets.has(value)) hidden.add(path);
  return [...hidden].sort();
}

function follow(attributes: JsonObject, steps: readonly Step[]): string {
  let path = '$';
  let value: Json | undefined = attributes;
  for (const { type, value: step } of Array.isArray(steps) ? steps : []) {
    const key = type === 'index' ? (step as JsonObject | undefined)?.value : step;
    if (isObject(value) && typeof key === 'string' && !Object.hasOwn(value, key) && isObject(value.value)) {
      path += '.value';
      value = value.value;
    }
    if (!isObject(value) || typeof key !== 'string' || !Object.hasOwn(value, key)) return path;
    path += pathStep(key);
    value = value[key];
  }
  return path;
}
