import { type Draft, enableMapSet, produce } from 'immer';
import {
  type EventData,
  type EventType,
  isReadable,
  type RecordedEvent,
  type ResourceValue,
  resourceAddress,
  type StackDocument,
  type UnknownEvent,
} from '../events/index.js';
import type { Json } from '../lib/json.js';
import type { DependencyRecord, DriftRuleRecord, LockRecord } from '../store/records.js';

enableMapSet();

export interface FoldedResource {
  readonly resource: number;
  readonly id: string | null;
  readonly module: string;
  readonly type: string;
  readonly name: string;
  readonly value: ResourceValue;
}

export interface FoldedExecution {
  readonly id: string;
  readonly status: string;
  readonly startedAt: string;
  readonly end: Omit<EventData['ExecutionFailed'], 'error'> | null;
  readonly error: string | null;
}

export interface FoldedFinding {
  readonly resourceId: string;
  readonly changes: EventData['DriftDetected']['changes'];
  readonly isDrifted: boolean;
  readonly status: 'pending' | 'resolved' | 'ignored';
  readonly reason: string | null;
  readonly resolvedAt: string | null;
  readonly ignoredUntil: string | null;
}

/** The whole state of a stack according to its events, for comparison with the tables. Resources and edges by address. */
export interface StackState {
  readonly id: string;
  readonly document: StackDocument;
  readonly deleted: boolean;
  readonly version: number;
  readonly revision: number;
  readonly resources: ReadonlyMap<string, FoldedResource>;
  readonly outputs: ReadonlyMap<string, { readonly value: Json; readonly sensitive: boolean; readonly metadata: Json }>;
  /** By `address` and `target`, joined by a line feed. */
  readonly dependencies: ReadonlyMap<string, Pick<DependencyRecord, 'address' | 'target' | 'type' | 'path'>>;
  /** By number. */
  readonly executions: ReadonlyMap<number, FoldedExecution>;
  /** Description of the last snapshot of each version. */
  readonly snapshots: ReadonlyMap<number, string>;
  readonly tags: ReadonlyMap<string, { readonly createdAt: string; readonly createdBy: string }>;
  readonly lock: LockRecord | null;
  /** By the position of the finding. */
  readonly drift: ReadonlyMap<number, FoldedFinding>;
  /** By their numbers. */
  readonly driftRules: ReadonlyMap<number, Omit<DriftRuleRecord, 'id'>>;
}

export const initialState: StackState = Object.freeze({
  id: '',
  document: {
    name: '',
    description: '',
    version: '',
    status: '',
    workflowFile: '',
    configuration: null,
    metadata: null,
    origin: null,
  },
  deleted: false,
  version: 0,
  revision: 0,
  resources: new Map(),
  outputs: new Map(),
  dependencies: new Map(),
  executions: new Map(),
  snapshots: new Map(),
  tags: new Map(),
  lock: null,
  drift: new Map(),
  driftRules: new Map(),
});

/** One recipe for each type: a new type does not compile without one. */
type Recipes = { readonly [T in EventType]: (state: Draft<StackState>, event: RecordedEvent<T>) => void };

const setResource = (state: Draft<StackState>, event: RecordedEvent<'ResourceCreated' | 'ResourceUpdated'>): void => {
  const { resource = event.position, id = null, module, type, name, ...value } = event.data;
  state.resources.set(resourceAddress(event.data), {
    resource,
    id,
    module,
    type,
    name,
    value,
  } as Draft<FoldedResource>);
};

const endExecution = (
  state: Draft<StackState>,
  data: EventData['ExecutionCompleted'],
  status: 'completed' | 'failed',
  error: string | null,
): void => {
  const { error: _, ...end } = data as EventData['ExecutionFailed'];
  state.executions.set(data.number, {
    id: data.executionId,
    status,
    startedAt: data.startedAt,
    end: end as Draft<FoldedExecution['end']>,
    error,
  });
  state.document.status = status;
};

const unlock = (state: Draft<StackState>): void => {
  state.lock = null;
};

const closeFinding = (
  state: Draft<StackState>,
  finding: number,
  change: Partial<Omit<FoldedFinding, 'resourceId' | 'changes'>>,
): void => {
  const open = state.drift.get(finding);
  if (open) Object.assign(open, change);
};

