import type { RowChange } from './row-change.js';

/** A part of the log to be projected: after a position and up to one, of one stream or all. */
export interface Stretch {
  readonly after: number;
  readonly upTo: number;
  readonly stream?: number | undefined;
  /** Only for these projectors. */
  readonly only?: ReadonlySet<string>;
}

/** What some whole commits change in the tables. */
export interface ChangeBatch {
  readonly changes: readonly RowChange[];
  /** How many events these commits have, and the position of the last one. */
  readonly events: number;
  readonly last: number;
}
