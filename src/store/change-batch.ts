import type { RowChange } from './row-change.js';

/** A range of the log to project: after one position and up to another, of one stream or of all. */
export interface Stretch {
  readonly after: number;
  readonly upTo: number;
  readonly stream?: number | undefined;
  /** Only for these projectors. */
  readonly only?: ReadonlySet<string>;
}

/** The row changes of several whole commits. */
export interface ChangeBatch {
  readonly changes: readonly RowChange[];
  /** The number of events of these commits, and the position of the last one. */
  readonly events: number;
  readonly last: number;
}
