import { StoreError } from '../lib/errors.js';
import { documentDamaged, type JsonObject, parseStoredObject } from '../lib/json.js';
import { type EventData, type EventType, isEventType } from './catalogue.js';
import type { EventMeta, RecordedEvent, StoredEvent, UnknownEvent } from './envelope.js';
import { hasDataFields, readMeta } from './stored-data.js';
import { type Upcasters, upcasters } from './upcasters.js';

/** The columns of an event from which its data is read. */
export interface StoredData {
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly data: string;
}

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
  const data = parseData(stored.type, stored.schemaVersion, stored.data, table);
  const { position, stream, revision, version, type, schemaVersion, recordedAt, commandId, hash } = stored;
  const event = { position, stream, revision, version, type, schemaVersion, data, meta, recordedAt, commandId, hash };
  return event as unknown as RecordedEvent | UnknownEvent;
}

/**
 * Reads the value to which a row of a table points: the data of its event, upcast. The values of its fields were checked
 * before they were written; `audit verify` proves that they are unchanged, not each read.
 * @param types the types to which such a row may point
 * @throws StoreError `NEWER_EVENT` for a type or schema version from a newer release; IntegrityError `DOCUMENT_DAMAGED` for
 * an event of another type, and for data that is not a JSON object or lacks a field of the type
 */
export function readData<T extends EventType>(
  { eventType, schemaVersion, data: text }: StoredData,
  types: readonly T[],
): EventData[T] {
  if (!isEventType(eventType) || isNewer(eventType, schemaVersion)) throw newerEvent(eventType, schemaVersion);
  if (!(types as readonly EventType[]).includes(eventType)) {
    throw documentDamaged(`is that of ${eventType}, not of ${types.join(' or ')}`);
  }
  const data = parseData(eventType, schemaVersion, text, upcasters);
  hasDataFields(eventType, data);
  return data as EventData[T];
}

/** The only function from the stored text to data. Data of an unknown type, or of a newer schema version, stays as it is. */
function parseData(type: string, schemaVersion: number, text: string, table: Upcasters): JsonObject {
  const data = parseStoredObject<JsonObject>(text);
  const steps = isEventType(type) ? table[type] : undefined;
  return steps === undefined ? data : upcast(data, schemaVersion, steps);
}

function upcast(stored: JsonObject, from: number, steps: NonNullable<Upcasters[EventType]>): JsonObject {
  let data = stored;
  let version = from;
  try {
    for (let step = steps[version]; step; step = steps[++version]) data = step(data);
  } catch (cause) {
    throw documentDamaged(`of schema version ${version} cannot be converted to version ${version + 1}`, { cause });
  }
  return data;
}

let lastMeta: { readonly text: string; readonly meta: EventMeta } | undefined;

/** The events of a commit have the same text of meta, and consecutive commits often do: it is parsed once. */
function parseMeta(text: string): EventMeta {
  if (lastMeta?.text !== text) lastMeta = { text, meta: readMeta(text) };
  return lastMeta.meta;
}

const isNewer = (type: EventType, schemaVersion: number, table: Upcasters = upcasters): boolean =>
  schemaVersion > currentSchemaVersion(type, table);

/** True for an event whose schema this release knows. */
export const isKnown = (event: RecordedEvent | UnknownEvent, table: Upcasters = upcasters): event is RecordedEvent =>
  isEventType(event.type) && !isNewer(event.type, event.schemaVersion, table);

/**
 * True for an event that changes the result, false for one of an unknown type, which is skipped. Skipping a known type would
 * give a wrong state.
 * @throws StoreError `NEWER_EVENT` for a newer schema version of a known type
 */
export function isReadable(event: RecordedEvent | UnknownEvent): event is RecordedEvent {
  if (!isEventType(event.type)) return false;
  if (isNewer(event.type, event.schemaVersion)) throw newerEvent(event.type, event.schemaVersion, event.position);
  return true;
}

function newerEvent(type: string, schemaVersion: number, position?: number): StoreError {
  const event = position === undefined ? 'an event' : `event ${position}`;
  const supported = isEventType(type) ? currentSchemaVersion(type) : 0;
  return new StoreError(
    'NEWER_EVENT',
    `${event} was written by a newer release: ${type}, schema version ${schemaVersion}`,
    {
      hint:
        supported === 0
          ? 'This release does not know the type. Upgrade sloth-runner; nothing was changed.'
          : `This release reads ${type} up to version ${supported}. Upgrade sloth-runner; nothing was changed.`,
      details: { type, schemaVersion, supported, ...(position !== undefined && { position }) },
    },
  );
}
