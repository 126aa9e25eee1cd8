import {
  decodeEvent,
  type EventType,
  type RecordedEvent,
  raisesVersion,
  resourceAddress,
  type StoredEvent,
} from '../../src/events/index.js';
import type { StackState } from '../../src/projections/evolve.js';
import type { EventStore } from '../../src/store/event-store.js';
import type {
  CommitRecord,
  DependencyRecord,
  DocumentRecord,
  DriftRecord,
  DriftRuleRecord,
  ExecutionRecord,
  LockRecord,
  OutputRecord,
  ResourceRecord,
  SnapshotRecord,
  StackListItem,
  TagRecord,
} from '../../src/store/records.js';
import { fold } from './folded.js';
import { reads } from './reads.js';

/** Everything that a reader can get about one stack. */
export interface StackReads {
  /** All but `locked`, which depends on the time of the read. */
  readonly stack: Omit<StackListItem, 'locked'>;
  readonly document: DocumentRecord;
  readonly resources: readonly ResourceRecord[];
  readonly outputs: readonly OutputRecord[];
  readonly dependencies: readonly DependencyRecord[];
  readonly commits: readonly CommitRecord[];
  readonly snapshots: readonly SnapshotRecord[];
  readonly executions: readonly ExecutionRecord[];
  readonly lock: LockRecord | undefined;
  readonly tags: readonly TagRecord[];
  readonly drift: readonly DriftRecord[];
  readonly driftRules: readonly DriftRuleRecord[];
}

type Of<T extends EventType> = Extract<RecordedEvent, { readonly type: T }>;

const by =
  <T>(key: (item: T) => string) =>
  (a: T, b: T) =>
    key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
/** All events of a commit. */
export function commitsIn<E extends { readonly commandId: string }>(events: readonly E[]): E[][] {
  const commits: E[][] = [];
  for (const event of events) {
    const last = commits.at(-1);
    if (last && last[0]?.commandId === event.commandId) last.push(event);
    else commits.push([event]);
  }
  return commits;
}

/**
 * The expected reads of a stack after these events, derived from the events in the simplest way: values by `evolve`, and
 * positions, times and actors by searching for the event that set each. It does not use tables.
 */
export function expectedReads(stored: readonly StoredEvent[]): StackReads {
  const events = stored.map((event) => decodeEvent(event) as RecordedEvent);
  const state = fold(stored);
  const [first, last] = [events[0] as Of<'StackCreated'>, events.at(-1) as RecordedEvent];
  const ofType = <T extends EventType>(...types: T[]) =>
    events.filter((event) => (types as string[]).includes(event.type)) as unknown as Of<T>[];
  const ended = ofType('ExecutionCompleted', 'ExecutionFailed').at(-1);
  const end = ended && state.executions.get(ended.data.number);
  const executed = {
    executionCount: state.executions.size,
    completedAt: end?.end?.completedAt ?? null,
    lastDuration: end?.end?.durationMs ?? null,
    lastError: end?.error ?? null,
  };
  const { name, description, version, status, workflowFile } = state.document;
  return {
    stack: {
      stream: first.position,
      id: state.id,
      name,
      description,
      version,
      status,
      workflowFile,
      stateVersion: state.version,
      revision: state.revision,
      resourceCount: state.resources.size,
      createdAt: first.recordedAt,
      updatedAt: last.recordedAt,
      ...executed,
      deletedAt: state.deleted ? (ofType('StackDeleted').at(-1)?.recordedAt ?? '') : null,
      tags: [...state.tags.keys()].sort(),
    },
    document: { document: state.document, ...executed, taskResults: end?.end?.taskResults ?? null },
    resources: resources(state, ofType('ResourceCreated', 'ResourceUpdated'), events),
    outputs: [...state.outputs]
      .map(([output, value]) => {
        const set = ofType('OutputSet').findLast(({ data }) => data.name === output) as Of<'OutputSet'>;
        return { name: output, ...value, position: set.position, version: set.version };
      })
      .sort(by(({ name }) => name)),
    dependencies: [...state.dependencies.values()]
      .map((edge) => {
        const { position, recordedAt } = ofType('DependencyAdded').findLast(
          ({ data }) => data.address === edge.address && data.target === edge.target,
        ) as RecordedEvent;
        return { ...edge, position, createdAt: recordedAt };
      })
      .sort(by(({ address, target }) => `${address}\n${target}`)),
    commits: commitsIn(events).map(commit).reverse(),
    snapshots: ofType('SnapshotTaken')
      .map(({ position, recordedAt, meta, data }) => ({
        position,
        ...data,
        createdBy: meta.actor,
        createdAt: recordedAt,
      }))
      .reverse(),
    executions: [...state.executions]
      .map(([number, { id, status, startedAt, end, error }]) => ({
        number,
        id,
        status,
        startedAt,
        completedAt: end?.completedAt ?? null,
        duration: end?.durationMs ?? null,
        error,
        taskResults: end?.taskResults ?? null,
      }))
      .reverse(),
    lock: state.lock ?? undefined,
    tags: [...state.tags].map(([tag, added]) => ({ tag, ...added })).sort(by(({ tag }) => tag)),
    drift: ofType('DriftDetected')
      .map((found) => finding(found, state, ofType('DriftCleared', 'DriftResolved', 'DriftIgnored')))
      .reverse(),
    driftRules: [...state.driftRules].map(([id, rule]) => ({ id, ...rule })),
  };
}

