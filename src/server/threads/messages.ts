import type { Result, TaskName } from '../../formats/tasks.js';
import type { ReadJob } from '../reads/job.js';

/** What every thread knows from its start. */
export interface ThreadData {
  /** Where the database is that reads are answered from; undefined where no other thread can open it. */
  readonly location: string | undefined;
  /** A larger answer is refused, bytes. */
  readonly largestAnswer: number;
}

/** A document to be read; its bytes follow in parts. */
export interface DocumentJob {
  readonly kind: 'document';
  readonly name: TaskName;
  readonly input: unknown;
  /** Bytes of all parts. */
  readonly size: number;
  /** A document of more is refused before it is read. */
  readonly mostValues: number;
}

export type Job = DocumentJob | { readonly kind: 'read'; readonly read: ReadJob } | { readonly kind: 'close' };

/** An answer as JSON in pieces. */
export interface AnswerBytes {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  /** Headers beside the length. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An error of ours as its fields: a clone of it would be of no class of ours. */
export interface PackedError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What a thread sends back: the result, why there is none, or a bug of ours. */
export type Done =
  | { readonly document: Result<unknown> }
  | { readonly answer: AnswerBytes }
  | { readonly refusal: PackedError }
  | { readonly failure: string };
