import { isJsonObject, type Json, type JsonObject } from '../../src/lib/json.js';

/** The document with lists sorted if every item has an identity: a difference ignores the order. */
export function unordered(value: Json): Json {
  if (Array.isArray(value)) {
    const items = value.map(unordered);
    for (const field of ['id', 'key', 'name']) {
      const ids = items.map((item) => (item as JsonObject | null)?.[field]);
      const unique = new Set(ids).size === items.length && ids.every((id) => typeof id === 'string');
      if (unique)
        return items
          .map((item, n) => [ids[n] as string, item] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([, item]) => item);
    }
    return items;
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unordered(item as Json)]));
}
