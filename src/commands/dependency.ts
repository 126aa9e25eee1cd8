import * as z from 'zod';
import { InvalidInputError, NotFoundError } from '../lib/errors.js';
import { name } from '../lib/text.js';
import type { Facts } from '../store/facts.js';
import type { StoredResource } from '../store/records.js';
import { edgeEvents } from './change-dependencies.js';
import { defineCommand, stackRef } from './command.js';
import { edgeRules } from './desired-edges.js';
import { identifier } from './identifiers.js';
import { type Outcome, resourceNotFound, setResource } from './resource-input.js';

const edge = {
  stack: stackRef,
  /** The address of the dependent resource. */
  resource: identifier('resource', name(2048)),
  /** The address it depends on. */
  dependsOn: identifier('resource', name(2048)),
};

function dependent(resource: string, facts: Facts): StoredResource {
  const stored = facts.resources.get(resource);
  if (!stored?.value) throw resourceNotFound(resource);
  return stored;
}

/** The resource with another list of declared dependencies. */
function declare(stored: StoredResource, dependencies: readonly string[], facts: Facts, now: string): Outcome {
  const { module, type, name } = stored;
  return setResource({ module, type, name, mode: 'merge', dependencies: [...dependencies] }, facts, now);
}

/** The resource after the change, with its edges. */
const asking = (outcome: Outcome, allowMissing: boolean) =>
  edgeEvents([outcome], [], { allowMissing, dependents: 'refuse' });

/** An explicit dependency is added to the resource's declared ones; an implicit one is only an edge. */
export const addDependency = defineCommand({
  schema: z.strictObject({
    type: z.literal('addDependency'),
    ...edge,
    dependencyType: z.enum(['explicit', 'implicit']).default('explicit'),
    /** The path in the properties at which an implicit dependency was found. */
    path: name(2048).nullable().default(null),
    allowMissing: edgeRules.allowMissing,
  }),
  kind: 'depend',
  target: 'live',
  lock: 'held',
  facts: ({ stack, resource, dependsOn }) => ({ stack, addresses: [resource], edges: [[resource, dependsOn]] }),
  decide: ({ resource, dependsOn, dependencyType, path, allowMissing }, facts, { now }) => {
    const stored = dependent(resource, facts);
    if (resource === dependsOn) {
      throw new InvalidInputError('DEPENDS_ON_ITSELF', `resource "${resource}" cannot depend on itself`, {
        details: { field: 'dependsOn', address: resource },
      });
    }
    const declared = stored.value?.dependencies ?? [];
    if (dependencyType === 'explicit')
      return asking(declare(stored, [...declared, dependsOn], facts, now), allowMissing);
    if (facts.edges.length > 0) return [];
    return asking({ ...declare(stored, declared, facts, now), addedEdge: { target: dependsOn, path } }, true);
  },
});

export const removeDependency = defineCommand({
  schema: z.strictObject({ type: z.literal('removeDependency'), ...edge }),
  kind: 'depend',
  target: 'live',
  lock: 'held',
  facts: ({ stack, resource, dependsOn }) => ({ stack, addresses: [resource], edges: [[resource, dependsOn]] }),
  decide: ({ resource, dependsOn }, facts, { now }) => {
    const stored = dependent(resource, facts);
    const [known] = facts.edges;
    if (!known) {
      throw new NotFoundError('DEPENDENCY_NOT_FOUND', `"${resource}" does not depend on "${dependsOn}"`, {
        details: { resource, dependsOn },
      });
    }
    if (known.type === 'implicit') {
      return [{ type: 'DependencyRemoved', data: { address: resource, target: dependsOn } }];
    }
    const rest = (stored.value?.dependencies ?? []).filter((target) => target !== dependsOn);
    return asking(declare(stored, rest, facts, now), true);
  },
});
