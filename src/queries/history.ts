import { decodeEvent, isReadable, type RecordedEvent } from '../events/index.js';
import { equalJson, type Json, type JsonObject, leaves } from '../lib/json.js';
import { type FieldChange, fieldChanges } from '../lib/json-diff.js';
import type { At } from '../store/event-store.js';
import type { Program } from '../store/program.js';
import type { StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { stackMoment } from './at.js';
import { resourceMissing } from './resource.js';
import { sensitivePaths } from './sensitive.js';

type ResourceEvent = RecordedEvent<'ResourceCreated' | 'ResourceUpdated' | 'ResourceRemoved'>;

export interface ResourceChange {
  readonly version: number;
  readonly position: number;
  readonly kind: 'added' | 'changed' | 'removed';
  readonly at: string;
  readonly actor: string;
  /** The kind of the command. */
  readonly command: string;
  readonly reason: string | undefined;
  readonly fields: readonly FieldChange[];
}

/** The history of a resource. */
export interface Timeline {
  readonly stack: StackRecord;
  readonly address: string;
  /** Paths that were sensitive at any time: they are masked in the whole history. */
  readonly hidden: readonly string[];
  readonly events: readonly ResourceEvent[];
}

/** The events of one resource up to a position, oldest first. `ref` is its address or id. */
function* timeline(s: Snapshot, stackRef: string, ref: string, at?: At): Program<Timeline> {
  const { stack, position } = yield* stackMoment(s, stackRef, at, { deleted: true });
  const address = (yield* s.addressesOf(stack.stream, [ref])).get(ref) ?? ref;
  const rows = yield* s.resourceHistory(stack.stream, address);
  const events = rows
    .filter((row) => row.position <= position)
    .map((row) => decodeEvent(row))
    .filter((event) => isReadable(event)) as ResourceEvent[];
  if (events.length === 0) throw resourceMissing(stack.name, ref);
  const hidden = events.flatMap((event) => ('metadata' in event.data ? sensitivePaths(event.data.metadata) : []));
  return { stack, address, hidden: [...new Set(hidden)], events };
}

/** The fields by which a change of this resource is described. */
function content(event: ResourceEvent | undefined): JsonObject | undefined {
  if (!event || event.type === 'ResourceRemoved') return undefined;
  const { properties, dependencies, state, metadata, errorMessage } = event.data;
  return { properties, dependencies, state, metadata: metadata as Json, errorMessage };
}

const KINDS = { ResourceCreated: 'added', ResourceUpdated: 'changed', ResourceRemoved: 'removed' } as const;

/** Each change of a resource, newest first: version, time, actor, fields. */
export function* resourceHistory(
  s: Snapshot,
  stackRef: string,
  ref: string,
  at?: At,
): Program<Omit<Timeline, 'events'> & { readonly changes: readonly ResourceChange[] }> {
  const { events, ...about } = yield* timeline(s, stackRef, ref, at);
  const changes = events.map(
    (event, index): ResourceChange => ({
      version: event.version,
      position: event.position,
      kind: KINDS[event.type],
      at: event.recordedAt,
      actor: event.meta.actor,
      command: event.meta.command,
      reason: event.meta.reason,
      fields: event.type === 'ResourceUpdated' ? fieldChanges(content(events[index - 1]), content(event)) : [],
    }),
  );
  return { ...about, changes: changes.reverse() };
}

export interface FieldBlame {
  readonly path: string;
  readonly value: Json;
  readonly version: number;
  readonly at: string;
  readonly actor: string;
  readonly reason: string | undefined;
}

/**
 * For each field of a resource: which version set it, who, when. A field is a value that is not an object; an array counts
 * as one field.
 */
export function* blame(
  s: Snapshot,
  stackRef: string,
  ref: string,
  at?: At,
): Program<Omit<Timeline, 'events'> & { readonly fields: readonly FieldBlame[] }> {
  const { events, ...about } = yield* timeline(s, stackRef, ref, at);
  let fields = new Map<string, FieldBlame>();
  for (const event of events) {
    const now = content(event);
    const next = new Map<string, FieldBlame>();
    for (const [path, value] of now ? leaves(now, '$') : []) {
      const before = fields.get(path);
      const kept = before && equalJson(before.value, value);
      const { version, recordedAt, meta } = event;
      next.set(path, kept ? before : { path, value, version, at: recordedAt, actor: meta.actor, reason: meta.reason });
    }
    fields = next;
  }
  if (fields.size === 0) throw resourceMissing(about.stack.name, ref);
  return { ...about, fields: [...fields.values()] };
}
