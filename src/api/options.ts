import type { Command, EnvelopeInput } from '../commands/index.js';
import type { Clock } from '../lib/clock.js';
import type { OnProgress } from '../store/maintenance.js';

export interface OpenOptions {
  /** The actor of commands that name none. Default: `api`. */
  readonly actor?: string;
  /** The source of the commands; recorded with every event. Default: `api`. */
  readonly source?: string;
  /**
   * Does not rebuild tables that another release built: to examine a database rather than use it. By default, tables of an
   * older release are rebuilt first.
   */
  readonly skipRebuild?: boolean;
  /** Reports the progress of that rebuild, and of the upgrade of a file with an earlier schema. */
  readonly onProgress?: OnProgress;
  /**
   * Whether a missing database is created: the file with its folders, or the tables on a server. Default: true. With false a
   * missing database is a NotFoundError `DATABASE_NOT_FOUND`, and nothing is created.
   */
  readonly create?: boolean;
  /** The maximum number of connections to a database server; one more listens for events. Default: 8. */
  readonly connections?: number;
  /** The source of the time; for tests. */
  readonly clock?: Clock;
}

/** How dependencies are checked; see the fields of the command `apply`. */
export type EdgeOptions = Pick<Extract<Command, { type: 'apply' }>, 'allowMissing' | 'dependents'>;

/** Options of every call; see each field in the command envelope. */
export type CallOptions = Omit<Partial<EnvelopeInput>, 'source'>;
