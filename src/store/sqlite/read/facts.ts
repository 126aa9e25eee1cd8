import { NO_ENTRIES } from '../../../lib/no-entries.js';
import { readDifference, type SlotReads } from '../../difference.js';
import { answers, type FactKeys, type Facts, NOTHING_PRESENT } from '../../facts.js';
import { runNow } from '../../program.js';
import type { DriftRecord } from '../../records.js';
import { resourceId } from '../../resource-id.js';
import { snapshotOn } from '../../snapshot.js';
import type { Statements } from '../statements.js';
import { executionById, hasTag, lastDriftOf, readDriftRules, readLock, readLockTaker } from './annotations.js';
import { dependenciesOf, outputNames, outputsOf } from './outputs.js';
import { readsOn } from './reads.js';
import { resourceNames, slotsByAddress, slotsById } from './resources.js';
import { findStackHead, readDocument } from './stacks.js';

/** Names and ids share one space. */
const HOLDER = 'SELECT id FROM stack_rows WHERE (name = :name AND deleted_at IS NULL) OR id = :name LIMIT 1';

/** Reads what a decision asked for, each by its key. */
export function readFacts(sql: Statements, keys: FactKeys): Facts {
  const stack = findStackHead(sql, keys.stack, keys.deleted ?? false);
  const stream = stack?.stream;
  const known = <T>(items: readonly string[] | undefined, read: (stream: number, key: string) => T | undefined) =>
    stream === undefined ? NO_ENTRIES : answers(items, (key) => read(stream, key));
  return {
    stack,
    deletedStack: stack ? undefined : findStackHead(sql, keys.stack, true),
    document: stream !== undefined && keys.document ? readDocument(sql, stream).document : undefined,
    lock: stream === undefined ? undefined : readLock(sql, stream),
    lockTaker: stream !== undefined && keys.lockTaker ? readLockTaker(sql, stream) : undefined,
    nameHolder: holderOf(sql, keys.name ?? (keys.ownName ? stack?.name : undefined)),
    idTaken: holderOf(sql, keys.id) !== undefined,
    resources: stream === undefined ? NO_ENTRIES : slotsByAddress(sql, stream, keys.addresses),
    resourcesById: slotsById(sql, keys.resourceIds),
    outputs: stream === undefined ? NO_ENTRIES : outputsOf(sql, stream, keys.outputs ?? []),
    present:
      stream !== undefined && keys.present
        ? { resources: resourceNames(sql, stream), outputs: outputNames(sql, stream) }
        : NOTHING_PRESENT,
    edges: stream === undefined ? [] : dependenciesOf(sql, stream, keys.edges ?? []),
    tags: new Set(known(keys.tags, (at, tag) => hasTag(sql, at, tag) || undefined).keys()),
    drift: stream === undefined ? NO_ENTRIES : driftOf(sql, stream, keys.driftOf),
    driftRules: stream !== undefined && keys.driftRules ? readDriftRules(sql, stream) : [],
    execution:
      stream === undefined || keys.execution === undefined ? undefined : executionById(sql, stream, keys.execution),
    difference:
      stack === undefined || keys.changedSince === undefined
        ? undefined
        : runNow(
            readDifference(
              snapshotOn(readsOn(sql)),
              slotReads(sql, stack.stream),
              stack.stream,
              keys.changedSince,
              stack.stateVersion,
            ),
          ),
  };
}

const holderOf = (sql: Statements, name: string | undefined): string | undefined =>
  name === undefined ? undefined : (sql(HOLDER).get({ name }) as { id: string } | undefined)?.id;

/** By address or id, as it was asked for. */
function driftOf(
  sql: Statements,
  stream: number,
  refs: readonly string[] | undefined,
): ReadonlyMap<string, DriftRecord> {
  const slots = slotsByAddress(sql, stream, refs);
  return answers(refs, (ref) => {
    const slot = slots.get(ref);
    return lastDriftOf(sql, stream, slot ? resourceId(slot) : ref);
  });
}

const slotReads = (sql: Statements, stream: number): SlotReads => ({
  byAddress: (addresses) => slotsByAddress(sql, stream, addresses),
  byId: (ids) => slotsById(sql, ids),
});
