import { InvalidInputError } from '../lib/errors.js';
import type { JsonObject } from '../lib/json.js';
import { type Repair, rowJson, type Taken } from './cells.js';
import type { LegacyRecord } from './source/source.js';

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

/** What became of a row. `known`: an earlier run took it. */
export type Outcome = 'migrated' | 'repaired' | 'known' | 'rejected';

/** Keeps book of what becomes of each row. */
export interface Ledger {
  repaired(record: LegacyRecord, repair: Repair): void;
  rejected(record: LegacyRecord, problem: string): void;
  known(record: LegacyRecord): void;
  /** Passes a value on, and notes what was repaired to get it. */
  take<T>(record: LegacyRecord, taken: Taken<T>): T;
  /** What is made of a row; nothing, and the row is rejected, where a value is beyond what a document may be. */
  attempt<T>(record: LegacyRecord, make: () => T): T[];
  outcomeOf(record: LegacyRecord): Outcome;
  /** Of rows an earlier run took there are none. */
  entries(): Entry[];
}

const RANK: readonly Outcome[] = ['migrated', 'repaired', 'known', 'rejected'];

export function openLedger(): Ledger {
  const notes: { readonly record: LegacyRecord; readonly outcome: Entry['outcome']; readonly repair: Repair }[] = [];
  const outcomes = new Map<LegacyRecord, Outcome>();
  const outcomeOf = (record: LegacyRecord): Outcome => outcomes.get(record) ?? 'migrated';
  const note = (record: LegacyRecord, outcome: Outcome): void => {
    if (RANK.indexOf(outcome) > RANK.indexOf(outcomeOf(record))) outcomes.set(record, outcome);
  };
  const ledger: Ledger = {
    repaired: (record, repair) => {
      note(record, 'repaired');
      notes.push({ record, outcome: 'repaired', repair });
    },
    rejected: (record, problem) => {
      if (outcomeOf(record) === 'rejected') return;
      note(record, 'rejected');
      notes.push({ record, outcome: 'rejected', repair: { problem, done: 'not taken' } });
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
          table,
          id,
          outcome,
          ...repair,
          ...(outcome === 'rejected' ? { row: rowJson(row) } : {}),
        })),
  };
  return ledger;
}
