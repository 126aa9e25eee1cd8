import type { Result, TaskName } from '../../interop/tasks.js';

/** What a thread that reads documents gets. */
export interface Job {
  readonly name: TaskName;
  readonly bytes: Uint8Array;
  readonly input: unknown;
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
