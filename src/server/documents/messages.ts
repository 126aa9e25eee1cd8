import type { Result, TaskName } from '../../formats/tasks.js';
import type { Failed } from '../workers/messages.js';

/** What a thread that reads documents gets first; the bytes of the document follow in parts. */
export interface Job {
  readonly name: TaskName;
  readonly input: unknown;
  /** Bytes of all parts. */
  readonly size: number;
  /** A document of more is refused before it is read. */
  readonly mostValues: number;
}

/** What it sends back: what became of the document, or why it was refused. */
export type Done = { readonly result: Result<unknown> } | Failed;
