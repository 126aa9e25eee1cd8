import { byBytes } from '../../../src/lib/order.js';
import type { Projection } from '../../../src/store/event-store.js';
import { answers } from '../../../src/store/facts.js';
import type { Reads } from '../../../src/store/snapshot.js';
import { headOf } from '../log.js';
import { projectionStates } from '../maintenance.js';
import type { MemoryState } from '../state.js';
import { readDrift, readDrifted, readDriftRules, readExecutions, readLock, readTags } from './annotations.js';
import { changedKeysBetween, commitOfCommand, commitOfVersion, commitsOf, momentAt, snapshotsOf } from './commits.js';
import { readEvents, sizeOf } from './log.js';
import { dependenciesAt, dependencyAt, edgesAt, outputAt, outputsAt } from './outputs.js';
import { nodesAt, resourceHistory, resourcesAt, resourcesAtVersion, resourcesWithId } from './resources.js';
import { findStack, findStackOfName, listStacks, readDocument } from './stacks.js';

export const readsOn = (state: MemoryState, projection?: Projection): Reads => ({
  head: () => headOf(state.log),
  events: (filter) => readEvents(state.log, filter),
  eventSizes: (filter) => readEvents(state.log, filter).map(sizeOf),
  checkpoints: () =>
    (projection ? projectionStates(state, projection) : [])
      .map(({ name, version, position }) => ({ name, version, position }))
      .sort((a, b) => byBytes(a.name, b.name)),
  stack: (ref, { deleted = false } = {}) => findStack(state, ref, deleted),
  stackOfName: (name, { deleted = false } = {}) => findStackOfName(state, name, deleted),
  stacks: (filter, now) => listStacks(state, filter, now),
  document: (stream, version) => readDocument(state, stream, version),
  resourcesOf: (stream, addresses, version) => answers(addresses, resourcesAtVersion(state, stream, version)),
  resources: (stream, version, page) => resourcesAt(state, stream, version, page),
  addressesOf: (stream, ids) => {
    const storedResource = resourcesWithId(state);
    return answers(ids, (id) => {
      const stored = storedResource(id);
      return stored?.stream === stream ? stored.address : undefined;
    });
  },
  resourceHistory: (stream, address) => resourceHistory(state, stream, address),
  outputs: (stream, version) => outputsAt(state, stream, version),
  outputsOf: (stream, names, version) => answers(names, (name) => outputAt(state, stream, name, version)),
  dependencies: (stream, version) => dependenciesAt(state, stream, version),
  dependenciesOf: (stream, edges, version) => edges.flatMap((edge) => dependencyAt(state, stream, edge, version) ?? []),
  nodes: (stream, version) => nodesAt(state, stream, version),
  edges: (stream, version) => edgesAt(state, stream, version),
  changedKeys: (stream, from, to) => changedKeysBetween(state, stream, from, to),
  commit: (stream, version) => commitOfVersion(state, stream, version),
  commitOf: (commandId) => commitOfCommand(state, commandId),
  commits: (stream, filter = {}) => commitsOf(state, stream, filter),
  moment: (stream, at) => momentAt(state, stream, at),
  snapshots: (stream) => snapshotsOf(state, stream),
  executions: (stream, limit) => readExecutions(state, stream, limit),
  lock: (stream) => readLock(state, stream),
  tags: (stream) => readTags(state, stream),
  drifted: (stream) => readDrifted(state, stream),
  drift: (stream) => readDrift(state, stream),
  driftRules: (stream) => readDriftRules(state, stream),
});
