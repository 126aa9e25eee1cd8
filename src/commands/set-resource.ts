import * as z from 'zod';
import { name } from '../lib/text.js';
import { parseAddress } from './address.js';
import { edgeEvents } from './change-dependencies.js';
import { defineCommand, stackRef } from './command.js';
import { edgeRules } from './desired-edges.js';
import { identifier } from './identifiers.js';
import { setResource as outcomeOf, resourceFields, resourceInput, storedResource } from './resource-input.js';

/** Makes or changes one resource. */
export const setResource = defineCommand({
  schema: z.strictObject({
    type: z.literal('setResource'),
    stack: stackRef,
    /** The address, or the id of a resource that exists. */
    resource: identifier('resource', name(2048)),
    /** The module, where the address does not name it. */
    module: name(1024).optional(),
    ...resourceFields,
    mode: resourceInput.shape.mode.unwrap().default('merge'),
    allowMissing: edgeRules.allowMissing,
  }),
  kind: 'set',
  target: 'live',
  lock: 'held',
  facts: ({ stack, id, ...named }) => ({
    stack,
    addresses: [referenceOf(named)],
    resourceIds: [referenceOf(named), ...(id === undefined ? [] : [id])],
  }),
  decide: ({ type: _, stack: __, resource, module: given, allowMissing, ...fields }, facts, { now }) => {
    const stored = storedResource(referenceOf({ resource, module: given }), facts);
    const { module, type, name } = stored ?? parseAddress(resource, given);
    const known = stored ? { ...facts, resources: new Map([[stored.address, stored]]) } : facts;
    return edgeEvents([outcomeOf({ ...fields, module, type, name }, known, now)], [], {
      allowMissing,
      dependents: 'refuse',
    });
  },
});

const referenceOf = ({ resource, module }: { readonly resource: string; readonly module?: string | undefined }) =>
  module === undefined ? resource : `${module}.${resource}`;
