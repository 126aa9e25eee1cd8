import * as z from 'zod';
import type { NewEvent } from '../events/index.js';
import { ConflictError, InvalidInputError } from '../lib/errors.js';
import { equalJson, isJsonObject, type JsonObject } from '../lib/json.js';
import { fieldChanges } from '../lib/json-diff.js';
import { applyChanges } from '../lib/json-diff-apply.js';
import { name, prose } from '../lib/text.js';
import type { DriftRecord } from '../store/records.js';
import { edgeEvents } from './change-dependencies.js';
import { defineCommand, stackRef } from './command.js';
import { edgeRules } from './desired-edges.js';
import { driftNotFound } from './drift-finding.js';
import { identifier } from './identifiers.js';
import { resourceNotFound, setResource, storedResource } from './resource-input.js';

/**
 * Makes the actual state the expected one: the resource gets the actual properties, except for differences that rules
 * exclude, or is removed if it is gone. All other fields of the resource stay unchanged.
 */
export const acceptDrift = defineCommand({
  schema: z.strictObject({
    type: z.literal('acceptDrift'),
    stack: stackRef,
    /** An address or id. */
    resource: identifier('resource', name(2048)),
    reason: prose().default('accepted'),
    dependents: edgeRules.dependents,
  }),
  kind: 'accept drift',
  target: 'live',
  lock: 'held',
  facts: ({ stack, resource }) => ({ stack, addresses: [resource], resourceIds: [resource], driftOf: [resource] }),
  decide: ({ stack, resource, reason, dependents }, facts, { now }) => {
    const open = facts.drift.get(resource);
    if (!open?.isDrifted) throw driftNotFound(stack, resource);
    const stored = storedResource(resource, facts);
    if (!stored?.value) throw resourceNotFound(resource);
    if (open.resource !== stored.resource || !equalJson(open.expected, stored.value.properties)) {
      throw outdated(stack, resource);
    }
    const resolved: NewEvent = {
      type: 'DriftResolved',
      data: { finding: open.id, resourceId: open.resourceId, reason },
    };
    const rules = { allowMissing: false, dependents };
    const ending = (events: readonly NewEvent[]): NewEvent[] => [...events, resolved];
    if (open.actual === null) return edgeEvents([], [stored], rules, ending);
    const { address, module, type, name: own } = stored;
    const outcome = setResource(
      { module, type, name: own, mode: 'replace', properties: acceptedProperties(open, stack, resource) },
      { ...facts, resources: new Map([[address, stored]]) },
      now,
    );
    return edgeEvents([outcome], [], rules, ending);
  },
});

/** The actual properties, with the expected values where rules exclude a difference. */
function acceptedProperties({ expected, actual, changes }: DriftRecord, stack: string, resource: string): JsonObject {
  const found = new Set(changes.map(({ path }) => path));
  const all = fieldChanges(expected, actual);
  const leftOut = all.filter(({ path }) => !found.has(path));
  if (found.size + leftOut.length !== all.length) throw outdated(stack, resource);
  const back = leftOut.map(({ path, before }) => ({ path, ...(before === undefined ? {} : { after: before }) }));
  const accepted = applyChanges(actual, back);
  if (isJsonObject(accepted)) return accepted;
  throw new InvalidInputError(
    'ACCEPT_NOT_PROPERTIES',
    `resource "${resource}": the actual state is not an object, so it cannot be its properties`,
    {
      hint: 'Set the properties by hand, or close the finding with: sloth-runner stack state drift resolve',
      details: { field: 'resource', resource },
    },
  );
}

const outdated = (stack: string, resource: string): ConflictError =>
  new ConflictError('DRIFT_OUTDATED', `"${resource}" in stack "${stack}" has changed since the finding was recorded`, {
    hint: 'It was changed since, or the finding expected something else: detect its drift again, then accept it.',
    details: { stack, resource },
  });
