import { documentDamaged, parseStoredObject } from '../lib/json.js';
import { catalogue, type EventType } from './catalogue.js';
import { type EventMeta, metaSchema } from './envelope.js';

/** @throws IntegrityError `DOCUMENT_DAMAGED` for data that lacks a field of its type */
export const hasDataFields = (type: EventType, data: object): void => mustHave(data, type, dataFields(type));

/**
 * Reads the meta of any event from its text in the log.
 * @throws IntegrityError `DOCUMENT_DAMAGED` if it is not a JSON object, or lacks a field
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
