import type { Entry } from './ledger.js';
import type { Proof } from './proof.js';
import type { TableCounts } from './tally.js';

/** What a migration came to; written as JSON. The first eight fields are those of the original report. */
export interface MigrationReport {
  readonly stacks_migrated: number;
  readonly resources_migrated: number;
  readonly outputs_migrated: number;
  /** Rows that were not taken, in words. */
  readonly errors: readonly string[];
  /** ISO-8601 UTC; of the first try, where the migration was resumed. */
  readonly start_time: string;
  readonly end_time: string;
  /** Seconds, of this run. */
  readonly duration: number;
  readonly migration: string;
  /** Who began it. */
  readonly by: string;
  readonly source: string;
  readonly target: string;
  readonly dry_run: boolean;
  /** Whether it went on where an earlier run was broken off. */
  readonly resumed: boolean;
  /** The copy made of the target before it was written; null where it held nothing, or nothing was to be done. */
  readonly backup: string | null;
  readonly versions_migrated: number;
  /** Appended by this run. */
  readonly events: number;
  readonly head: { readonly position: number; readonly hash: string };
  readonly rows: TableCounts;
  readonly entries: readonly Entry[];
  /** Null where it was left out. */
  readonly verification: Proof | null;
}
