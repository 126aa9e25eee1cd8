import { readDifference, type StoredResourceReads } from '../../../src/store/difference.js';
import { answers, type FactKeys, type Facts, NOTHING_PRESENT } from '../../../src/store/facts.js';
import { runNow } from '../../../src/store/program.js';
import type { StackRecord } from '../../../src/store/records.js';
import { resourceId } from '../../../src/store/resource-id.js';
import { snapshotOn } from '../../../src/store/snapshot.js';
import type { MemoryState } from '../state.js';
import { executionById, hasTag, lastDriftOf, readDriftRules, readLock, readLockTaker } from './annotations.js';
import { dependencyAt, outputAt, outputsAt } from './outputs.js';
import { readsOn } from './reads.js';
import { resourceNames, resourcesByAddress, resourcesWithId } from './resources.js';
import { findStack, holderOfName, readDocument } from './stacks.js';

/** The facts of a decision that belong to a stack, without a stack. */
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
    resourcesById: answers(keys.resourceIds, resourcesWithId(state)),
    ...(stack ? factsOfStack(state, stack, keys) : NOTHING),
  };
}

function factsOfStack(state: MemoryState, { stream, stateVersion }: StackRecord, keys: FactKeys): typeof NOTHING {
  const storedResource = resourcesByAddress(state, stream);
  const driftOf = (ref: string) => {
    const stored = storedResource(ref);
    return lastDriftOf(state, stream, stored ? resourceId(stored) : ref);
  };
  return {
    document: keys.document ? readDocument(state, stream).document : undefined,
    lock: readLock(state, stream),
    lockTaker: keys.lockTaker ? readLockTaker(state, stream) : undefined,
    resources: answers(keys.addresses, storedResource),
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
      keys.changedSince === undefined
        ? undefined
        : runNow(
            readDifference(
              snapshotOn(readsOn(state)),
              storedResourceReads(state, stream),
              stream,
              keys.changedSince,
              stateVersion,
            ),
          ),
  };
}

const storedResourceReads = (state: MemoryState, stream: number): StoredResourceReads => ({
  byAddress: (addresses) => answers(addresses, resourcesByAddress(state, stream)),
  byId: (ids) => answers(ids, resourcesWithId(state)),
});
