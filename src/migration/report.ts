import { InvalidInputError } from '../lib/errors.js';
import type { JsonObject } from '../lib/json.js';
import type { Verification } from '../operations/audit/verification.js';
import { type Repair, rowJson, type Taken } from './cells.js';
import { LEGACY_TABLES, type LegacyRecord, type LegacySource, type LegacyTable } from './source/source.js';

/** A row that could not be taken as it is: what is wrong with it, and what was done. */
export interface Entry {
  readonly table: string;
  readonly id: string;
  readonly outcome: 'repaired' | 'rejected';
  readonly problem: string;
  readonly done: string;
  /** Of a rejected row, all of it: nothing else keeps it. */
  readonly row?: JsonObject;
}

/** What became of a row; `known`: an earlier run took it. A later one of these outweighs an earlier one. */
const OUTCOMES = ['migrated', 'repaired', 'known', 'rejected'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What became of the rows of a table: their sum is the number of rows. */
export type RowCounts = { readonly [O in Outcome]: number };
/** By table; of those there are. */
export type TableCounts = { readonly [T in LegacyTable]?: RowCounts & { readonly rows: number } };

export const KINDS = ['resources', 'outputs', 'versions', 'tags', 'drift', 'activity', 'locks'] as const;
export type Kind = (typeof KINDS)[number];

/** How many rows were taken, of each kind. */
export type Counts = { readonly [K in Kind]: number };

export interface StackComparison {
  /** The workflow's id; `workflow-state` for what belongs to none. */
  readonly workflow: string;
  /** The stack's id; null where there is none. */
  readonly stack: string | null;
  readonly source: Counts & { readonly hash: string };
  readonly target: Counts & { readonly hash: string };
  /** Rows with such an entry in the report. The comparison leaves out rejected rows. */
  readonly repaired: number;
  readonly rejected: number;
  readonly equal: boolean;
  /** The first few, in words. */
  readonly differences: readonly string[];
}

export interface Comparison {
  readonly equal: boolean;
  readonly stacks: readonly StackComparison[];
  /** Rows without a workflow that the report does not reject; the first few. */
  readonly unaccounted: readonly string[];
}

/** Source and target compared, and the target's log and tables verified. */
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
  /** Whether it resumed a run that was interrupted. */
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

export const keyOf = ({ table, id }: { readonly table: string; readonly id: string }): string => `${table}/${id}`;

/** Records what becomes of each row of one stack. */
export interface Ledger {
  repaired(record: LegacyRecord, repair: Repair): void;
  rejected(record: LegacyRecord, problem: string): void;
  known(record: LegacyRecord): void;
  /** Returns a value, and records the repair that gave it. */
  take<T>(record: LegacyRecord, taken: Taken<T>): T;
  /** What is made of a row; nothing, and the row is rejected, where a value is beyond what a document may be. */
  attempt<T>(record: LegacyRecord, make: () => T): T[];
  outcomeOf(record: LegacyRecord): Outcome;
  /** Rows that an earlier run took have none. */
  entries(): Entry[];
}

export function openLedger(): Ledger {
  const notes: { readonly record: LegacyRecord; readonly outcome: Entry['outcome']; readonly repair: Repair }[] = [];
  const outcomes = new Map<LegacyRecord, Outcome>();
  const outcomeOf = (record: LegacyRecord): Outcome => outcomes.get(record) ?? 'migrated';
  const note = (record: LegacyRecord, outcome: Outcome, repair?: Repair): void => {
    if (OUTCOMES.indexOf(outcome) > OUTCOMES.indexOf(outcomeOf(record))) outcomes.set(record, outcome);
    if (repair) notes.push({ record, outcome: outcome as Entry['outcome'], repair });
  };
  const ledger: Ledger = {
    repaired: (record, repair) => note(record, 'repaired', repair),
    rejected: (record, problem) => {
      if (outcomeOf(record) !== 'rejected') note(record, 'rejected', { problem, done: 'not taken' });
    },
    known: (record) => note(record, 'known'),
    take: (record, { value, repair }) => {
      if (repair) ledger.repaired(record, repair);
      return value;
    },
    attempt: (record, make) => {
      try {
        return [make()];
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        ledger.rejected(record, error.message);
        return [];
      }
    },
    outcomeOf,
    entries: () =>
      notes
        .filter(({ record, outcome }) => outcomeOf(record) === outcome)
        .map(({ record: { table, id, row }, outcome, repair }) => ({
          ...{ table, id, outcome, ...repair },
          ...(outcome === 'rejected' ? { row: rowJson(row) } : {}),
        })),
  };
  return ledger;
}

/** The ledgers of all stacks, added up. */
export interface Totals {
  readonly entries: readonly Entry[];
  /** Stacks that got something. */
  stacks: number;
  events: number;
  add(records: readonly LegacyRecord[], ledger: Ledger): void;
  /** Undefined for a row without an entry. */
  entryOf(record: LegacyRecord): Entry['outcome'] | undefined;
  counts(source: LegacySource): TableCounts;
  /** Rows of a table that this run took. */
  taken(table: LegacyTable): number;
}

export function openTotals(): Totals {
  const entries: Entry[] = [];
  const outcomes = new Map<string, Entry['outcome']>();
  const counted = Object.fromEntries(
    LEGACY_TABLES.map((table) => [table, { migrated: 0, repaired: 0, known: 0, rejected: 0 }]),
  ) as { readonly [T in LegacyTable]: { [O in Outcome]: number } };
  return {
    entries,
    stacks: 0,
    events: 0,
    add: (records, ledger) => {
      for (const record of records) counted[record.table][ledger.outcomeOf(record)]++;
      for (const entry of ledger.entries()) {
        entries.push(entry);
        outcomes.set(keyOf(entry), entry.outcome);
      }
    },
    entryOf: (record) => outcomes.get(keyOf(record)),
    counts: ({ counts }) =>
      Object.fromEntries(
        LEGACY_TABLES.flatMap((table) => {
          const rows = counts[table];
          return rows === undefined ? [] : [[table, { rows, ...counted[table] }]];
        }),
      ),
    taken: (table) => counted[table].migrated + counted[table].repaired,
  };
}
