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
import type { Json, JsonObject } from '../lib/json.js';
import { type FieldChange, fieldChanges } from '../lib/json-diff.js';
import { resourceFields } from './diff.js';
import { HIDDEN_OF_STACK, sensitivePaths } from './sensitive.js';

/** One thing that an event added to, changed in, or removed from a stack. */
export interface EventChange {
  readonly what:
    | 'stack'
    | 'resource'
    | 'output'
    | 'dependency'
    | 'lock'
    | 'tag'
    | 'drift'
    | 'drift rule'
    | 'execution'
    | 'snapshot'
    | 'activity';
  readonly key: string;
  readonly kind: 'added' | 'changed' | 'removed';
  /** For an added thing, its fields that are not empty; for a removed one, none. */
  readonly fields: readonly FieldChange[];
  /** Masked paths. */
  readonly hidden: readonly string[];
}

/** Counts after an event. */
export interface StateCounts {
  readonly resources: number;
  readonly outputs: number;
  readonly dependencies: number;
}

export interface ChangeTracker {
  /** The changes of the stack's next event against the previous state. */
  changesOf(event: RecordedEvent | UnknownEvent): readonly EventChange[];
  counts(): StateCounts;
}

/** One function for each type: a new type does not compile without one. */
type Handlers = { readonly [T in EventType]: (event: RecordedEvent<T>) => readonly EventChange[] };

const NOTHING: readonly EventChange[] = [];
const EMPTY_RESOURCE: JsonObject = { properties: {}, dependencies: [], metadata: {}, errorMessage: null };
const EMPTY_STACK: JsonObject = {
  description: '',
  version: '',
  workflowFile: '',
  configuration: {},
  metadata: {},
  origin: null,
};

/**
 * Returns the changes of each event of one stack, in order from its first. An event contains whole values, so it is compared
 * only with the last value of its key: the cost does not grow with the state.
 */
