import type { RecordedEvent, UnknownEvent } from '../../events/index.js';

/** What is read, projected and written at once: whole commits. One that is larger than others is held whole. */
export interface Batch {
  readonly events: readonly (RecordedEvent | UnknownEvent)[];
  /** The position of the last event. */
  readonly last: number;
}

/** Events of a batch, unless its last commit has more. */
export const BATCH_EVENTS = 2_000;
