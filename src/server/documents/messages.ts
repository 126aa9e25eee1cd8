import type { Result, TaskName } from '../../formats/tasks.js';
import type { Failed } from '../workers/messages.js';

/** The first message to a worker that parses documents; the bytes of the document follow in parts. */
export interface Job {
  readonly name: TaskName;
  readonly input: unknown;
  /** Bytes of all parts. */
  readonly size: number;
  /** A document with more is refused before it is parsed. */
  readonly mostValues: number;
}

/** The response of the worker: the result of the task, or the reason for a refusal. */
export type Done = { readonly result: Result<unknown> } | Failed;
