import type { Json, JsonObject } from '../lib/json.js';

/** The fields that have a value. */
export const definedFields = (fields: Readonly<Record<string, Json | undefined>>): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined));
