import { z } from 'zod';
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
const identity = {
  resource: position.optional(),
  /** The id a caller gave; without one the resource is known as `res-<position>`. */
  id: z.string().optional(),
  module: z.string(),
  type: z.string(),
  name: z.string(),
};

export const resourceEvents = {
  ResourceCreated: resourceValue.extend(identity),
  ResourceUpdated: resourceValue.extend({ ...identity, resource: position }),
  ResourceRemoved: z.strictObject({ ...identity, resource: position }),
};

export const outputEvents = {
  /** `metadata` keeps what another tool says of the output beside its value (Terraform: its type). */
  OutputSet: z.strictObject({ name: z.string(), value: json, sensitive: z.boolean(), metadata: json }),
  OutputRemoved: z.strictObject({ name: z.string() }),
};

/** An edge between two addresses of a stack; `target` may name a resource or, without its instance key, all of its instances. */
const edge = { address: z.string(), target: z.string() };
export const dependencyEvents = {
  DependencyAdded: z.strictObject({
    ...edge,
    dependencyType: z.enum(['explicit', 'implicit']),
    /** Where in the properties an implicit one was found. */
    path: z.string().nullable(),
  }),
  DependencyRemoved: z.strictObject(edge),
};

/** `module.type.name`, or `type.name` in the root module: what people call a resource. Unique within a stack. */
export const resourceAddress = (r: {
  readonly module: string;
  readonly type: string;
  readonly name: string;
}): string => (r.module === '' ? `${r.type}.${r.name}` : `${r.module}.${r.type}.${r.name}`);
