import { InvalidInputError } from '../lib/errors.js';
import type { Json, JsonObject } from '../lib/json.js';
import { asWritten, cell, instantOf, jsonOf, nameOf, proseOf, rowJson, type Taken } from './cells.js';
import type { Cell, LegacyRecord, LegacyRow, LegacyTable, LegacyWorkflow } from './source/source.js';

/** Who did what the old system does not say. */
export const UNKNOWN = 'unknown';

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

type Note = Pick<Entry, 'outcome' | 'problem' | 'done'> & { readonly row: Row };

/** The rows of one stack, and what became of them, in the order it was found. */
export class Ledger {
  readonly notes: Note[] = [];

  rowOf(record: LegacyRecord): Row {
    return new Row(record, { notes: this.notes, outcome: 'migrated' });
  }

  rowsOf(workflow: LegacyWorkflow): Rows {
    const rows = Object.entries(workflow).map(([part, records]) => [
      part,
      Array.isArray(records) ? records.map((record) => this.rowOf(record)) : this.rowOf(records as LegacyRecord),
    ]);
    return Object.fromEntries(rows);
  }

  /** Rows that an earlier run took have none. */
  entries(): Entry[] {
    return this.notes
      .filter(({ row, outcome }) => row.outcome === outcome)
      .map(({ row: { table, id, row }, ...note }) => ({
        ...{ table, id, ...note },
        ...(note.outcome === 'rejected' && { row: rowJson(row) }),
      }));
  }
}

/** The rows of a workflow. */
export type Rows = { readonly [Field in keyof LegacyWorkflow]: Field extends 'workflow' ? Row : readonly Row[] };

/** A row that is planned: gives its cells as what they are to be, and records where they could not be taken as they are. */
export class Row implements LegacyRecord {
  readonly table: LegacyTable;
  readonly id: string;
  readonly row: LegacyRow;
  readonly #account: { readonly notes: Note[]; outcome: Outcome };
  readonly #prefix: string;

  /** @param prefix what stands before a column's name in reports */
  constructor({ table, id, row }: LegacyRecord, account: { readonly notes: Note[]; outcome: Outcome }, prefix = '') {
    this.table = table;
    this.id = id;
    this.row = row;
    this.#account = account;
    this.#prefix = prefix;
  }

  /** A part of it with cells of its own, such as a resource in the state of a version. */
  part(row: LegacyRow, prefix = ''): Row {
    return new Row({ table: this.table, id: this.id, row }, this.#account, prefix);
  }

  /** The same row, but reading it records nothing in the report. */
  unrecorded(): Row {
    return new Row(this, { notes: [], outcome: 'migrated' });
  }

  get outcome(): Outcome {
    return this.#account.outcome;
  }

  repaired(problem: string, done: string): void {
    this.#note('repaired');
    this.#account.notes.push({ row: this, outcome: 'repaired', problem, done });
  }

  rejected(problem: string): void {
    if (this.outcome === 'rejected') return;
    this.#note('rejected');
    this.#account.notes.push({ row: this, outcome: 'rejected', problem, done: 'not taken' });
  }

  known(): void {
    this.#note('known');
  }

  #note(outcome: Outcome): void {
    if (OUTCOMES.indexOf(outcome) > OUTCOMES.indexOf(this.outcome)) this.#account.outcome = outcome;
  }

  /** What is made of the row; nothing, and it is rejected, where a value is beyond what a document may be. */
  attempt<T>(make: () => T): T[] {
    try {
      return [make()];
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      this.rejected(error.message);
      return [];
    }
  }

  /** Returns a value, and records the repair that gave it. */
  take<T>({ value, repair }: Taken<T>): T {
    if (repair) this.repaired(repair.problem, repair.done);
    return value;
  }

  /** What a column is called in reports. */
  label(column: string): string {
    return this.#prefix + column;
  }

  cell(column: string): Cell {
    return cell(this.row, column);
  }

  isEmpty(column: string): boolean {
    const value = this.cell(column);
    return value === null || value === '';
  }

  name(column: string, otherwise = UNKNOWN, max?: number): string {
    return this.take(nameOf(this.cell(column), this.label(column), otherwise, max));
  }

  prose(column: string, max?: number): string {
    return this.take(proseOf(this.cell(column), this.label(column), max));
  }

  /** @throws InvalidInputError where it is beyond the limits of a document */
  json(column: string): Json {
    return this.take(jsonOf(this.cell(column), this.label(column)));
  }

  written(column: string): Json {
    return this.take(asWritten(this.cell(column), this.label(column)));
  }

  /** Who wrote it. */
  actor(): string {
    return this.isEmpty('created_by') ? UNKNOWN : this.name('created_by');
  }

  /** ISO-8601 UTC, of the first of these columns that says a time. */
  time(...columns: readonly string[]): string | undefined {
    return columns.map((column) => instantOf(this.cell(column))).find((at) => at !== undefined);
  }

  /** The same; where no column says a time, that is recorded. */
  timeOr(otherwise: string, ...columns: readonly string[]): string {
    const at = this.time(...columns);
    if (at === undefined) this.repaired(`${columns[0]} is no time`, `${otherwise} was taken`);
    return at ?? otherwise;
  }
}
