import { NO_ENTRIES } from '../../lib/no-entries.js';
import { readDifference, type StoredResourceReads } from '../difference.js';
import { type Difference, type FactKeys, type Facts, NOTHING_PRESENT } from '../facts.js';
import { type Eventual, type Program, together, wait } from '../program.js';
import { snapshotOn } from '../snapshot.js';
import { executionById, lastDriftOf, readDriftRules, tagsAmong } from './annotations.js';
import { dependenciesOf, outputNames, outputsOf } from './outputs.js';
import { readsOn } from './reads.js';
import { resourceNames, resourcesByAddress, resourcesWithId } from './resources.js';
import type { Sql } from './sql.js';
import { findStackHead, holderOf, readDocument } from './stacks.js';

/** The first facts of every decision. */
export type Opening = Pick<Facts, 'stack' | 'lock' | 'lockTaker'>;

/**
 * Reads the requested facts of a decision, each by its key. A fact that was not requested costs no statement.
 * @param opened the opening, whose statement is sent before the others; if the log has not moved since, they are current
 * @param guess the probable stream of the stack; if it is right, a server is queried once
 */
export function* readFacts(sql: Sql, keys: FactKeys, opened: Eventual<Opening>, guess?: number): Program<Facts> {
  const [opening, nameHolder, idHolder, resourcesById, guessed] = yield* together([
    opened,
    keys.name === undefined ? undefined : holderOf(sql, keys.name),
    keys.id === undefined ? undefined : holderOf(sql, keys.id),
    resourcesWithId(sql, keys.resourceIds ?? []),
    guess === undefined ? NONE : factsOfStack(sql, keys, guess, opened),
  ]);
  const { stack, lock, lockTaker } = opening;
  const isGuessed = stack !== undefined && stack.stream === guess;
  const [own, deletedStack, ownHolder] = yield* together([
    !stack ? NONE : isGuessed ? guessed : factsOfStack(sql, keys, stack.stream, opened),
    stack ? undefined : findStackHead(sql, keys.stack, true),
    keys.ownName && stack ? holderOf(sql, stack.name) : undefined,
  ]);
  return {
    stack,
    lock,
    lockTaker,
    ...own,
    deletedStack,
    nameHolder: keys.name === undefined ? ownHolder : nameHolder,
    idTaken: idHolder !== undefined,
    resourcesById,
  };
}

type OwnFacts = Omit<Facts, keyof Opening | 'deletedStack' | 'nameHolder' | 'idTaken' | 'resourcesById'>;

const NONE: OwnFacts = {
  document: undefined,
  resources: NO_ENTRIES,
  outputs: NO_ENTRIES,
  present: NOTHING_PRESENT,
  edges: [],
  tags: new Set(),
  drift: NO_ENTRIES,
  driftRules: [],
  execution: undefined,
  difference: undefined,
};

function* factsOfStack(sql: Sql, keys: FactKeys, stream: number, opened: Eventual<Opening>): Program<OwnFacts> {
  const { changedSince } = keys;
  const [document, resources, outputs, names, outputsPresent, edges, tags, drift, driftRules, execution, difference] =
    yield* together([
      keys.document ? readDocument(sql, stream) : undefined,
      resourcesByAddress(sql, stream, keys.addresses ?? []),
      outputsOf(sql, stream, keys.outputs ?? []),
      keys.present ? resourceNames(sql, stream) : [],
      keys.present ? outputNames(sql, stream) : [],
      dependenciesOf(sql, stream, keys.edges ?? []),
      tagsAmong(sql, stream, keys.tags ?? []),
      lastDriftOf(sql, stream, keys.driftOf ?? []),
      keys.driftRules ? readDriftRules(sql, stream) : [],
      keys.execution === undefined ? undefined : executionById(sql, stream, keys.execution),
      changedSince === undefined ? undefined : differenceSince(sql, stream, changedSince, opened),
    ]);
  return {
    document: document?.document,
    resources,
    outputs,
    present: { resources: names, outputs: outputsPresent },
    edges,
    tags,
    drift,
    driftRules,
    execution,
    difference,
  };
}

function* differenceSince(sql: Sql, stream: number, from: number, opened: Eventual<Opening>): Program<Difference> {
  const { stack } = yield* wait(opened);
  const storedResources: StoredResourceReads = {
    byAddress: (addresses) => resourcesByAddress(sql, stream, addresses),
    byId: (ids) => resourcesWithId(sql, ids),
  };
  return yield* readDifference(snapshotOn(readsOn(sql)), storedResources, stream, from, stack?.stateVersion ?? 0);
}
