import { resourceMissing } from '../../damage-errors.js';
import { answers, type Difference, type FactKeys, type Facts, NOTHING_PRESENT } from '../../facts.js';
import type { StackRecord } from '../../records.js';
import { resourceId } from '../../resource-id.js';
import type { MemoryState } from '../state.js';
import { executionById, hasTag, lastDriftOf, readDriftRules, readLock, readLockTaker } from './annotations.js';
import { touchedBetween } from './commits.js';
import { dependencyAt, outputAt, outputsAt } from './outputs.js';
import { resourceNames, resourcesAtVersion, slotsByAddress, slotsById } from './resources.js';
import { findStack, holderOfName, readDocument } from './stacks.js';

/** What every stack's decision may ask for, of no stack. */
const NOTHING: Omit<Facts, 'stack' | 'deletedStack' | 'nameHolder' | 'idTaken' | 'resourcesById'> = {
  document: undefined,
  lock: undefined,
  lockTaker: undefined,
  resources: new Map(),
  outputs: new Map(),
  present: NOTHING_PRESENT,
  edges: [],
  tags: new Set(),
  drift: new Map(),
  driftRules: [],
  execution: undefined,
  difference: undefined,
};

export function readFacts(state: MemoryState, keys: FactKeys): Facts {
  const stack = findStack(state, keys.stack, keys.deleted ?? false);
  const name = keys.name ?? (keys.ownName ? stack?.name : undefined);
  return {
    stack,
    deletedStack: stack ? undefined : findStack(state, keys.stack, true),
    nameHolder: name === undefined ? undefined : holderOfName(state, name),
    idTaken: keys.id !== undefined && holderOfName(state, keys.id) !== undefined,
    resourcesById: answers(keys.resourceIds, slotsById(state)),
    ...(stack ? factsOfStack(state, stack, keys) : NOTHING),
  };
}

function factsOfStack(state: MemoryState, { stream, stateVersion }: StackRecord, keys: FactKeys): typeof NOTHING {
  const slotOf = slotsByAddress(state, stream);
  const driftOf = (ref: string) => {
    const slot = slotOf(ref);
    return lastDriftOf(state, stream, slot ? resourceId(slot) : ref);
  };
  return {
    document: keys.document ? readDocument(state, stream).document : undefined,
    lock: readLock(state, stream),
    lockTaker: keys.lockTaker ? readLockTaker(state, stream) : undefined,
    resources: answers(keys.addresses, slotOf),
    outputs: answers(keys.outputs, (output) => outputAt(state, stream, output)),
    present: keys.present
      ? { resources: resourceNames(state, stream), outputs: outputsAt(state, stream).map(({ name }) => name) }
      : NOTHING_PRESENT,
    edges: (keys.edges ?? []).flatMap((edge) => dependencyAt(state, stream, edge) ?? []),
    tags: new Set((keys.tags ?? []).filter((tag) => hasTag(state, stream, tag))),
    drift: answers(keys.driftOf, driftOf),
    driftRules: keys.driftRules ? readDriftRules(state, stream) : [],
    execution: keys.execution === undefined ? undefined : executionById(state, stream, keys.execution),
    difference:
      keys.changedSince === undefined ? undefined : differenceOf(state, stream, keys.changedSince, stateVersion),
  };
}

function differenceOf(state: MemoryState, stream: number, from: number, to: number): Difference {
  const touched = touchedBetween(state, stream, from, to);
  const slotOf = slotsByAddress(state, stream);
  const slotById = slotsById(state);
  const resourceBefore = resourcesAtVersion(state, stream, from);
  return {
    document: { now: readDocument(state, stream).document, before: readDocument(state, stream, from).document },
    resources: touched.addresses.map((address) => {
      const slot = slotOf(address);
      if (!slot) throw resourceMissing(address);
      const before = resourceBefore(address);
      const ownId = before && (before.id === `res-${before.resource}` ? null : before.id);
      return {
        slot,
        now: slot.value === null ? undefined : slot,
        before: before && { ...slot, id: ownId ?? null, value: before.value },
        idHolder: before && slotById(before.id)?.resource,
      };
    }),
    outputs: touched.outputs.map((name) => ({
      name,
      now: outputAt(state, stream, name),
      before: outputAt(state, stream, name, from),
    })),
    dependencies: touched.dependencies.map(([address, target]) => ({
      address,
      target,
      now: dependencyAt(state, stream, [address, target]),
      before: dependencyAt(state, stream, [address, target], from),
    })),
  };
}
