import { isIdentity, ownId, type ResourceValue, resourceAddress, saidIdentity } from '../events/index.js';
import { formatPath, type Json, JsonNumber } from '../lib/json.js';

/** The keys and indexes that lead to a place in some properties. */
export type Steps = readonly (string | number)[];

/** A text in some properties. */
export interface Text {
  readonly steps: Steps;
  readonly text: string;
}

/** All of them, in the order of the document. */
export function textsIn(value: Json): Text[] {
  const found: Text[] = [];
  collect(value, [], found);
  return found;
}

/** @param steps to the value; as they were before when this returns */
function collect(value: Json, steps: (string | number)[], found: Text[]): void {
  if (typeof value === 'string') found.push({ steps: [...steps], text: value });
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return;
  for (const [key, item] of Object.entries(value)) {
    steps.push(Array.isArray(value) ? Number(key) : key);
    collect(item as Json, steps, found);
    steps.pop();
  }
}

/** `${…}`, unless its dollar sign is doubled, which is how Terraform writes the characters themselves. */
const TEMPLATE = /(?<!\$)(?:\$\$)*\$\{([^{}]*)\}/g;
const WORD = '[A-Za-z_][\\w-]*';
const KEY = '(?:\\[(?:\\d+|"(?:[^"\\\\]|\\\\.)*")\\])?';
/** `module.m[0].data.type.name["x"].field`: of a resource there must be a field, or it may be anything. */
const REFERENCE = new RegExp(
  `(?<![\\w.\\]-])((?:module\\.${WORD}${KEY}\\.)*)((?:data\\.)?${WORD})\\.(${WORD}${KEY})(?=\\.${WORD}|\\.\\*|\\[)`,
  'g',
);
/** What a traversal may begin with beside a resource's type (https://developer.hashicorp.com/terraform/language/expressions/references). */
const NO_TYPES = new Set(['var', 'local', 'each', 'count', 'path', 'self', 'terraform', 'module', 'data']);

/**
 * The resources that texts refer to by `${type.name.field}`, whether they exist or not: each address with the path where
 * it was found first. A reference is to the resource's own module, unless it names one.
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

/** By text, the first place of each by which another resource may be meant: any but what a resource is known by itself. */
export function namingTexts(texts: readonly Text[], own: ReadonlySet<string>): ReadonlyMap<string, Steps> {
  const found = new Map<string, Steps>();
  for (const { steps, text } of texts) {
    if (isIdentity(text) && !own.has(text) && !found.has(text)) found.set(text, steps);
  }
  return found;
}

/** What a resource is known by. */
export function identities(id: string | null, { properties, metadata }: ResourceValue): Set<string> {
  return new Set([id, ownId(properties), saidIdentity(metadata)].filter((value) => value !== null));
}
