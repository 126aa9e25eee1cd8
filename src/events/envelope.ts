import * as z from 'zod';
import type { EventData, EventType } from './catalogue.js';
import { instant } from './fields.js';

export const metaSchema = z.strictObject({
  actor: z.string(),
  /** Through what it came: `cli`, `api`, `terraform`, `migration` … */
  source: z.string(),
  /** The kind of command, for people: `apply`, `rollback`, `lock` … */
  command: z.string(),
  correlationId: z.string().optional(),
  causationId: z.string().optional(),
  reason: z.string().optional(),
  /**
   * Who sent the command: `local`, or `token:` and a name. Only where the caller chose the command's id, and for commands
   * about locks (docs/adr/0023).
   */
  principal: z.string().optional(),
  /** Authenticates what a command with such an id said: the id of the log's key, `:`, HMAC-SHA-256 in base64url. */
  content: z.string().optional(),
  /** The event happened somewhere else before, at the time it carries; by which migration it came here, whose, and when. */
  imported: z.strictObject({ migration: z.string(), by: z.string(), at: instant }).optional(),
});
export type EventMeta = z.infer<typeof metaSchema>;

/** An event as a decision gives it: what happened, not yet when and where in the log. */
export type NewEvent = { [T in EventType]: { readonly type: T; readonly data: EventData[T] } }[EventType];

/** An event as a row of the log, its documents as the text that was hashed. */
export interface StoredEvent {
  /** Place in the whole log: 1, 2, 3 … without gaps. */
  readonly position: number;
  /** The stack: the position of its first event. */
  readonly stream: number;
  /** Place in the stack's stream: 1, 2, 3 … without gaps. */
  readonly revision: number;
  /** The stack's state version after the commit this event belongs to. */
  readonly version: number;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: string;
  readonly meta: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly recordedAt: string;
  readonly commandId: string;
  readonly hash: string;
}

/** Where the log ends. */
export interface LogHead {
  /** 0 for an empty log. */
  readonly position: number;
  readonly hash: string;
  readonly recordedAt: string | null;
}

type Decoded<T extends string, D> = Omit<StoredEvent, 'type' | 'data' | 'meta'> & {
  readonly type: T;
  readonly data: D;
  readonly meta: EventMeta;
};

/** An event of the log, read: documents parsed and brought to their current schema. */
export type RecordedEvent<T extends EventType = EventType> = { [K in T]: Decoded<K, EventData[K]> }[T];

/** An event of a type this release does not know: kept, hashed, shown, and skipped by projectors. */
export type UnknownEvent = Decoded<string, unknown>;

/** All events of one command, in order. They were appended together and share `version`, `meta` and `commandId`. */
export interface Commit {
  readonly events: readonly RecordedEvent[];
  /** The first and the last of all events of the command, unknown ones included. */
  readonly first: StoredEvent;
  readonly last: StoredEvent;
}
