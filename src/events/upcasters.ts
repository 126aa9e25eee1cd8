import type { JsonObject } from '../lib/json.js';
import type { EventType } from './catalogue.js';

/** Converts the data of one schema version to the next. Pure; the stored text never changes. */
type Upcaster = (data: JsonObject) => JsonObject;

/** For each type, `[n]` converts schema version n to n + 1. A type that is not listed is still at version 1. */
export type Upcasters = { readonly [T in EventType]?: { readonly [from: number]: Upcaster } };

/** Each step keeps the fields that SQL reads (`readBySql`), because SQL reads the stored text (CONTRIBUTING.md, "Change an event"). */
export const upcasters: Upcasters = {};
