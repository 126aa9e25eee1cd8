import type { LogHead } from '../../../events/index.js';
import { allSettled } from '../../../lib/all-settled.js';
import { readDifference, type SlotReads } from '../../difference.js';
import type { AppendRequest } from '../../event-store.js';
import { type Difference, type FactKeys, type Facts, NOTHING_PRESENT, type Present } from '../../facts.js';
import { runLater } from '../../program.js';
import type { EarlierCommit } from '../../receipts.js';
import type { LockRecord, LockTaker, StackRecord } from '../../records.js';
import { resourceId } from '../../resource-id.js';
import { snapshotOn } from '../../snapshot.js';
import type { Tables } from '../../tables.js';
import { toLockRecord, toLockTaker, toStackRecord } from '../../to-records.js';
import { headMissing } from '../errors.js';
import type { Sql } from '../sql.js';
import { executionById, lastDriftOf, readDriftRules, tagsAmong } from './annotations.js';
import { type EarlierRow, earlierCommits, toEarlier } from './commits.js';
import { edgesOf, outputNames, outputsOf } from './outputs.js';
import { readsOn } from './reads.js';
import { resourceNames, slotsByAddress, slotsById } from './resources.js';
import { findStack, readDocument, stackBy } from './stacks.js';

/** Names and ids share one space. */
const HOLDER = `
SELECT id FROM stack_rows WHERE id = $1
UNION ALL
SELECT id FROM stack_rows WHERE name = $1 AND deleted_at IS NULL
LIMIT 1`;

/** What a command begins with. */
interface Opening {
  readonly head: LogHead;
  /** Commits of the command's id by its principal. */
  readonly earlier: readonly EarlierCommit[];
  readonly stack: StackRecord | undefined;
  readonly lock: LockRecord | undefined;
  readonly lockTaker: LockTaker | undefined;
}

export interface Known extends Pick<Opening, 'head' | 'earlier'> {
  readonly facts: Facts;
}

type Wanted = Pick<AppendRequest, 'commandId' | 'identity' | 'meta' | 'keys'>;

const OPENING = `
SELECT h.position, h.hash, h.recorded_at AS "recordedAt", row_to_json(s) AS stack,
       (${earlierCommits('$1', '$4')}) AS earlier,
       (SELECT row_to_json(l) FROM lock_rows l WHERE l.stream = s.stream) AS lock,
       (SELECT e.meta FROM lock_rows l JOIN events e ON e.position = l.token WHERE $5 AND l.stream = s.stream) AS taker
FROM log_head h LEFT JOIN LATERAL (${stackBy('$2', '$3')}) s ON TRUE`;

interface OpeningRow extends LogHead {
  readonly stack: Tables['stack_rows'] | null;
  readonly earlier: readonly EarlierRow[] | null;
  readonly lock: Tables['lock_rows'] | null;
  /** What the event says of itself that took the lock. */
  readonly taker: string | null;
}

/** One statement, so all of it is of one moment. */
async function readOpening(sql: Sql, { commandId, identity, meta, keys }: Wanted): Promise<Opening> {
  const { stack: ref, deleted = false, lockTaker = false } = keys;
  const principal = identity?.principal ?? meta.principal ?? '';
  const row = await sql.get<OpeningRow>(OPENING, [commandId, ref, deleted, principal, lockTaker]);
  if (!row) throw headMissing();
  const { position, hash, recordedAt, stack, earlier, lock, taker } = row;
  return {
    head: { position, hash, recordedAt },
    earlier: (earlier ?? []).map(toEarlier),
    stack: stack ? toStackRecord(stack) : undefined,
    lock: lock ? toLockRecord(lock) : undefined,
    lockTaker: taker === null ? undefined : toLockTaker(taker),
  };
}

/**
 * Reads what a decision asked for, each by its key, after the log's end: where that has not moved since, it still holds.
 * What was not asked for costs no question to the server.
 * @param guess the stream of the stack meant, as far as is known: where it is right, all is one round trip
 */
