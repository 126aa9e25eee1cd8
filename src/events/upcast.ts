import { type JsonObject, parseStoredObject } from '../lib/json.js';
import { type EventType, isEventType } from './catalogue.js';
import type { EventMeta, RecordedEvent, StoredEvent, UnknownEvent } from './envelope.js';
import { hasDataFields, readMeta } from './stored-data.js';

/** Converts the data of one schema version to the next. Pure; the stored text never changes. */
type Upcaster = (data: JsonObject) => JsonObject;

/** For each type, `[n]` converts schema version n to n + 1. A type that is not listed is still at version 1. */
export type Upcasters = { readonly [T in EventType]?: { readonly [from: number]: Upcaster } };

export const upcasters: Upcasters = {};

/** The schema version of new events of a type. */
export function currentSchemaVersion(type: EventType, table: Upcasters = upcasters): number {
  const steps = table[type];
  return steps === undefined ? 1 : 1 + Object.keys(steps).length;
}

/**
 * Reads a row of the log. A type or schema version from a newer release is returned unchanged, not as an error.
 * @throws IntegrityError `DOCUMENT_DAMAGED` if data or meta were changed, as far as that can be detected without their hash
 */
export function decodeEvent(stored: StoredEvent, table: Upcasters = upcasters): RecordedEvent | UnknownEvent {
  const event = parseEvent(stored, table);
  if (isKnown(event, table)) hasDataFields(event.type, event.data);
  return event;
}

/**
 * The same for reading a possibly damaged log: data may lack fields.
 * @throws IntegrityError `DOCUMENT_DAMAGED` for data or meta that are not JSON objects, and for meta that lacks a field
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

/** The events of a commit have the same text of meta, and consecutive commits often do: it is parsed once. */
function parseMeta(text: string): EventMeta {
  if (lastMeta?.text !== text) lastMeta = { text, meta: readMeta(text) };
  return lastMeta.meta;
}

/** True for an event whose schema this release knows. */
export function isKnown(event: RecordedEvent | UnknownEvent, table: Upcasters = upcasters): event is RecordedEvent {
  return isEventType(event.type) && event.schemaVersion <= currentSchemaVersion(event.type, table);
}
