import type { Result, TaskName } from '../../formats/tasks.js';

/** What a thread that reads documents gets first; the bytes of the document follow in parts. */
export interface Job {
  readonly name: TaskName;
  readonly input: unknown;
  /** Bytes of all parts. */
  readonly size: number;
  /** A document of more is refused before it is read. */
  readonly mostValues: number;
}

/** What it sends back: what became of the document, why it was refused, or a bug of ours. */
export type Done =
  | Result<unknown>
  | {
      readonly refusal: {
        readonly code: string;
        readonly message: string;
        readonly hint: string | undefined;
        readonly details: Readonly<Record<string, unknown>>;
      };
    }
  | { readonly failure: string };
