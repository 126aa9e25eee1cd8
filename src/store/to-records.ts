import {
  type EventData,
  type EventMeta,
  type ResourceValue,
  readData,
  type StackDocument,
  type StoredData,
  type StoredEvent,
} from '../events/index.js';
import { parseStoredObject } from '../lib/json.js';
import type {
  CommitRecord,
  DependencyRecord,
  DocumentRecord,
  DriftRecord,
  DriftRuleRecord,
  ExecutionRecord,
  LockRecord,
  LockTaker,
  NodeRecord,
  OutputRecord,
  ResourceRecord,
  SnapshotRecord,
  StackRecord,
  StoredResource,
  TagRecord,
} from './records.js';
import { resourceId } from './resource-id.js';
import type { Tables } from './tables.js';

/** Converts rows and their events to the records that readers get, for every store. */

/** The columns of the event that holds a value. */
export type ValueEvent = StoredData & Pick<StoredEvent, 'position' | 'version' | 'recordedAt'>;

/** The types of events that hold a value. */
const RESOURCE = ['ResourceCreated', 'ResourceUpdated'] as const;
const DOCUMENT = ['StackCreated', 'StackUpdated'] as const;
const EXECUTION_END = ['ExecutionCompleted', 'ExecutionFailed'] as const;

export const toStackRecord = (row: Tables['stack_rows']): StackRecord => ({
  stream: row.stream,
  id: row.id,
  name: row.name,
  description: row.description,
  version: row.version,
  status: row.status,
  workflowFile: row.workflow_file,
  stateVersion: row.state_version,
  revision: row.revision,
  resourceCount: row.resource_count,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  completedAt: row.completed_at,
  executionCount: row.execution_count,
  lastDuration: row.last_duration,
  lastError: row.last_error,
  deletedAt: row.deleted_at,
});

/** The last event of each part of a stack's document; the latest of them sets its status. */
export interface DocumentParts {
  readonly document: DocumentPart | undefined;
  readonly started: DocumentPart | undefined;
  readonly finished: DocumentPart | undefined;
}
type DocumentPart = StoredData & Pick<StoredEvent, 'position'>;

/** The data of the event that created a stack has its id too. */
function toDocument(data: EventData['StackUpdated']): StackDocument {
  const { name, description, version, status, workflowFile, configuration, metadata, origin } = data;
  return { name, description, version, status, workflowFile, configuration, metadata, origin };
}

/** For an existing stream at a version that it has had: its first version has a document. Otherwise the result is empty. */
export function toDocumentRecord({ document, started, finished }: DocumentParts): DocumentRecord {
  const own = document ? toDocument(readData(document, DOCUMENT)) : ({} as StackDocument);
  const start = started && readData(started, ['ExecutionStarted']);
  const end = finished && readData(finished, EXECUTION_END);
  const error = end && 'error' in end ? end.error : null;
  const status = [
    { at: document?.position ?? 0, status: own.status },
    { at: started?.position ?? 0, status: 'running' },
    { at: finished?.position ?? 0, status: finished?.eventType === 'ExecutionFailed' ? 'failed' : 'completed' },
  ].reduce((last, next) => (next.at > last.at ? next : last)).status;
  return {
    document: { ...own, status },
    executionCount: start?.number ?? 0,
    completedAt: end?.completedAt ?? null,
    lastDuration: end?.durationMs ?? null,
    lastError: error,
    taskResults: end?.taskResults ?? null,
  };
}

function toValue(data: EventData[(typeof RESOURCE)[number]]): ResourceValue {
  const { properties, dependencies, state, metadata, checksum, lastApplied, errorMessage } = data;
  return { properties, dependencies, state, metadata, checksum, lastApplied, errorMessage };
}

type ResourceRow = Pick<Tables['resource_rows'], 'resource' | 'address' | 'module' | 'type' | 'name'>;

/** @param event that holds its value; null if it has none now */
export const toStoredResource = (
  row: ResourceRow & Pick<Tables['resource_rows'], 'stream' | 'id'>,
  event: StoredData | null,
): StoredResource & { readonly stream: number } => ({
  resource: row.resource,
  stream: row.stream,
  id: row.id,
  address: row.address,
  module: row.module,
  type: row.type,
  name: row.name,
  value: event && toValue(readData(event, RESOURCE)),
});

