import * as z from 'zod';
import { type NewEvent, type ResourceValue, resourceAddress } from '../events/index.js';
import { sha256 } from '../lib/digest.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../lib/errors.js';
import { equalJson, type Json, stringifyJson } from '../lib/json.js';
import { list, name, prose } from '../lib/text.js';
import type { Facts } from '../store/facts.js';
import type { ResourceName, StoredResource } from '../store/records.js';
import { resourceId } from '../store/resource-id.js';
import { jsonRecord, jsonValue } from './command.js';
import { identifier } from './identifiers.js';

/** Resources without an id from the caller have ids like `res-17`. */
const RESERVED_ID = /^res-\d+$/;

/** The desired fields of a resource. Omitted fields stay unchanged; a new resource starts empty and `applied`. */
export const resourceFields = {
  /** Unique over all stacks. Without one, a resource gets the id `res-<number>`. */
  id: identifier(
    'resourceId',
    name(128).refine((id) => !RESERVED_ID.test(id), 'ids of the form res-<number> are assigned by the system'),
  ).optional(),
  properties: jsonRecord('properties').optional(),
  /** `merge` changes the named properties and keeps the rest; `replace` replaces all of them. */
  mode: z.enum(['replace', 'merge']).default('replace'),
  dependencies: list(identifier('resource', name(2048)), 100_000).optional(),
  /** The state of the real resource: `applied` (the default), `pending`, `failed`, `tainted` … */
  state: name(64).optional(),
  metadata: jsonValue('metadata').optional(),
  lastApplied: z.iso.datetime({ precision: 3 }).optional(),
  errorMessage: prose().nullable().optional(),
};

export const resourceInput = z.strictObject({
  module: z.union([z.literal(''), name(1024)]).default(''),
  type: name(),
  name: name(1024),
  ...resourceFields,
});
export type ResourceInput = z.output<typeof resourceInput>;

/** A resource after a command. */
export interface Outcome {
  readonly address: string;
  readonly module: string;
  /** Its id; null if it gets one of the form `res-<number>`. */
  readonly id: string | null;
  readonly value: ResourceValue;
  /** The events that change it; none if it is unchanged. */
  readonly event: NewEvent | undefined;
  /** Whether its properties are unchanged. */
  readonly sameProperties: boolean;
  /** An implicit dependency that a caller declares. */
  readonly addedEdge?: { readonly target: string; readonly path: string | null };
}

type Fields = Omit<ResourceValue, 'checksum' | 'lastApplied'>;

const DEFAULTS: Fields = { properties: {}, dependencies: [], state: 'applied', metadata: {}, errorMessage: null };

function wanted(input: ResourceInput, current: ResourceValue | null): Fields {
  const base = current ?? DEFAULTS;
  const stated = input.properties ?? (input.mode === 'merge' ? {} : base.properties);
  return {
    properties: input.mode === 'merge' ? { ...base.properties, ...stated } : stated,
    dependencies: input.dependencies === undefined ? base.dependencies : [...new Set(input.dependencies)],
    state: input.state ?? base.state,
    metadata: input.metadata === undefined ? base.metadata : input.metadata,
    errorMessage: input.errorMessage === undefined ? base.errorMessage : input.errorMessage,
  };
}

const sameBesideProperties = (a: Fields, b: Fields): boolean =>
  a.state === b.state &&
  a.errorMessage === b.errorMessage &&
  equalJson(a.dependencies, b.dependencies) &&
  equalJson(a.metadata as Json, b.metadata as Json);

/** Equal in everything except the time of the last apply. */
export const sameValue = (a: ResourceValue, b: ResourceValue): boolean =>
  equalJson(a.properties, b.properties) && sameBesideProperties(a, b);

const complete = (fields: Fields, lastApplied: string | null): ResourceValue => ({
  properties: fields.properties,
  dependencies: fields.dependencies,
  state: fields.state,
  metadata: fields.metadata,
  checksum: sha256(stringifyJson(fields.properties)),
  lastApplied,
  errorMessage: fields.errorMessage,
});

