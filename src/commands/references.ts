import { ownId, type ResourceValue, resourceAddress, saidIdentity } from '../events/index.js';
import { formatPath, isJsonObject, type Json, type JsonObject } from '../kernel/json.js';

/** Where in the properties something was found, as a JSONPath. */
export interface Found {
  readonly path: string;
  readonly text: string;
}

/** A text in some properties, with the keys and indexes that lead to it. */
interface Text {
  readonly steps: readonly (string | number)[];
  readonly text: string;
}

function* texts(value: Json, steps: readonly (string | number)[] = []): Generator<Text> {
  if (typeof value === 'string') yield { steps, text: value };
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* texts(item, [...steps, index]);
  else if (isJsonObject(value)) for (const [key, item] of Object.entries(value)) yield* texts(item, [...steps, key]);
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
 * The resources that properties refer to by `${type.name.field}`, whether they exist or not: each address with the
 * first place it was found. A reference is to the resource's own module, unless it names one.
 */
export function references(properties: JsonObject, module: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { steps, text } of texts(properties)) {
    if (!text.includes('${')) continue;
    for (const [, expression = ''] of text.matchAll(TEMPLATE)) {
      for (const [, path = '', type = '', name = ''] of expression.matchAll(REFERENCE)) {
        if (NO_TYPES.has(type)) continue;
        const address = resourceAddress({ module: path === '' ? module : path.slice(0, -1), type, name });
        if (!found.has(address)) found.set(address, formatPath([...steps]));
      }
    }
  }
  return found;
}

/** Longer texts are no names of anything. */
const MAX_NAME = 2048;

/** The values in a resource's properties by which another resource may be meant: any text but what it is known by itself. */
export function namingTexts(properties: JsonObject, own: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { steps, text } of texts(properties)) {
    if (text === '' || text.length > MAX_NAME || own.has(text) || found.has(text)) continue;
    found.set(text, formatPath([...steps]));
  }
  return found;
}

/** What a resource is known by. */
export function identities(id: string | null, { properties, metadata }: ResourceValue): Set<string> {
  return new Set([id, ownId(properties), saidIdentity(metadata)].filter((value) => value !== null));
}
