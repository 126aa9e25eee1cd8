import type { LogHead } from '../../events/index.js';

export type CheckName = 'storage' | 'chain' | 'head' | 'checkpoints' | 'tables';

/** One thing that was looked at. */
export interface Check {
  readonly name: CheckName;
  /** How many things it looked at, and what they are. */
  readonly examined: number;
  readonly unit: string;
  readonly problems: number;
}

/** Something that is not as the log, or the schema, says it must be. */
export interface Problem {
  readonly check: CheckName;
  /** One line for people. */
  readonly message: string;
  /** Of the event it is about. */
  readonly position?: number;
  /** The table, view, index or trigger it is about. */
  readonly table?: string;
  /** The row's key. */
  readonly key?: Readonly<Record<string, string | number>>;
  /** The column or field that differs. */
  readonly field?: string;
  readonly expected?: string | number | null;
  readonly actual?: string | number | null;
}

/** What a verification came to. It holds when there are no problems. */
export interface Verification {
  readonly holds: boolean;
  /** The head of the log when the verification began: what was proven up to. */
  readonly head: LogHead;
  readonly checks: readonly Check[];
  /** The first of each kind, in the order of the checks. */
  readonly problems: readonly Problem[];
}
