import type { Failed } from '../workers/messages.js';
import type { ReadJob } from './job.js';

/** Messages to a read process: first the location of the database, then one read after the other. */
export type Request = { readonly location: string; readonly largestAnswer: number } | { readonly read: ReadJob };

/** Messages from it: the response in parts, then its headers; or the error. */
export type Reply = { readonly part: Uint8Array } | { readonly headers: Readonly<Record<string, string>> } | Failed;

/** A response as JSON in parts. */
export interface AnswerBytes {
  readonly parts: readonly Uint8Array[];
  /** The length of all parts. */
  readonly bytes: number;
  /** Headers besides the length. */
  readonly headers: Readonly<Record<string, string>>;
}
