import { isIdentity, ownId, type ResourceValue, resourceAddress, saidIdentity } from '../events/index.js';
import { formatPath, type Json, JsonNumber } from '../lib/json.js';

/** The keys and indexes of a path in some properties. */
export type Steps = readonly (string | number)[];

/** A text in some properties. */
export interface Text {
  readonly steps: Steps;
  readonly text: string;
}

/** All texts, in document order. */
export function textsIn(value: Json): Text[] {
  const found: Text[] = [];
  collect(value, [], found);
  return found;
}

/** @param steps the path of the value; unchanged when this returns */
function collect(value: Json, steps: (string | number)[], found: Text[]): void {
  if (typeof value === 'string') found.push({ steps: [...steps], text: value });
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return;
  for (const [key, item] of Object.entries(value)) {
    steps.push(Array.isArray(value) ? Number(key) : key);
    collect(item as Json, steps, found);
    steps.pop();
  }
}

/** `${…}`, unless its dollar sign is doubled, which is Terraform's escape. */
const TEMPLATE = /(?<!\$)(?:\$\$)*\$\{([^{}]*)\}/g;
const WORD = '[A-Za-z_][\\w-]*';
const KEY = '(?:\\[(?:\\d+|"(?:[^"\\\\]|\\\\.)*")\\])?';
/** `module.m[0].data.type.name["x"].field`: a reference to a resource must contain a field. */
const REFERENCE = new RegExp(
  `(?<![\\w.\\]-])((?:module\\.${WORD}${KEY}\\.)*)((?:data\\.)?${WORD})\\.(${WORD}${KEY})(?=\\.${WORD}|\\.\\*|\\[)`,
  'g',
);
/**
 * Names that a traversal may begin with instead of a resource's type
 * (https://developer.hashicorp.com/terraform/language/expressions/references).
 */
const NO_TYPES = new Set(['var', 'local', 'each', 'count', 'path', 'self', 'terraform', 'module', 'data']);

/**
 * The resources that texts refer to by `${type.name.field}`, whether they exist or not: each address with the path of its
 * first reference. A reference is to a resource of the own module, unless it names one.
 */
export function references(texts: readonly Text[], module: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { steps, text } of texts) {
    if (!text.includes('${')) continue;
    for (const [, expression = ''] of text.matchAll(TEMPLATE)) {
      for (const [, path = '', type = '', name = ''] of expression.matchAll(REFERENCE)) {
        if (NO_TYPES.has(type)) continue;
        const address = resourceAddress({ module: path === '' ? module : path.slice(0, -1), type, name });
        if (!found.has(address)) found.set(address, formatPath(steps));
      }
    }
  }
  return found;
}

/**
 * By text, the first path of each text that may identify another resource: all except those that identify the resource
 * itself.
 */
export function namingTexts(texts: readonly Text[], own: ReadonlySet<string>): ReadonlyMap<string, Steps> {
  const found = new Map<string, Steps>();
  for (const { steps, text } of texts) {
    if (isIdentity(text) && !own.has(text) && !found.has(text)) found.set(text, steps);
  }
  return found;
}

/** The values that identify a resource. */
export function identities(id: string | null, { properties, metadata }: ResourceValue): Set<string> {
  return new Set([id, ownId(properties), saidIdentity(metadata)].filter((value) => value !== null));
}
