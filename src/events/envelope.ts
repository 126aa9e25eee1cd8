import * as z from 'zod';
import type { EventData, EventType } from './catalogue.js';
import { timestamp } from './fields.js';

export const metaSchema = z.strictObject({
  actor: z.string(),
  /** The source: `cli`, `api`, `terraform`, `migration` … */
  source: z.string(),
  /** The kind of command, for people: `apply`, `rollback`, `lock` … */
  command: z.string(),
  correlationId: z.string().optional(),
  causationId: z.string().optional(),
  reason: z.string().optional(),
  /**
   * The sender of the command: `local`, or `token:` and a name. Only if the caller chose the command's id, and for commands
   * about locks (docs/adr/0023).
   */
  principal: z.string().optional(),
  /** Authenticates the content of a command with such an id: the id of the log's key, `:`, HMAC-SHA-256 in base64url. */
  content: z.string().optional(),
  /**
   * The event happened in another system before, at its recorded time; the migration that imported it, its owner and its
   * time.
   */
  imported: z.strictObject({ migration: z.string(), by: z.string(), at: timestamp }).optional(),
});
export type EventMeta = z.infer<typeof metaSchema>;

/** An event from a decision, before it has a time and a position in the log. */
export type NewEvent = { [T in EventType]: { readonly type: T; readonly data: EventData[T] } }[EventType];

/** An event as a row of the log, with its documents as the hashed text. */
export interface StoredEvent {
  /** Position in the whole log: 1, 2, 3 … without gaps. */
  readonly position: number;
  /** The stack: the position of its first event. */
  readonly stream: number;
  /** Position in the stack's stream: 1, 2, 3 … without gaps. */
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

/** The end of the log. */
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

/** An event of the log with parsed documents, upcast to their current schema. */
export type RecordedEvent<T extends EventType = EventType> = { [K in T]: Decoded<K, EventData[K]> }[T];

/** An event of a type that this release does not know: kept, hashed, shown, and skipped by projectors. */
export type UnknownEvent = Decoded<string, unknown>;

/** All events of one command, in order. They were appended together and have the same `version`, `meta` and `commandId`. */
export interface Commit {
  readonly events: readonly RecordedEvent[];
  /** The first and last position of all events of the command, including unknown ones. */
  readonly first: StoredEvent;
  readonly last: StoredEvent;
}
