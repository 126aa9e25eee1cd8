import type { Verification } from '../operations/audit/verification.js';
import type { Entry, Ledger, Outcome, Row } from './row.js';
import { LEGACY_TABLES, type LegacyRecord, type LegacySource, type LegacyTable, type Part } from './source/source.js';

/** The number of rows of a table by outcome; their sum is the number of rows. */
export type RowCounts = { readonly [O in Outcome]: number };
/** By table; missing tables are absent. */
export type TableCounts = { readonly [T in LegacyTable]?: RowCounts & { readonly rows: number } };

/** The number of migrated rows of each kind. */
export type Counts = { readonly [P in Part]: number };

export interface StackComparison {
  /** The workflow's id; `workflow-state` for rows without a workflow. */
  readonly workflow: string;
  /** The stack's id; null without a stack. */
  readonly stack: string | null;
  readonly source: Counts & { readonly hash: string };
  readonly target: Counts & { readonly hash: string };
  /** Rows with such an entry in the report. The comparison leaves out rejected rows. */
  readonly repaired: number;
  readonly rejected: number;
  /** Null if all rows were rejected: there is nothing to compare. */
  readonly equal: boolean | null;
  /** Descriptions of the first differences. */
  readonly differences: readonly string[];
}

export interface Comparison {
  /** Whether no compared stack differs. */
  readonly equal: boolean;
  readonly stacks: readonly StackComparison[];
  /** Rows without a workflow that the report does not reject; the first ones. */
  readonly unaccounted: readonly string[];
}

/** The comparison of source and target, and the verification of the target's log and tables. */
export interface Proof extends Comparison {
  /** Whether both hold. */
  readonly holds: boolean;
  readonly audit: Verification;
}

/** The result of a migration; written as JSON. The first eight fields are those of the original report. */
export interface MigrationReport {
  readonly stacks_migrated: number;
  readonly resources_migrated: number;
  readonly outputs_migrated: number;
  /** Descriptions of the rejected rows. */
  readonly errors: readonly string[];
  /** ISO-8601 UTC; if the migration was resumed, the start of its first run. */
  readonly start_time: string;
  readonly end_time: string;
  /** Seconds, of this run. */
  readonly duration: number;
  readonly migration: string;
  /** The actor who started it. */
  readonly by: string;
  readonly source: string;
  readonly target: string;
  readonly dry_run: boolean;
  /** Whether it resumed a run that was interrupted. */
  readonly resumed: boolean;
  /** The copy made of the target before it was written; null if it was empty or nothing changed. */
  readonly backup: string | null;
  readonly versions_migrated: number;
  /** The number of events that this run appended. */
  readonly events: number;
  readonly head: { readonly position: number; readonly hash: string };
  readonly rows: TableCounts;
  readonly entries: readonly Entry[];
  /** Null if it was skipped. */
  readonly verification: Proof | null;
}

export const keyOf = ({ table, id }: { readonly table: string; readonly id: string }): string => `${table}/${id}`;

/** The sum of the ledgers of all stacks. */
export class Totals {
  readonly entries: Entry[] = [];
  /** The number of changed stacks. */
  stacks = 0;
  events = 0;
  readonly #outcomes = new Map<string, Entry['outcome']>();
  readonly #counted = Object.fromEntries(
    LEGACY_TABLES.map((table) => [table, { migrated: 0, repaired: 0, known: 0, rejected: 0 }]),
  ) as { readonly [T in LegacyTable]: { [O in Outcome]: number } };

  add(rows: readonly Row[], ledger: Ledger): void {
    for (const { table, outcome } of rows) this.#counted[table][outcome]++;
    for (const entry of ledger.entries()) {
      this.entries.push(entry);
      this.#outcomes.set(keyOf(entry), entry.outcome);
    }
  }

  /** Undefined for a row without an entry. */
  outcomeOf(record: LegacyRecord): Entry['outcome'] | undefined {
    return this.#outcomes.get(keyOf(record));
  }

  counts({ counts }: LegacySource): TableCounts {
    const rows = LEGACY_TABLES.map((table) => [table, { rows: counts[table], ...this.#counted[table] }] as const);
    return Object.fromEntries(rows.filter(([table]) => counts[table] !== undefined));
  }

  /** The number of rows of a table that this run migrated. */
  taken(table: LegacyTable): number {
    return this.#counted[table].migrated + this.#counted[table].repaired;
  }
}
