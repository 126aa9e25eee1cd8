import type { Eventual } from '../program.js';
import type { Reads, ReadsOf } from '../snapshot.js';
import { readDrift, readDrifted, readDriftRules, readExecutions, readLock, readTags } from './annotations.js';
import { changedKeysBetween, commitOfCommand, commitOfVersion, commitsOf, momentAt, snapshotsOf } from './commits.js';
import { readCheckpoints, readEventSizes, readEvents, readHead } from './log.js';
import { dependenciesAt, dependenciesOf, edgesAt, outputsAt, outputsOf } from './outputs.js';
import { addressesOf, nodesAt, resourceHistory, resourcesAt, resourcesOf } from './resources.js';
import type { Sql } from './sql.js';
import { findStack, findStackOfName, listStacks, readDocument } from './stacks.js';

/** The implementation of each read on a connection. */
const READS: {
  readonly [K in keyof Reads]: (sql: Sql, ...args: Parameters<Reads[K]>) => Eventual<ReturnType<Reads[K]>>;
} = {
  head: readHead,
  events: readEvents,
  eventSizes: readEventSizes,
  checkpoints: readCheckpoints,
  stack: (sql, ref, { deleted = false } = {}) => findStack(sql, ref, deleted),
  stackOfName: (sql, name, { deleted = false } = {}) => findStackOfName(sql, name, deleted),
  stacks: listStacks,
  document: readDocument,
  resourcesOf,
  resources: resourcesAt,
  addressesOf,
  resourceHistory,
  outputs: outputsAt,
  outputsOf,
  dependencies: dependenciesAt,
  dependenciesOf,
  nodes: nodesAt,
  edges: edgesAt,
  changedKeys: changedKeysBetween,
  commit: commitOfVersion,
  commitOf: commitOfCommand,
  commits: (sql, stream, filter = {}) => commitsOf(sql, stream, filter),
  moment: momentAt,
  snapshots: snapshotsOf,
  executions: readExecutions,
  lock: readLock,
  tags: readTags,
  drifted: readDrifted,
  drift: readDrift,
  driftRules: readDriftRules,
};

/** The reads of a store, bound to a connection. */
export const readsOn = (sql: Sql): ReadsOf =>
  Object.fromEntries(
    Object.entries(READS).map(([name, read]) => [
      name,
      (read as (sql: Sql, ...args: unknown[]) => unknown).bind(null, sql),
    ]),
  ) as unknown as ReadsOf;
