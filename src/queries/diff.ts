import type { Json } from '../lib/json.js';
import { type FieldChange, fieldChanges } from '../lib/json-diff.js';
import type { EventStore } from '../store/event-store.js';
import type { DependencyRecord, DocumentRecord, OutputRecord, ResourceRecord } from '../store/records.js';
import { stackMoment } from './at.js';

export interface ItemDiff<T> {
  readonly key: string;
  readonly kind: 'added' | 'changed' | 'removed';
  readonly before: T | undefined;
  readonly after: T | undefined;
  /** What changed in it, for `changed`. */
  readonly fields: readonly FieldChange[];
}

/** What to do to version `from` to have version `to`. */
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
 * Compares two versions of a stack, in either order. What happened between them says which keys to look at, so it
 * costs what changed, not what there is.
 */
export async function diffVersions(store: EventStore, ref: string, from: number, to: number): Promise<StateDiff> {
  const { stack } = await stackMoment(store, ref, { version: from });
  await stackMoment(store, ref, { version: to });
  const { stream } = stack;
  const touched = await store.touched(stream, Math.min(from, to), Math.max(from, to));
  const both = async <T>(read: (version: number) => Promise<T>) => [await read(from), await read(to)] as const;

  const resources: ItemDiff<ResourceRecord>[] = [];
  for (const address of touched.addresses) {
    const [before, after] = await both((version) => store.resource(stream, address, version));
    resources.push(...item(address, before, after, resourceFields));
  }
  const outputs: ItemDiff<OutputRecord>[] = [];
  for (const name of touched.outputs) {
    const [before, after] = await both((version) => store.output(stream, name, version));
    outputs.push(...item(name, before, after, ({ value, sensitive, metadata }) => ({ value, sensitive, metadata })));
  }
  const dependencies: ItemDiff<DependencyRecord>[] = [];
  for (const edge of touched.dependencies) {
    const [before, after] = await both((version) => store.dependency(stream, edge, version));
    dependencies.push(...item(edge.join(' -> '), before, after, ({ type, path }) => ({ type, path })));
  }
  const [documentBefore, documentAfter] = await both((version) => store.document(stream, version));
  return {
    stackId: stack.id,
    name: stack.name,
    from,
    to,
    stack: fieldChanges(ownFields(documentBefore), ownFields(documentAfter)),
    resources,
    outputs,
    dependencies,
  };
}

/** True when nothing differs. */
export const isEmptyDiff = (diff: StateDiff): boolean =>
  diff.stack.length + diff.resources.length + diff.outputs.length + diff.dependencies.length === 0;

function item<T>(key: string, before: T | undefined, after: T | undefined, content: (value: T) => Json): ItemDiff<T>[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ key, kind: 'added', before, after, fields: [] }];
  if (after === undefined) return [{ key, kind: 'removed', before, after, fields: [] }];
  const fields = fieldChanges(content(before), content(after));
  return fields.length === 0 ? [] : [{ key, kind: 'changed', before, after, fields }];
}

/** The fields of a resource that a difference speaks of; when it was last applied is no difference of state. */
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
