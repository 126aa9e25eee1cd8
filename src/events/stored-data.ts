import { documentDamaged, parseStoredObject } from '../lib/json.js';
import { catalogue, type EventData, type EventType } from './catalogue.js';
import { type EventMeta, metaSchema } from './envelope.js';

/**
 * Reads the data of an event of this type from its text in the log. The values of its fields were checked before they were
 * written; `audit verify` proves that they are unchanged, not each read.
 * @throws IntegrityError `DOCUMENT_DAMAGED` if it is not a JSON object, or lacks a field of the type
 */
export function readData<T extends EventType>(type: T, text: string): EventData[T] {
  const data = parseStoredObject<EventData[T]>(text);
  hasDataFields(type, data);
  return data;
}

/** @throws IntegrityError `DOCUMENT_DAMAGED` for data that lacks a field of its type */
export const hasDataFields = (type: EventType, data: object): void => mustHave(data, type, dataFields(type));

/**
 * The same for the meta of any event.
 * @throws IntegrityError `DOCUMENT_DAMAGED`
 */
export function readMeta(text: string): EventMeta {
  const meta = parseStoredObject<EventMeta>(text);
  mustHave(meta, 'meta', META_FIELDS);
  return meta;
}

type Shape = Readonly<Record<string, { isOptional(): boolean }>>;

const needed = ({ shape }: { readonly shape: Shape }): readonly string[] =>
  Object.entries(shape).flatMap(([field, schema]) => (schema.isOptional() ? [] : [field]));

const META_FIELDS = needed(metaSchema);

const known = new Map<EventType, readonly string[]>();

function dataFields(type: EventType): readonly string[] {
  const fields = known.get(type);
  if (fields) return fields;
  const found = needed(catalogue[type]);
  known.set(type, found);
  return found;
}

function mustHave(document: object, what: string, fields: readonly string[]): void {
  for (const field of fields) {
    if (!(field in document)) throw documentDamaged(`is damaged: ${what} lacks "${field}"`, { details: { field } });
  }
}
