import { NO_ENTRIES } from '../../../lib/no-entries.js';
import { resourceMissing } from '../../damage-errors.js';
import { answers, type Difference, type FactKeys, type Facts, NOTHING_PRESENT } from '../../facts.js';
import { resourceId } from '../../resource-id.js';
import type { Statements } from '../statements.js';
import { executionById, hasTag, lastDriftOf, readDriftRules, readLock, readLockTaker } from './annotations.js';
import { touchedBetween } from './commits.js';
import { dependencyAt, outputAt, outputNames } from './outputs.js';
import { resourceAt, resourceNames, slotByAddress, slotById } from './resources.js';
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
    resources: known(keys.addresses, (at, address) => slotByAddress(sql, at, address)),
    resourcesById: answers(keys.resourceIds, (id) => slotById(sql, id)),
    outputs: known(keys.outputs, (at, name) => outputAt(sql, at, name)),
    present:
      stream !== undefined && keys.present
        ? { resources: resourceNames(sql, stream), outputs: outputNames(sql, stream) }
        : NOTHING_PRESENT,
    edges: stream === undefined ? [] : (keys.edges ?? []).flatMap((edge) => dependencyAt(sql, stream, edge) ?? []),
    tags: new Set(known(keys.tags, (at, tag) => hasTag(sql, at, tag) || undefined).keys()),
    drift: known(keys.driftOf, (at, ref) => {
      const slot = slotByAddress(sql, at, ref);
      return lastDriftOf(sql, at, slot ? resourceId(slot) : ref);
    }),
    driftRules: stream !== undefined && keys.driftRules ? readDriftRules(sql, stream) : [],
    execution:
      stream === undefined || keys.execution === undefined ? undefined : executionById(sql, stream, keys.execution),
    difference:
      stack === undefined || keys.changedSince === undefined
        ? undefined
        : readDifference(sql, stack.stream, keys.changedSince, stack.stateVersion),
  };
}

const holderOf = (sql: Statements, name: string | undefined): string | undefined =>
  name === undefined ? undefined : (sql(HOLDER).get({ name }) as { id: string } | undefined)?.id;

function readDifference(sql: Statements, stream: number, from: number, to: number): Difference {
  const touched = touchedBetween(sql, stream, from, to);
  return {
    document: { now: readDocument(sql, stream).document, before: readDocument(sql, stream, from).document },
    resources: touched.addresses.map((address) => {
      const slot = slotByAddress(sql, stream, address);
      if (!slot) throw resourceMissing(address);
      const before = resourceAt(sql, stream, address, from);
      return {
        slot,
        now: slot.value === null ? undefined : slot,
        before: before && {
          ...slot,
          id: before.id === `res-${before.resource}` ? null : before.id,
          value: before.value,
        },
        idHolder: before && slotById(sql, before.id)?.resource,
      };
    }),
    outputs: touched.outputs.map((name) => ({
      name,
      now: outputAt(sql, stream, name),
      before: outputAt(sql, stream, name, from),
    })),
    dependencies: touched.dependencies.map(([address, target]) => ({
      address,
      target,
      now: dependencyAt(sql, stream, [address, target]),
      before: dependencyAt(sql, stream, [address, target], from),
    })),
  };
}