export function changeTracker(): ChangeTracker {
  let document: JsonObject = {};
  let deleted = false;
  const resources = new Map<string, JsonObject>();
  /** Paths that were ever sensitive, by the resource's number: they stay masked afterwards. */
  const secrets = new Map<number, readonly string[]>();
  const outputs = new Map<string, JsonObject>();
  const dependencies = new Map<string, JsonObject>();
  const executions = new Map<string, JsonObject>();
  const snapshots = new Map<string, JsonObject>();
  const locks = new Map<string, JsonObject>();
  const driftRules = new Map<string, JsonObject>();
  const findings = new Map<number, { readonly resourceId: string; readonly fields: JsonObject }>();

  const set = (
    what: EventChange['what'],
    values: Map<string, JsonObject>,
    key: string,
    after: JsonObject,
    hidden: readonly string[] = [],
    empty: JsonObject = {},
  ): EventChange => {
    const before = values.get(key);
    values.set(key, after);
    return before
      ? { what, key, kind: 'changed', fields: fieldChanges(before, after), hidden }
      : { what, key, kind: 'added', fields: notEmpty(after, empty), hidden };
  };
  const remove = (what: EventChange['what'], values: Map<string, JsonObject>, key: string): EventChange => {
    values.delete(key);
    return { what, key, kind: 'removed', fields: [], hidden: [] };
  };

  const ownFields = (after: JsonObject, kind: 'added' | 'changed' = 'changed'): EventChange => {
    const fields = kind === 'added' ? notEmpty(after, EMPTY_STACK) : fieldChanges(document, after);
    document = after;
    return { what: 'stack', key: nameOf(after), kind, fields, hidden: HIDDEN_OF_STACK };
  };
  const status = (value: string): EventChange => ownFields({ ...document, status: value });
  const setDeleted = (value: boolean, kind: 'added' | 'removed'): EventChange[] => {
    if (deleted === value) return [];
    deleted = value;
    return [{ what: 'stack', key: nameOf(document), kind, fields: [], hidden: [] }];
  };

  const setResource = ({
    position,
    data,
  }: RecordedEvent<'ResourceCreated' | 'ResourceUpdated'>): readonly EventChange[] => {
    const { resource = position, id, module, type, name, ...value } = data;
    const known = [...(secrets.get(resource) ?? []), ...sensitivePaths(value.metadata)];
    const hidden = known.length === 0 ? known : [...new Set(known)];
    if (hidden.length > 0) secrets.set(resource, hidden);
    const content = { id: id ?? `res-${resource}`, value: value as ResourceValue };
    const after = resourceFields(content) as JsonObject;
    return [set('resource', resources, resourceAddress(data), after, hidden, EMPTY_RESOURCE)];
  };

  const endExecution = (data: EventData['ExecutionCompleted'], end: string, error: string | null): EventChange[] => {
    const { executionId, number, startedAt, completedAt, durationMs, taskResults } = data;
    const after = { number, status: end, startedAt, completedAt, durationMs, taskResults, error };
    return [set('execution', executions, executionId, after), status(end)];
  };

  const close = (number: number, fields: JsonObject): readonly EventChange[] => {
    const open = findings.get(number);
    if (!open) return NOTHING;
    const after = { ...open.fields, ...fields };
    findings.set(number, { ...open, fields: after });
    const changed = fieldChanges(open.fields, after);
    return [{ what: 'drift', key: open.resourceId, kind: 'changed', fields: changed, hidden: [] }];
  };

  const unlock = ({ data }: { readonly data: { readonly lockId: string } }) => [remove('lock', locks, data.lockId)];

  const handlers: Handlers = {
    StackCreated: ({ data: { id: _, ...own } }) => [ownFields(asJson(own), 'added')],
    StackUpdated: ({ data }) => [ownFields(asJson(data))],
    StackDeleted: () => setDeleted(true, 'removed'),
    StackRestored: () => setDeleted(false, 'added'),
    StackRolledBack: () => NOTHING,
    NothingChanged: () => NOTHING,
    SnapshotTaken: ({ data: { version, description } }) => [
      set('snapshot', snapshots, String(version), { description }, [], { description: '' }),
    ],
    ResourceCreated: setResource,
    ResourceUpdated: setResource,
    ResourceRemoved: ({ data }) => [remove('resource', resources, resourceAddress(data))],
    OutputSet: ({ data: { name, value, sensitive, metadata } }) => {
      const secret = sensitive || outputs.get(name)?.sensitive === true;
      const after = { value, sensitive, metadata };
      return [set('output', outputs, name, after, secret ? ['$.value'] : [], { sensitive: false, metadata: null })];
    },
    OutputRemoved: ({ data }) => [remove('output', outputs, data.name)],
    DependencyAdded: ({ data: { address, target, dependencyType: type, path } }) => [
      set('dependency', dependencies, edgeKey(address, target), { type, path }, [], { type: 'explicit', path: null }),
    ],
    DependencyRemoved: ({ data: { address, target } }) => [
      remove('dependency', dependencies, edgeKey(address, target)),
    ],
    ExecutionStarted: ({ data: { executionId, number, startedAt } }) => [
      set('execution', executions, executionId, { number, status: 'running', startedAt }),
      status('running'),
    ],
    ExecutionCompleted: ({ data }) => endExecution(data, 'completed', null),
    ExecutionFailed: ({ data }) => endExecution(data, 'failed', data.error),
    DriftDetected: ({ position, data: { resource, resourceId: key, changes } }) => {
      const hidden = (resource !== undefined && secrets.get(resource)) || [];
      findings.set(position, { resourceId: key, fields: { status: 'pending' } });
      const fields = changes.map(({ path, expected, actual }) => ({
        path,
        ...(expected === undefined ? {} : { before: expected }),
        ...(actual === undefined ? {} : { after: actual }),
      }));
      return [{ what: 'drift', key, kind: 'added', fields, hidden }];
    },
    DriftCleared: ({ data }) => close(data.finding, { status: 'resolved' }),
    DriftResolved: ({ data: { finding, reason } }) => close(finding, { status: 'resolved', reason }),
    DriftIgnored: ({ data: { finding, reason, expiresAt } }) =>
      close(finding, { status: 'ignored', reason, expiresAt }),
    DriftRuleAdded: ({ position, data }) => [
      set('drift rule', driftRules, String(position), data, [], { expiresAt: null }),
    ],
    DriftRuleRemoved: ({ data }) => [remove('drift rule', driftRules, String(data.rule))],
    LockAcquired: ({ data: { lockId, document, ...lock } }) => [
      set('lock', locks, lockId, document ? { ...lock, document } : lock, [], { info: '' }),
    ],
    LockRenewed: ({ data: { lockId, expiresAt } }) => [set('lock', locks, lockId, { ...locks.get(lockId), expiresAt })],
    LockReleased: unlock,
    LockExpired: unlock,
    LockBroken: unlock,
    TagAdded: ({ data }) => [{ what: 'tag', key: data.tag, kind: 'added', fields: [], hidden: [] }],
    ActivityRecorded: ({ data: { action: key, details } }) => [
      { what: 'activity', key, kind: 'added', fields: notEmpty({ details }, { details: null }), hidden: [] },
    ],
    TagRemoved: ({ data }) => [{ what: 'tag', key: data.tag, kind: 'removed', fields: [], hidden: [] }],
  };

  return {
    changesOf: (event) =>
      isReadable(event) ? (handlers[event.type] as (event: RecordedEvent) => readonly EventChange[])(event) : NOTHING,
    counts: () => ({ resources: resources.size, outputs: outputs.size, dependencies: dependencies.size }),
  };
}

/** The fields of a new thing that differ from an empty one. */
const notEmpty = (value: JsonObject, empty: JsonObject): FieldChange[] =>
  fieldChanges(empty, value).map(({ path, after }) => ({ path, ...(after === undefined ? {} : { after }) }));

const asJson = (document: StackDocument): JsonObject => document as unknown as JsonObject;
const nameOf = (document: JsonObject): string => String((document as { readonly name?: Json }).name ?? '');
/** As in a diff of versions. */
const edgeKey = (address: string, target: string): string => `${address} -> ${target}`;
