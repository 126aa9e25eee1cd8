import type { ReadsOf } from '../../snapshot.js';
import type { Sql } from '../sql.js';
import { readDrift, readDrifted, readDriftRules, readExecutions, readLock, readTags } from './annotations.js';
import { commitOfCommand, commitOfVersion, commitsOf, momentAt, snapshotsOf, touchedBetween } from './commits.js';
import { readCheckpoints, readEventSizes, readEvents, readHead } from './log.js';
import { dependenciesAt, edgesAt, edgesOf, outputsAt, outputsOf } from './outputs.js';
import { addressesOf, nodesAt, resourceHistory, resourcesAt, resourcesOf } from './resources.js';
import { findStack, findStackOfName, listStacks, readDocument } from './stacks.js';

export const readsOn = (sql: Sql): ReadsOf => ({
  head: () => readHead(sql),
  events: (filter) => readEvents(sql, filter),
  eventSizes: (filter) => readEventSizes(sql, filter),
  checkpoints: () => readCheckpoints(sql),
  stack: (ref, { deleted = false } = {}) => findStack(sql, ref, deleted),
  stackOfName: (name, { deleted = false } = {}) => findStackOfName(sql, name, deleted),
  stacks: (filter, now) => listStacks(sql, filter, now),
  document: (stream, version) => readDocument(sql, stream, version),
  resourcesOf: (stream, addresses, version) => resourcesOf(sql, stream, addresses, version),
  resources: (stream, version, page) => resourcesAt(sql, stream, version, page),
  addressesOf: (stream, ids) => addressesOf(sql, stream, ids),
  resourceHistory: (stream, address) => resourceHistory(sql, stream, address),
  outputs: (stream, version) => outputsAt(sql, stream, version),
  outputsOf: (stream, names, version) => outputsOf(sql, stream, names, version),
  dependencies: (stream, version) => dependenciesAt(sql, stream, version),
  dependenciesOf: (stream, edges, version) => edgesOf(sql, stream, edges, version),
  nodes: (stream, version) => nodesAt(sql, stream, version),
  edges: (stream, version) => edgesAt(sql, stream, version),
  touched: (stream, from, to) => touchedBetween(sql, stream, from, to),
  commit: (stream, version) => commitOfVersion(sql, stream, version),
  commitOf: (commandId) => commitOfCommand(sql, commandId),
  commits: (stream, filter = {}) => commitsOf(sql, stream, filter),
  moment: (stream, at) => momentAt(sql, stream, at),
  snapshots: (stream) => snapshotsOf(sql, stream),
  executions: (stream, limit) => readExecutions(sql, stream, limit),
  lock: (stream) => readLock(sql, stream),
  tags: (stream) => readTags(sql, stream),
  drifted: (stream) => readDrifted(sql, stream),
  drift: (stream) => readDrift(sql, stream),
  driftRules: (stream) => readDriftRules(sql, stream),
});
