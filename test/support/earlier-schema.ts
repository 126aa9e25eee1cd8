import { definitions, EVENT_TYPES, type EventType } from '../../src/events/catalogue.js';
import type { StoredEvent } from '../../src/events/envelope.js';
import { GENESIS_HASH, hashEvent } from '../../src/events/hash-chain.js';
import type { Upcasters } from '../../src/events/upcasters.js';
import { type JsonObject, parseStoredObject, stringifyJson } from '../../src/lib/json.js';

/**
 * An invented earlier schema of every event type: each field has another name and its value is wrapped, except for the
 * fields that SQL reads.
 */
const fieldsOf = (type: EventType): string[] =>
  Object.keys(definitions[type].schema.shape).filter(
    (field) => !(definitions[type].readBySql as readonly string[]).includes(field),
  );

const earlierName = (field: string): string => `${field}_1`;

function toEarlier(type: EventType, data: JsonObject): JsonObject {
  const fields = new Set(fieldsOf(type));
  return Object.fromEntries(
    Object.entries(data).map(([field, value]) =>
      fields.has(field) ? [earlierName(field), { was: value }] : [field, value],
    ),
  );
}

function fromEarlier(type: EventType, data: JsonObject): JsonObject {
  const names = new Map(fieldsOf(type).map((field) => [earlierName(field), field]));
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      const field = names.get(name);
      return field === undefined ? [name, value] : [field, (value as { readonly was: typeof value }).was];
    }),
  );
}

/** The steps from the invented schema to the current one, for every type. */
export const fromInvented: Upcasters = Object.fromEntries(
  EVENT_TYPES.map((type) => [type, { 1: (data: JsonObject) => fromEarlier(type, data) }]),
);

/** The same log as a release with the invented schema would have written it. */
export function inEarlierSchema(log: readonly StoredEvent[]): StoredEvent[] {
  let previous = GENESIS_HASH;
  return log.map((event) => {
    const data = stringifyJson(toEarlier(event.type as EventType, parseStoredObject(event.data)));
    const earlier = { ...event, schemaVersion: 1, data };
    return { ...earlier, hash: (previous = hashEvent(previous, earlier)) };
  });
}