export function toResourceRecord(row: ResourceRow, event: ValueEvent, createdAt: string): ResourceRecord {
  const data = readData(event, RESOURCE);
  return {
    resource: row.resource,
    id: resourceId({ id: data.id, resource: row.resource }),
    address: row.address,
    module: row.module,
    type: row.type,
    name: row.name,
    position: event.position,
    version: event.version,
    value: toValue(data),
    createdAt,
    updatedAt: event.recordedAt,
  };
}

/** @param id the one that the caller assigned */
export const toNodeRecord = (
  { resource, address, base, type }: Pick<Tables['resource_rows'], 'resource' | 'address' | 'base' | 'type'>,
  id: string | null,
): NodeRecord => ({ address, base, type, id: resourceId({ id, resource }) });

/** The id that the caller assigned to a resource, according to the event that holds its value. */
export const toResourceId = (event: StoredData): string | null => readData(event, RESOURCE).id ?? null;

export const toOutputRecord = (event: Omit<ValueEvent, 'recordedAt'>): OutputRecord => ({
  ...readData(event, ['OutputSet']),
  position: event.position,
  version: event.version,
});

export function toDependencyRecord(event: Omit<ValueEvent, 'version'>): DependencyRecord {
  const { address, target, dependencyType, path } = readData(event, ['DependencyAdded']);
  return { address, target, type: dependencyType, path, position: event.position, createdAt: event.recordedAt };
}

/** The path of an implicit edge, according to the event that added it. */
export const toEdgePath = (event: StoredData): string | null => readData(event, ['DependencyAdded']).path;

/** @param hash the log's hash at the commit's last event */
export const toCommitRecord = (row: Tables['commit_rows'], hash: string): CommitRecord => ({
  firstPosition: row.first_position,
  position: row.position,
  stream: row.stream,
  version: row.version,
  raised: row.raised === 1,
  kind: row.kind,
  added: row.added,
  changed: row.changed,
  removed: row.removed,
  commandId: row.command_id,
  actor: row.actor,
  at: row.at,
  description: row.description,
  hash,
});

export const toSnapshotRecord = (row: Tables['snapshot_rows']): SnapshotRecord => ({
  position: row.position,
  version: row.version,
  description: row.description,
  createdBy: row.created_by,
  createdAt: row.created_at,
});

/** @param end the event that ended it; null while it is running */
export const toExecutionRecord = (row: Tables['execution_rows'], end: StoredData | null): ExecutionRecord => ({
  number: row.number,
  id: row.id,
  status: row.status,
  startedAt: row.started_at,
  completedAt: row.completed_at,
  duration: row.duration,
  error: row.error_message,
  taskResults: end && readData(end, EXECUTION_END).taskResults,
});

export function toDriftRecord(
  row: Tables['drift_rows'],
  event: StoredData & Pick<ValueEvent, 'recordedAt'>,
): DriftRecord {
  const { expected, actual, fields, changes } = readData(event, ['DriftDetected']);
  return {
    id: row.position,
    resource: row.resource,
    resourceId: row.resource_id,
    detectedAt: event.recordedAt,
    expected,
    actual,
    fields,
    changes: changes as DriftRecord['changes'],
    isDrifted: row.is_drifted === 1,
    resolutionStatus: row.resolution_status,
    resolvedAt: row.resolved_at,
    reason: row.reason,
    ignoredUntil: row.ignored_until,
  };
}

export const toDriftRuleRecord = (row: Tables['drift_rule_rows']): DriftRuleRecord => ({
  id: row.position,
  resourceType: row.resource_type,
  path: row.path,
  reason: row.reason,
  expiresAt: row.expires_at,
  createdBy: row.created_by,
  createdAt: row.created_at,
});

export const toLockRecord = (row: Tables['lock_rows']): LockRecord => ({
  lockId: row.lock_id,
  token: row.token,
  operation: row.operation,
  who: row.who,
  info: row.info,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

/** @param meta of the event that took the lock, as stored */
export function toLockTaker(meta: string): LockTaker {
  const { actor, principal } = parseStoredObject<EventMeta>(meta);
  return { actor, principal };
}

export const toTagRecord = (row: Tables['tag_rows']): TagRecord => ({
  tag: row.tag,
  createdAt: row.created_at,
  createdBy: row.created_by,
});
