import type { Difference, FactKeys, Facts } from '../../facts.js';
import type { ResourceSlot, StackRecord } from '../../records.js';
import { resourceId } from '../../resource-id.js';
import type { Sql } from '../sql.js';
import { touchedBetween } from './commits.js';
import { edgesOf, outputsOf } from './outputs.js';
import { resourcesOf, slotsByAddress, slotsById } from './resources.js';
import { executionById, lastDriftOf, readDriftRules, readLock, tagsAmong } from './signals.js';
import { findStack, readDocument } from './stacks.js';

const NAME_HOLDER = 'SELECT id FROM stack_rows WHERE (name = $1 AND deleted_at IS NULL) OR id = $1 LIMIT 1';
const ID_TAKEN = 'SELECT 1 FROM stack_rows WHERE id = $1 OR (name = $1 AND deleted_at IS NULL)';

/** What can be asked before it is known which stack is meant. On a pipelined connection it is one round trip. */
export function firstFacts(sql: Sql, keys: FactKeys) {
  return Promise.all([
    findStack(sql, keys.stack, keys.deleted ?? false),
    keys.name === undefined ? undefined : nameHolder(sql, keys.name),
    keys.id === undefined ? undefined : sql.get(ID_TAKEN, [keys.id]),
    slotsById(sql, keys.resourceIds ?? []),
  ]);
}

/** Reads what a decision asked for, each by its key. What was not asked for costs no question to the server. */
export async function readFacts(
  sql: Sql,
  keys: FactKeys,
  first: ReturnType<typeof firstFacts> = firstFacts(sql, keys),
): Promise<Facts> {
  const [stack, holder, taken, resourcesById] = await first;
  const [own, deletedStack, ownHolder] = await Promise.all([
    stack ? factsOfStack(sql, keys, stack) : NONE,
    stack ? undefined : findStack(sql, keys.stack, true),
    keys.ownName && stack ? nameHolder(sql, stack.name) : undefined,
  ]);
  return {
    stack,
    deletedStack,
    nameHolder: keys.name === undefined ? ownHolder : holder,
    idTaken: taken !== undefined,
    resourcesById,
    ...own,
  };
}

const nameHolder = async (sql: Sql, name: string): Promise<string | undefined> =>
  (await sql.get<{ id: string }>(NAME_HOLDER, [name]))?.id;

type OwnFacts = Omit<Facts, 'stack' | 'deletedStack' | 'nameHolder' | 'idTaken' | 'resourcesById'>;

const NONE: OwnFacts = {
  document: undefined,
  lock: undefined,
  resources: new Map(),
  outputs: new Map(),
  edges: [],
  tags: new Set(),
  drift: new Map(),
  driftRules: [],
  execution: undefined,
  difference: undefined,
};

async function factsOfStack(sql: Sql, keys: FactKeys, { stream, stateVersion }: StackRecord): Promise<OwnFacts> {
  const [document, lock, resources, outputs, edges, tags, drift, driftRules, execution, difference] = await Promise.all(
    [
      keys.document ? readDocument(sql, stream) : undefined,
      readLock(sql, stream),
      slotsByAddress(sql, stream, keys.addresses ?? []),
      outputsOf(sql, stream, keys.outputs ?? []),
      edgesOf(sql, stream, keys.edges ?? []),
      tagsAmong(sql, stream, keys.tags ?? []),
      driftOf(sql, stream, keys.driftOf ?? []),
      keys.driftRules ? readDriftRules(sql, stream) : [],
      keys.execution === undefined ? undefined : executionById(sql, stream, keys.execution),
      keys.changedSince === undefined ? undefined : readDifference(sql, stream, keys.changedSince, stateVersion),
    ],
  );
  return {
    document: document?.document,
    lock,
    resources,
    outputs,
    edges,
    tags,
    drift,
    driftRules,
    execution,
    difference,
  };
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

async function readDifference(sql: Sql, stream: number, from: number, to: number): Promise<Difference> {
  const { addresses, outputs, dependencies } = await touchedBetween(sql, stream, from, to);
  const edgeKey = ({ address, target }: { readonly address: string; readonly target: string }) =>
    `${address}\n${target}`;
  const byEdge = async (version?: number) =>
    new Map((await edgesOf(sql, stream, dependencies, version)).map((edge) => [edgeKey(edge), edge]));
  const [slots, before, outputsNow, outputsBefore, edgesNow, edgesBefore, now, then] = await Promise.all([
    slotsByAddress(sql, stream, addresses),
    resourcesOf(sql, stream, addresses, from),
    outputsOf(sql, stream, outputs),
    outputsOf(sql, stream, outputs, from),
    byEdge(),
    byEdge(from),
    readDocument(sql, stream),
    readDocument(sql, stream, from),
  ]);
  const holders = await slotsById(
    sql,
    [...before.values()].map(({ id }) => id),
  );
  return {
    document: { now: now.document, before: then.document },
    resources: addresses.map((address) => {
      const slot = slots.get(address) as ResourceSlot;
      const earlier = before.get(address);
      return {
        slot,
        now: slot.value === null ? undefined : slot,
        before: earlier && {
          ...slot,
          id: earlier.id === `res-${earlier.resource}` ? null : earlier.id,
          value: earlier.value,
        },
        idHolder: earlier && holders.get(earlier.id)?.resource,
      };
    }),
    outputs: outputs.map((name) => ({ name, now: outputsNow.get(name), before: outputsBefore.get(name) })),
    dependencies: dependencies.map(([address, target]) => ({
      address,
      target,
      now: edgesNow.get(edgeKey({ address, target })),
      before: edgesBefore.get(edgeKey({ address, target })),
    })),
  };
}