/**
 * The resource after applying the caller's input.
 * @param leaving resources that the same commit removes: their ids are free
 */
export function setResource(
  input: ResourceInput,
  facts: Facts,
  now: string,
  leaving: ReadonlySet<number> = new Set(),
): Outcome {
  const address = resourceAddress(input);
  const stored = facts.resources.get(address);
  checkIdentity(input, address, stored, facts, leaving);
  const current = stored?.value ?? null;
  const fields = wanted(input, current);
  if (fields.dependencies.includes(address)) {
    throw new InvalidInputError('DEPENDS_ON_ITSELF', `resource "${address}" cannot depend on itself`, {
      details: { field: 'dependencies', address },
    });
  }
  const sameProperties = current !== null && equalJson(fields.properties, current.properties);
  const { module } = input;
  if (stored && current && sameProperties && sameBesideProperties(fields, current))
    return { address, module, id: resourceId(stored), value: current, event: undefined, sameProperties };
  const lastApplied = input.lastApplied ?? (fields.state === 'applied' ? now : (current?.lastApplied ?? null));
  const value = complete(fields, lastApplied);
  const id = input.id ?? (current ? stored?.id : undefined) ?? undefined;
  const ownId = id === undefined ? {} : { id };
  const named = { module, type: input.type, name: input.name, ...value };
  const event: NewEvent = stored
    ? { type: current ? 'ResourceUpdated' : 'ResourceCreated', data: { resource: stored.resource, ...ownId, ...named } }
    : { type: 'ResourceCreated', data: { ...ownId, ...named } };
  return { address, module, id: id ?? (stored ? resourceId(stored) : null), value, event, sameProperties };
}

function checkIdentity(
  input: ResourceInput,
  address: string,
  stored: StoredResource | undefined,
  facts: Facts,
  leaving: ReadonlySet<number>,
): void {
  if (stored && (stored.module !== input.module || stored.type !== input.type || stored.name !== input.name)) {
    throw new ConflictError('ADDRESS_TAKEN', `"${address}" already names the ${stored.type} "${stored.name}"`, {
      hint: 'Choose a name whose address differs.',
      details: { field: 'name', address, module: stored.module, type: stored.type, name: stored.name },
    });
  }
  if (input.id === undefined) return;
  if (stored?.value && stored.id !== input.id) {
    throw new ConflictError('RESOURCE_ID_FIXED', `resource "${address}" has the id ${resourceId(stored)}`, {
      hint: 'Leave the id out, or remove the resource first.',
      details: { field: 'id', address, id: input.id },
    });
  }
  const holder = facts.resourcesById.get(input.id);
  if (holder && holder.resource !== stored?.resource && !leaving.has(holder.resource)) {
    // Nothing of another stack is named: the caller may have no access to it.
    const here = holder.stream === facts.stack?.stream ? { address: holder.address } : {};
    const by = here.address === undefined ? 'by a resource of another stack' : `by "${here.address}"`;
    throw new ConflictError('RESOURCE_ID_TAKEN', `the resource id "${input.id}" is taken ${by}`, {
      hint: 'Choose another id, or leave it out.',
      details: { field: 'id', id: input.id, ...here },
    });
  }
}

/** The stack's resource with an address or id. */
export const storedResource = (ref: string, facts: Facts): StoredResource | undefined => {
  const byId = facts.resourcesById.get(ref);
  return facts.resources.get(ref) ?? (byId?.stream === facts.stack?.stream ? byId : undefined);
};

export const resourceNotFound = (ref: string): NotFoundError =>
  new NotFoundError('RESOURCE_NOT_FOUND', `no resource "${ref}" in the stack`, {
    hint: 'List the resources with: sloth-runner stack resource list STACK',
    details: { resource: ref },
  });

export const removed = (stored: ResourceName): NewEvent => ({
  type: 'ResourceRemoved',
  data: {
    resource: stored.resource,
    ...(stored.id === null ? {} : { id: stored.id }),
    module: stored.module,
    type: stored.type,
    name: stored.name,
  },
});
