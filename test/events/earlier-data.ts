import type { EventType } from '../../src/events/index.js';
import type { JsonObject } from '../../src/lib/json.js';

export type EarlierData = { readonly [T in EventType]?: { readonly [version: number]: JsonObject } };

/** For each step of `upcasters`: data of its version, as an earlier release wrote it, with every optional field. */
export const EARLIER_DATA: EarlierData = {};
