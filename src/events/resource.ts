import * as z from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../lib/json.js';
import { defineEvent } from './define-event.js';
import { instant, json, jsonObject, position } from './fields.js';

/** Every value of a resource, always whole. `checksum` is the SHA-256 of the properties' JSON text as stored. */
export const resourceValue = z.strictObject({
  properties: jsonObject,
  /** Addresses this resource was declared to depend on. */
  dependencies: z.array(z.string()),
  state: z.string(),
  metadata: json,
  checksum: z.string(),
  lastApplied: instant.nullable(),
  errorMessage: z.string().nullable(),
});
export type ResourceValue = z.infer<typeof resourceValue>;

/** `resource` is the position of the first event of this address in its stack; that event itself has none. */
const place = {
  resource: position.optional(),
  /** The id a caller gave; without one the resource is known as `res-<position>`. */
  id: z.string().optional(),
  module: z.string(),
  type: z.string(),
  name: z.string(),
};

export const resourceEvents = {
  ResourceCreated: defineEvent({
    category: 'content',
    raisesVersion: true,
    touches: 'resource',
    schema: resourceValue.extend(place),
  }),
  ResourceUpdated: defineEvent({
    category: 'content',
    raisesVersion: true,
    touches: 'resource',
    schema: resourceValue.extend({ ...place, resource: position }),
  }),
  ResourceRemoved: defineEvent({
    category: 'content',
    raisesVersion: true,
    touches: 'resource',
    schema: z.strictObject({ ...place, resource: position }),
  }),
};

export const outputEvents = {
  /** `metadata` keeps what another tool says of the output beside its value (Terraform: its type). */
  OutputSet: defineEvent({
    category: 'content',
    raisesVersion: true,
    touches: 'output',
    schema: z.strictObject({ name: z.string(), value: json, sensitive: z.boolean(), metadata: json }),
  }),
  OutputRemoved: defineEvent({
    category: 'content',
    raisesVersion: true,
    touches: 'output',
    schema: z.strictObject({ name: z.string() }),
  }),
};

/** An edge between two addresses of a stack; `target` may name a resource or, without its instance key, all of its instances. */
const edge = { address: z.string(), target: z.string() };
export const dependencyEvents = {
  DependencyAdded: defineEvent({
    category: 'content',
    raisesVersion: true,
    touches: 'dependency',
    schema: z.strictObject({
      ...edge,
      dependencyType: z.enum(['explicit', 'implicit']),
      /** Where in the properties an implicit one was found. */
      path: z.string().nullable(),
    }),
  }),
  DependencyRemoved: defineEvent({
    category: 'content',
    raisesVersion: true,
    touches: 'dependency',
    schema: z.strictObject(edge),
  }),
};

/** `module.type.name`, or `type.name` in the root module: what people call a resource. Unique within a stack. */
export const resourceAddress = (r: {
  readonly module: string;
  readonly type: string;
  readonly name: string;
}): string => (r.module === '' ? `${r.type}.${r.name}` : `${r.module}.${r.type}.${r.name}`);

/** A text without the remark in brackets at its end, such as ` (deposed 0a1b)`. @param opening how the remark begins */
export function withoutRemark(text: string, opening: string): string {
  if (!text.endsWith(')')) return text;
  const begin = text.indexOf(opening, text.lastIndexOf(')', text.length - 2) + 1);
  return begin < 0 ? text : text.slice(0, begin);
}

/** `module.a[0].type.name["x"]` without its instance keys, or null where it has none. */
export function baseAddress(address: string): string | null {
  const base = withoutRemark(address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, ''), ' (deposed ');
  return base === address ? null : base;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what this pattern is about
const UNKEPT = /[\u0000\p{Surrogate}]/u;

/** Whether something may be known by a value: longer texts are no names of anything, nor what no text column can hold. */
export const isIdentity = (value: Json | undefined): value is string =>
  typeof value === 'string' && value !== '' && value.length <= 2048 && !UNKEPT.test(value);

const identity = (value: Json | undefined): string | null => (isIdentity(value) ? value : null);

/** The id its provider gave it (`vpc-123`): the property `id`, where that is text. */
export const ownId = (properties: JsonObject): string | null => identity(properties.id);

/** What others are told to know it by: `identity` in its metadata, where that is text. */
export const saidIdentity = (metadata: Json): string | null =>
  isJsonObject(metadata) ? identity(metadata.identity) : null;