const recipes: Recipes = {
  StackCreated: (state, { data: { id, ...document } }) => {
    state.id = id;
    state.document = document as Draft<StackDocument>;
  },
  StackUpdated: (state, { data }) => {
    state.document = data as Draft<StackDocument>;
  },
  StackDeleted: (state) => {
    state.deleted = true;
  },
  StackRestored: (state) => {
    state.deleted = false;
  },
  StackRolledBack: () => {},
  NothingChanged: () => {},
  ActivityRecorded: () => {},
  SnapshotTaken: (state, { data }) => {
    state.snapshots.set(data.version, data.description);
  },
  ResourceCreated: setResource,
  ResourceUpdated: setResource,
  ResourceRemoved: (state, { data }) => {
    state.resources.delete(resourceAddress(data));
  },
  OutputSet: (state, { data: { name, value, sensitive, metadata } }) => {
    state.outputs.set(name, { value: value as Draft<Json>, sensitive, metadata: metadata as Draft<Json> });
  },
  OutputRemoved: (state, { data }) => {
    state.outputs.delete(data.name);
  },
  DependencyAdded: (state, { data: { address, target, dependencyType, path } }) => {
    state.dependencies.set(`${address}\n${target}`, { address, target, type: dependencyType, path });
  },
  DependencyRemoved: (state, { data: { address, target } }) => {
    state.dependencies.delete(`${address}\n${target}`);
  },
  ExecutionStarted: (state, { data }) => {
    const { executionId: id, startedAt } = data;
    state.executions.set(data.number, { id, status: 'running', startedAt, end: null, error: null });
    state.document.status = 'running';
  },
  ExecutionCompleted: (state, { data }) => endExecution(state, data, 'completed', null),
  ExecutionFailed: (state, { data }) => endExecution(state, data, 'failed', data.error),
  DriftDetected: (state, { position, data }) => {
    state.drift.set(position, {
      resourceId: data.resourceId,
      changes: data.changes as Draft<FoldedFinding['changes']>,
      isDrifted: true,
      status: 'pending',
      reason: null,
      resolvedAt: null,
      ignoredUntil: null,
    });
  },
  DriftCleared: (state, { recordedAt: resolvedAt, data }) =>
    closeFinding(state, data.finding, { isDrifted: false, status: 'resolved', resolvedAt, ignoredUntil: null }),
  DriftResolved: (state, { recordedAt: resolvedAt, data: { finding, reason } }) =>
    closeFinding(state, finding, { isDrifted: false, status: 'resolved', reason, resolvedAt, ignoredUntil: null }),
  DriftIgnored: (state, { recordedAt: resolvedAt, data: { finding, reason, expiresAt: ignoredUntil } }) =>
    closeFinding(state, finding, { status: 'ignored', reason, resolvedAt, ignoredUntil }),
  DriftRuleAdded: (state, { position, recordedAt, meta, data }) => {
    state.driftRules.set(position, { ...data, createdBy: meta.actor, createdAt: recordedAt });
  },
  DriftRuleRemoved: (state, { data }) => {
    state.driftRules.delete(data.rule);
  },
  LockAcquired: (state, { position, recordedAt, data }) => {
    const { lockId, operation, who, info, expiresAt } = data;
    state.lock = { lockId, token: position, operation, who, info, createdAt: recordedAt, expiresAt };
  },
  LockRenewed: (state, { data }) => {
    if (state.lock) state.lock.expiresAt = data.expiresAt;
  },
  LockReleased: unlock,
  LockExpired: unlock,
  LockBroken: unlock,
  TagAdded: (state, { recordedAt, meta, data }) => {
    state.tags.set(data.tag, { createdAt: recordedAt, createdBy: meta.actor });
  },
  TagRemoved: (state, { data }) => {
    state.tags.delete(data.tag);
  },
};

/**
 * The state after some events of one stack, in order. Pass as many events at once as possible: a whole batch shares one
 * draft (measured: 10,000 events over 10,000 resources, 0.08 s; with a draft for each event 40.3 s).
 */
export const evolve = (state: StackState, events: Iterable<RecordedEvent | UnknownEvent>): StackState =>
  produce(state, (draft) => {
    for (const event of events) {
      draft.version = event.version;
      draft.revision = event.revision;
      if (isReadable(event))
        (recipes[event.type] as (state: Draft<StackState>, event: RecordedEvent) => void)(draft, event);
    }
  });
