import type { Command, EnvelopeInput } from '../commands/index.js';
import type { Clock } from '../lib/clock.js';
import type { OnProgress } from '../store/maintenance.js';

export interface OpenOptions {
  /** Who acts where a call does not say. Default: `api`. */
  readonly actor?: string;
  /** Through what the caller comes; kept with every event. Default: `api`. */
  readonly source?: string;
  /**
   * Leaves the tables as they are, even where another release built them: to look at a database rather than to use it.
   * Otherwise what an older release built is rebuilt first.
   */
  readonly asItIs?: boolean;
  /** Hears how far that rebuild has come, and what brings a file of an earlier schema up to date. */
  readonly onProgress?: OnProgress;
  /**
   * Whether a missing database is created: the file with its folders, or the tables on a server. Default: true.
   * With false that is a NotFoundError `DATABASE_NOT_FOUND`, and nothing is made.
   */
  readonly create?: boolean;
  /** Connections to a database server at most; one more listens for events. Default: 8. */
  readonly connections?: number;
  /** Where the time comes from; for tests. */
  readonly clock?: Clock;
}

/** How dependencies are judged; see the fields of the command `apply`. */
export type LinkOptions = Pick<Extract<Command, { type: 'apply' }>, 'allowMissing' | 'dependents'>;

/** What a call may say beside its own arguments; see each field in the command envelope. */
export type CallOptions = Omit<Partial<EnvelopeInput>, 'source'>;
