import { z } from 'zod';
import type { NewEvent } from '../events/index.js';
import { InvalidInputError, NotFoundError } from '../kernel/errors.js';
import { name } from '../kernel/text.js';
import type { Facts } from '../store/facts.js';
import type { ResourceSlot } from '../store/records.js';
import { defineCommand, stackRef } from './command.js';
import { resourceNotFound, setResource } from './resource-input.js';

const edge = {
  stack: stackRef,
  /** The address of the resource that depends. */
  resource: name(2048),
  /** The address it depends on. */
  dependsOn: name(2048),
};

function dependent(resource: string, facts: Facts): ResourceSlot {
  const slot = facts.resources.get(resource);
  if (!slot?.value) throw resourceNotFound(resource);
  return slot;
}

/** The resource with another list of declared dependencies, and the edges that go with it. */
const declare = (slot: ResourceSlot, dependencies: readonly string[], facts: Facts, now: string): NewEvent[] =>
  setResource(
    { module: slot.module, type: slot.type, name: slot.name, mode: 'merge', dependencies: [...dependencies] },
    facts,
    now,
  );

/** An explicit dependency becomes part of the resource's declared ones; an implicit one is an edge only. */
export const addDependency = defineCommand({
  schema: z.strictObject({
    type: z.literal('addDependency'),
    ...edge,
    dependencyType: z.enum(['explicit', 'implicit']).default('explicit'),
    /** Where in the properties an implicit one was found. */
    path: name(2048).nullable().default(null),
  }),
  kind: 'depend',
  target: 'live',
  lock: 'held',
  facts: ({ stack, resource, dependsOn }) => ({ stack, addresses: [resource], edges: [[resource, dependsOn]] }),
  decide: ({ resource, dependsOn, dependencyType, path }, facts, { now }) => {
    const slot = dependent(resource, facts);
    if (resource === dependsOn) {
      throw new InvalidInputError('DEPENDS_ON_ITSELF', `resource "${resource}" cannot depend on itself`, {
        details: { field: 'dependsOn', address: resource },
      });
    }
    if (dependencyType === 'explicit') {
      return declare(slot, [...(slot.value?.dependencies ?? []), dependsOn], facts, now);
    }
    if (facts.edges.length > 0) return [];
    return [{ type: 'DependencyAdded', data: { address: resource, target: dependsOn, dependencyType, path } }];
  },
});

export const removeDependency = defineCommand({
  schema: z.strictObject({ type: z.literal('removeDependency'), ...edge }),
  kind: 'depend',
  target: 'live',
  lock: 'held',
  facts: ({ stack, resource, dependsOn }) => ({ stack, addresses: [resource], edges: [[resource, dependsOn]] }),
  decide: ({ resource, dependsOn }, facts, { now }) => {
    const slot = dependent(resource, facts);
    const [known] = facts.edges;
    if (!known) {
      throw new NotFoundError('DEPENDENCY_NOT_FOUND', `"${resource}" does not depend on "${dependsOn}"`, {
        details: { resource, dependsOn },
      });
    }
    if (known.type === 'implicit') {
      return [{ type: 'DependencyRemoved', data: { address: resource, target: dependsOn } }];
    }
    const rest = (slot.value?.dependencies ?? []).filter((target) => target !== dependsOn);
    return declare(slot, rest, facts, now);
  },
});
