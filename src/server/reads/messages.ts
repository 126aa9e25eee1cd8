import type { Failed } from '../workers/messages.js';
import type { ReadJob } from './job.js';

/** What a process that reads gets: first where the database is, then one read after the other. */
export type Request = { readonly location: string; readonly largestAnswer: number } | { readonly read: ReadJob };

/** What it sends back: the answer in parts, then its headers; or why there is none. */
export type Reply = { readonly part: Uint8Array } | { readonly headers: Readonly<Record<string, string>> } | Failed;

/** An answer as JSON in parts. */
export interface AnswerBytes {
  readonly parts: readonly Uint8Array[];
  /** Of all parts. */
  readonly bytes: number;
  /** Headers beside the length. */
  readonly headers: Readonly<Record<string, string>>;
}