const resources = (
  state: StackState,
  set: readonly Of<'ResourceCreated' | 'ResourceUpdated'>[],
  events: readonly RecordedEvent[],
): ResourceRecord[] =>
  [...state.resources]
    .map(([address, { resource, id, module, type, name, value }]) => {
      const last = set.findLast(({ data }) => resourceAddress(data) === address) as RecordedEvent;
      return {
        resource,
        id: id ?? `res-${resource}`,
        address,
        module,
        type,
        name,
        position: last.position,
        version: last.version,
        value,
        createdAt: events.find(({ position }) => position === resource)?.recordedAt ?? '',
        updatedAt: last.recordedAt,
      };
    })
    .sort(by(({ address }) => address));

function commit(events: readonly RecordedEvent[]): CommitRecord {
  const [first, last] = [events[0] as RecordedEvent, events.at(-1) as RecordedEvent];
  const count = (type: EventType): number => events.filter((event) => event.type === type).length;
  const back = events.find((event): event is Of<'StackRolledBack'> => event.type === 'StackRolledBack');
  return {
    firstPosition: first.position,
    position: last.position,
    stream: last.stream,
    version: last.version,
    raised: events.some(({ type }) => raisesVersion(type)),
    kind: first.meta.command,
    added: count('ResourceCreated'),
    changed: count('ResourceUpdated'),
    removed: count('ResourceRemoved'),
    commandId: first.commandId,
    actor: first.meta.actor,
    at: first.recordedAt,
    description: first.meta.reason ?? (back ? `rolled back to version ${back.data.toVersion}` : null),
    hash: last.hash,
  };
}

function finding(
  { position: id, recordedAt: detectedAt, data }: Of<'DriftDetected'>,
  state: StackState,
  closings: readonly Of<'DriftCleared' | 'DriftResolved' | 'DriftIgnored'>[],
): DriftRecord {
  const { resource = null, resourceId, expected, actual, fields, changes } = data;
  const closed = closings.findLast((event) => event.data.finding === id);
  const { isDrifted, status, reason } = state.drift.get(id) as NonNullable<ReturnType<StackState['drift']['get']>>;
  return {
    id,
    resource,
    resourceId,
    detectedAt,
    expected,
    actual,
    fields,
    changes: changes as DriftRecord['changes'],
    isDrifted,
    resolutionStatus: status,
    resolvedAt: closed?.recordedAt ?? null,
    reason,
    ignoredUntil: closed?.type === 'DriftIgnored' ? closed.data.expiresAt : null,
  };
}

/** The same as a store returns it now. */
export async function readStack(store: EventStore, { locked: _, ...stack }: StackListItem): Promise<StackReads> {
  const { stream } = stack;
  return {
    stack,
    document: await reads(store).document(stream),
    resources: await reads(store).resources(stream),
    outputs: await reads(store).outputs(stream),
    dependencies: await reads(store).dependencies(stream),
    commits: await reads(store).commits(stream),
    snapshots: await reads(store).snapshots(stream),
    executions: await reads(store).executions(stream, 1_000_000),
    lock: await reads(store).lock(stream),
    tags: await reads(store).tags(stream),
    drift: await reads(store).drift(stream),
    driftRules: await reads(store).driftRules(stream),
  };
}
