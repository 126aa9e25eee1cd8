import type { EnvelopeInput } from '../commands/index.js';
import type { Clock } from '../kernel/clock.js';

export interface OpenOptions {
  /** Who acts where a call does not say. Default: `api`. */
  readonly actor?: string;
  /** Through what the caller comes; kept with every event. Default: `api`. */
  readonly source?: string;
  /** Where the time comes from; for tests. */
  readonly clock?: Clock;
}

/** What a call may say beside its own arguments; see each field in the command envelope. */
export type CallOptions = Omit<Partial<EnvelopeInput>, 'source'>;
