import type { Entry, Ledger, Outcome } from './ledger.js';
import type { Plan } from './plan-workflow.js';
import { LEGACY_TABLES, type LegacyRecord, type LegacySource, type LegacyTable } from './source/source.js';

/** What became of the rows of a table: their sum is the number of rows. `known`: an earlier run took them. */
export type RowCounts = { readonly [O in Outcome]: number };
/** By table; of those there are. */
export type TableCounts = { readonly [T in LegacyTable]?: RowCounts & { readonly rows: number } };

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
  counts(source: LegacySource): TableCounts;
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
    for (const entry of ledger.entries()) {
      entries.push(entry);
      marks.set(`${entry.table}/${entry.id}`, entry.outcome);
    }
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
