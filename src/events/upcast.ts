import { type JsonObject, parseStoredObject } from '../lib/json.js';
import { type EventType, isEventType } from './catalogue.js';
import type { EventMeta, RecordedEvent, StoredEvent, UnknownEvent } from './envelope.js';
import { hasDataFields, readMeta } from './stored-data.js';

/** Brings the data of one schema version to the next. Pure; the stored text never changes. */
type Upcaster = (data: JsonObject) => JsonObject;

/** For each type, `[n]` lifts schema version n to n + 1. A type that is not here is still at version 1. */
export type Upcasters = { readonly [T in EventType]?: { readonly [from: number]: Upcaster } };

export const upcasters: Upcasters = {};

/** The version that new events of a type are written in. */
export function currentSchemaVersion(type: EventType, table: Upcasters = upcasters): number {
  const steps = table[type];
  return steps === undefined ? 1 : 1 + Object.keys(steps).length;
}

/**
 * Reads a row of the log. A type or schema version from a newer release comes back as it is, not as an error.
 * @throws IntegrityError `DOCUMENT_DAMAGED` where data or meta are not what they were when they were written, as far as
 *   that shows without their hash
 */
export function decodeEvent(stored: StoredEvent, table: Upcasters = upcasters): RecordedEvent | UnknownEvent {
  const event = parseEvent(stored, table);
  if (isKnown(event, table)) hasDataFields(event.type, event.data);
  return event;
}

/**
 * The same for who looks into what may be damaged: data may lack fields.
 * @throws IntegrityError `DOCUMENT_DAMAGED` for data or meta that are no JSON objects, and for meta that lacks a field
 */
export function parseEvent(stored: StoredEvent, table: Upcasters = upcasters): RecordedEvent | UnknownEvent {
  const meta = parseMeta(stored.meta);
  let data = parseStoredObject<JsonObject>(stored.data);
  if (isEventType(stored.type)) {
    const steps = table[stored.type] ?? {};
    let version = stored.schemaVersion;
    for (let lift = steps[version]; lift; lift = steps[++version]) data = lift(data);
  }
  const { position, stream, revision, version, type, schemaVersion, recordedAt, commandId, hash } = stored;
  const event = { position, stream, revision, version, type, schemaVersion, data, meta, recordedAt, commandId, hash };
  return event as unknown as RecordedEvent | UnknownEvent;
}

let lastMeta: { readonly text: string; readonly meta: EventMeta } | undefined;

/** The events of a commit have one text of meta, and commits that follow each other often have: it is read once. */
function parseMeta(text: string): EventMeta {
  if (lastMeta?.text !== text) lastMeta = { text, meta: readMeta(text) };
  return lastMeta.meta;
}

/** True for an event that this release has a schema for. */
export function isKnown(event: RecordedEvent | UnknownEvent, table: Upcasters = upcasters): event is RecordedEvent {
  return isEventType(event.type) && event.schemaVersion <= currentSchemaVersion(event.type, table);
}
