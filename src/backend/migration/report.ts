import type { Entry, Ledger, Outcome } from '../../interop/legacy/ledger.js';
import type { Plan } from '../../interop/legacy/plan.js';
import { LEGACY_TABLES, type LegacyRecord, type LegacySource, type LegacyTable } from '../../interop/legacy/source.js';
import type { Proof } from './proof.js';

/** What became of the rows of a table: their sum is the number of rows. `known`: an earlier run took them. */
export type RowCounts = { readonly [O in Outcome]: number };

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
  readonly rows: { readonly [T in LegacyTable]?: RowCounts & { readonly rows: number } };
  readonly entries: readonly Entry[];
  /** Null where it was left out. */
  readonly verification: Proof | null;
}

/** Gathers what becomes of rows while they are taken. */
export interface Tally {
  readonly entries: Entry[];
  /** Rows that are not in the target as they were, by `table/id`; those of earlier runs as well. */
  readonly marks: Map<string, Entry['outcome']>;
  /** Stacks that got something. */
  stacks: number;
  events: number;
  add(record: LegacyRecord, outcome: Outcome): void;
  /** Takes over what a ledger says of rows that are not taken as they are. */
  book(ledger: Ledger): void;
  plan(plan: Plan): void;
  counts(source: LegacySource): MigrationReport['rows'];
  /** Rows of a table that this run took. */
  taken(table: LegacyTable): number;
}

const none = (): { [O in Outcome]: number } => ({ migrated: 0, repaired: 0, known: 0, rejected: 0 });

export function openTally(): Tally {
  const entries: Entry[] = [];
  const marks = new Map<string, Entry['outcome']>();
  const tables = new Map<LegacyTable, { [O in Outcome]: number }>();
  const of = (table: LegacyTable) => {
    let counts = tables.get(table);
    if (!counts) tables.set(table, (counts = none()));
    return counts;
  };
  const add = (record: LegacyRecord, outcome: Outcome): void => {
    of(record.table)[outcome]++;
  };
  const book = (ledger: Ledger): void => {
    entries.push(...ledger.entries());
    for (const [key, outcome] of ledger.marks()) marks.set(key, outcome);
  };
  return {
    entries,
    marks,
    stacks: 0,
    events: 0,
    add,
    book,
    plan: ({ records, ledger }) => {
      for (const record of records) add(record, ledger.outcomeOf(record));
      book(ledger);
    },
    counts: (source) =>
      Object.fromEntries(
        LEGACY_TABLES.flatMap((table) => {
          const rows = source.counts[table];
          return rows === undefined ? [] : [[table, { rows, ...of(table) }]];
        }),
      ),
    taken: (table) => of(table).migrated + of(table).repaired,
  };
}
