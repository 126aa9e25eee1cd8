import * as z from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../lib/json.js';
import { defineEvent } from './define-event.js';
import { json, jsonObject, position, timestamp } from './fields.js';

/** All fields of a resource, always complete. `checksum` is the SHA-256 of the properties' JSON text as stored. */
export const resourceValue = z.strictObject({
  properties: jsonObject,
  /** Addresses of the declared dependencies. */
  dependencies: z.array(z.string()),
  state: z.string(),
  metadata: json,
  checksum: z.string(),
  lastApplied: timestamp.nullable(),
  errorMessage: z.string().nullable(),
});
export type ResourceValue = z.infer<typeof resourceValue>;

const READ_BY_SQL = [...resourceValue.keyof().options, 'id'] as const;

/** `resource` is the position of the first event of this address in its stack; that event itself has none. */
const place = {
  resource: position.optional(),
  /** The id from the caller; without one the resource gets the id `res-<position>`. */
  id: z.string().optional(),
  module: z.string(),
  type: z.string(),
  name: z.string(),
};

export const resourceEvents = {
  ResourceCreated: defineEvent({
    category: 'content',
    raisesVersion: true,
    changes: 'resource',
    readBySql: READ_BY_SQL,
    schema: resourceValue.extend(place),
  }),
  ResourceUpdated: defineEvent({
    category: 'content',
    raisesVersion: true,
    changes: 'resource',
    readBySql: READ_BY_SQL,
    schema: resourceValue.extend({ ...place, resource: position }),
  }),
  ResourceRemoved: defineEvent({
    category: 'content',
    raisesVersion: true,
    changes: 'resource',
    schema: z.strictObject({ ...place, resource: position }),
  }),
};

export const outputEvents = {
  /** `metadata` keeps what another tool stores with the output besides its value (Terraform: its type). */
  OutputSet: defineEvent({
    category: 'content',
    raisesVersion: true,
    changes: 'output',
    readBySql: ['value'],
    schema: z.strictObject({ name: z.string(), value: json, sensitive: z.boolean(), metadata: json }),
  }),
  OutputRemoved: defineEvent({
    category: 'content',
    raisesVersion: true,
    changes: 'output',
    schema: z.strictObject({ name: z.string() }),
  }),
};

/**
 * An edge between two addresses of a stack; `target` may be the address of a resource or, without its instance key, of all
 * its instances.
 */
const edge = { address: z.string(), target: z.string() };
export const dependencyEvents = {
  DependencyAdded: defineEvent({
    category: 'content',
    raisesVersion: true,
    changes: 'dependency',
    readBySql: ['dependencyType', 'path'],
    schema: z.strictObject({
      ...edge,
      dependencyType: z.enum(['explicit', 'implicit']),
      /** The path in the properties at which an implicit edge was found. */
      path: z.string().nullable(),
    }),
  }),
  DependencyRemoved: defineEvent({
    category: 'content',
    raisesVersion: true,
    changes: 'dependency',
    schema: z.strictObject(edge),
  }),
};

/** `module.type.name`, or `type.name` in the root module: the name of a resource for people. Unique within a stack. */
export const resourceAddress = (r: {
  readonly module: string;
  readonly type: string;
  readonly name: string;
}): string => (r.module === '' ? `${r.type}.${r.name}` : `${r.module}.${r.type}.${r.name}`);

/** A text without a trailing remark in brackets, such as ` (deposed 0a1b)`. @param opening the beginning of the remark */
export function withoutRemark(text: string, opening: string): string {
  if (!text.endsWith(')')) return text;
  const begin = text.indexOf(opening, text.lastIndexOf(')', text.length - 2) + 1);
  return begin < 0 ? text : text.slice(0, begin);
}

/** `module.a[0].type.name["x"]` without its instance keys, or null if it has none. */
export function baseAddress(address: string): string | null {
  const base = withoutRemark(address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, ''), ' (deposed ');
  return base === address ? null : base;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern matches NUL
const UNKEPT = /[\u0000\p{Surrogate}]/u;

/** Whether a value can identify a resource: longer texts, and texts that no text column can hold, cannot. */
export const isIdentity = (value: Json | undefined): value is string =>
  typeof value === 'string' && value !== '' && value.length <= 2048 && !UNKEPT.test(value);

const identity = (value: Json | undefined): string | null => (isIdentity(value) ? value : null);

/** The id from its provider (`vpc-123`): the property `id`, if it is a text. */
export const ownId = (properties: JsonObject): string | null => identity(properties.id);

/** The value by which other resources identify it: `identity` in its metadata, if it is a text. */
export const saidIdentity = (metadata: Json): string | null =>
  isJsonObject(metadata) ? identity(metadata.identity) : null;
