import type { LogHead } from '../../events/index.js';

export type CheckName = 'storage' | 'chain' | 'head' | 'checkpoints' | 'tables';

/** One check. */
export interface Check {
  readonly name: CheckName;
  /** The number of checked items, and their name. */
  readonly examined: number;
  readonly unit: string;
  readonly problems: number;
}

/** A difference from the log or from the schema. */
export interface Problem {
  readonly check: CheckName;
  /** One line for people. */
  readonly message: string;
  /** The position of the event. */
  readonly position?: number;
  /** The table, view, index or trigger. */
  readonly table?: string;
  /** The row's key. */
  readonly key?: Readonly<Record<string, string | number>>;
  /** The column or field that differs. */
  readonly field?: string;
  readonly expected?: string | number | null;
  readonly actual?: string | number | null;
}

/** The result of a verification. It holds if there are no problems. */
export interface Verification {
  readonly holds: boolean;
  /** The head of the log when the verification began: the last verified event. */
  readonly head: LogHead;
  readonly checks: readonly Check[];
  /**
   * Projections that an older release built, as after an upgrade. Then tables and storage are not checked, because only a
   * rebuild makes them comparable; it is no sign of tampering, and it does not hold.
   */
  readonly outdated: readonly string[];
  /** The first problem of each kind, in the order of the checks. */
  readonly problems: readonly Problem[];
}
