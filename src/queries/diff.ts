import type { Json } from '../lib/json.js';
import { type FieldChange, fieldChanges } from '../lib/json-diff.js';
import type { ChangedKeys } from '../store/event-store.js';
import { type Program, together } from '../store/program.js';
import type { DependencyRecord, DocumentRecord, OutputRecord, ResourceRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { stackMoment } from './at.js';

export interface ItemDiff<T> {
  readonly key: string;
  readonly kind: 'added' | 'changed' | 'removed';
  readonly before: T | undefined;
  readonly after: T | undefined;
  /** The changes in it, for `changed`. */
  readonly fields: readonly FieldChange[];
}

/** The changes from version `from` to version `to`. */
export interface StateDiff {
  readonly stackId: string;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Changes of the stack's own fields. */
  readonly stack: readonly FieldChange[];
  readonly resources: readonly ItemDiff<ResourceRecord>[];
  readonly outputs: readonly ItemDiff<OutputRecord>[];
  readonly dependencies: readonly ItemDiff<DependencyRecord>[];
}

/**
 * Compares two versions of a stack, in either order. The events between them determine the keys to compare, so the cost
 * follows the change, not the size of the stack.
 * @param until the version `to`; by default the latest
 */
export function* diffVersions(s: Snapshot, ref: string, from: number, until?: number): Program<StateDiff> {
  const { stack } = yield* stackMoment(s, ref, { version: from });
  const to = until ?? stack.stateVersion;
  yield* stackMoment(s, ref, { version: to });
  const { stream } = stack;
  const changed = yield* s.changedKeys(stream, Math.min(from, to), Math.max(from, to));
  const [before, after] = yield* together([readChanged(s, stream, changed, from), readChanged(s, stream, changed, to)]);
  return {
    stackId: stack.id,
    name: stack.name,
    from,
    to,
    stack: fieldChanges(ownFields(before.own), ownFields(after.own)),
    resources: changed.addresses.flatMap((address) =>
      item(address, before.resources.get(address), after.resources.get(address), resourceFields),
    ),
    outputs: changed.outputs.flatMap((name) =>
      item(name, before.outputs.get(name), after.outputs.get(name), ({ value, sensitive, metadata }) => ({
        value,
        sensitive,
        metadata,
      })),
    ),
    dependencies: changed.dependencies.flatMap((edge) => {
      const key = edge.join(' -> ');
      return item(key, before.edges.get(key), after.edges.get(key), ({ type, path }) => ({ type, path }));
    }),
  };
}

/** The values that changed between two versions, as of one of them. */
function* readChanged(s: Snapshot, stream: number, changed: ChangedKeys, version: number) {
  const [resources, outputs, edges, own] = yield* together([
    s.resourcesOf(stream, changed.addresses, version),
    s.outputsOf(stream, changed.outputs, version),
    s.dependenciesOf(stream, changed.dependencies, version),
    s.document(stream, version),
  ]);
  return {
    resources,
    outputs,
    edges: new Map(edges.map((edge) => [`${edge.address} -> ${edge.target}`, edge])),
    own,
  };
}

/** True if nothing differs. */
export const isEmptyDiff = (diff: StateDiff): boolean =>
  diff.stack.length + diff.resources.length + diff.outputs.length + diff.dependencies.length === 0;

function item<T>(key: string, before: T | undefined, after: T | undefined, content: (value: T) => Json): ItemDiff<T>[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ key, kind: 'added', before, after, fields: [] }];
  if (after === undefined) return [{ key, kind: 'removed', before, after, fields: [] }];
  const fields = fieldChanges(content(before), content(after));
  return fields.length === 0 ? [] : [{ key, kind: 'changed', before, after, fields }];
}

/** The fields of a resource that a diff compares; the time of the last apply is not part of the state. */
export const resourceFields = ({ id, value }: Pick<ResourceRecord, 'id' | 'value'>): Json => ({
  id,
  properties: value.properties,
  dependencies: value.dependencies,
  state: value.state,
  metadata: value.metadata,
  errorMessage: value.errorMessage,
});

const ownFields = ({ document, ...executions }: DocumentRecord): Json =>
  ({ ...document, ...executions }) as unknown as Json;