export async function readFacts(sql: Sql, wanted: Wanted, guess?: number): Promise<Known> {
  const { keys } = wanted;
  const opened = readOpening(sql, wanted);
  const [opening, nameHolder, idHolder, resourcesById, guessed] = await allSettled([
    opened,
    keys.name === undefined ? undefined : holderOf(sql, keys.name),
    keys.id === undefined ? undefined : holderOf(sql, keys.id),
    slotsById(sql, keys.resourceIds ?? []),
    guess === undefined ? undefined : factsOfStack(sql, keys, guess, opened),
  ]);
  const { head, earlier, stack, lock, lockTaker } = opening;
  const [own, deletedStack, ownHolder] = await allSettled([
    !stack ? NONE : stack.stream === guess && guessed ? guessed : factsOfStack(sql, keys, stack.stream, opened),
    stack ? undefined : findStack(sql, keys.stack, true),
    keys.ownName && stack ? holderOf(sql, stack.name) : undefined,
  ]);
  const holder = keys.name === undefined ? ownHolder : nameHolder;
  const shared = {
    stack,
    deletedStack,
    lock,
    lockTaker,
    nameHolder: holder,
    idTaken: idHolder !== undefined,
    resourcesById,
  };
  return { head, earlier, facts: { ...shared, ...own } };
}

const holderOf = async (sql: Sql, name: string): Promise<string | undefined> =>
  (await sql.get<{ id: string }>(HOLDER, [name]))?.id;

type OwnFacts = Omit<
  Facts,
  'stack' | 'deletedStack' | 'lock' | 'lockTaker' | 'nameHolder' | 'idTaken' | 'resourcesById'
>;

const NONE: OwnFacts = {
  document: undefined,
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

async function factsOfStack(sql: Sql, keys: FactKeys, stream: number, opened: Promise<Opening>): Promise<OwnFacts> {
  const { changedSince } = keys;
  const [document, resources, outputs, present, edges, tags, drift, driftRules, execution, difference] =
    await allSettled([
      keys.document ? readDocument(sql, stream) : undefined,
      slotsByAddress(sql, stream, keys.addresses ?? []),
      outputsOf(sql, stream, keys.outputs ?? []),
      keys.present ? presentOf(sql, stream) : NOTHING_PRESENT,
      edgesOf(sql, stream, keys.edges ?? []),
      tagsAmong(sql, stream, keys.tags ?? []),
      driftOf(sql, stream, keys.driftOf ?? []),
      keys.driftRules ? readDriftRules(sql, stream) : [],
      keys.execution === undefined ? undefined : executionById(sql, stream, keys.execution),
      changedSince === undefined ? undefined : differenceSince(sql, stream, changedSince, opened),
    ]);
  return {
    document: document?.document,
    resources,
    outputs,
    present,
    edges,
    tags,
    drift,
    driftRules,
    execution,
    difference,
  };
}

async function presentOf(sql: Sql, stream: number): Promise<Present> {
  const [resources, outputs] = await allSettled([resourceNames(sql, stream), outputNames(sql, stream)]);
  return { resources, outputs };
}

/** By address or id, as it was asked for. */
async function driftOf(sql: Sql, stream: number, refs: readonly string[]): Promise<Facts['drift']> {
  const slots = await slotsByAddress(sql, stream, refs);
  const idOf = (ref: string): string => {
    const slot = slots.get(ref);
    return slot ? resourceId(slot) : ref;
  };
  const found = await lastDriftOf(sql, stream, refs.map(idOf));
  return new Map(
    refs.flatMap((ref) => {
      const drift = found.get(idOf(ref));
      return drift ? [[ref, drift] as const] : [];
    }),
  );
}

async function differenceSince(sql: Sql, stream: number, from: number, opened: Promise<Opening>): Promise<Difference> {
  const to = (await opened).stack?.stateVersion ?? 0;
  const slots: SlotReads = {
    byAddress: (addresses) => slotsByAddress(sql, stream, addresses),
    byId: (ids) => slotsById(sql, ids),
  };
  return runLater(readDifference(snapshotOn(readsOn(sql)), slots, stream, from, to));
}
