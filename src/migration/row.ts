import { InvalidInputError } from '../lib/errors.js';
import type { Json, JsonObject } from '../lib/json.js';
import { asWritten, cell, instantOf, jsonOf, nameOf, proseOf, rowJson, type Taken } from './cells.js';
import type { Cell, LegacyRecord, LegacyRow, LegacyTable, LegacyWorkflow } from './source/source.js';

/** The actor, if the legacy state does not name one. */
export const UNKNOWN = 'unknown';

/** A row that could not be taken unchanged: the problem, and the repair. */
export interface Entry {
  readonly table: string;
  readonly id: string;
  readonly outcome: 'repaired' | 'rejected';
  readonly problem: string;
  readonly done: string;
  /** All of a rejected row, because it is kept nowhere else. */
  readonly row?: JsonObject;
}

/** The outcome of a row; `known`: an earlier run migrated it. A later outcome in this list overrides an earlier one. */
const OUTCOMES = ['migrated', 'repaired', 'known', 'rejected'] as const;
export type Outcome = (typeof OUTCOMES)[number];

type Note = Pick<Entry, 'outcome' | 'problem' | 'done'> & { readonly row: Row };

/** The rows of one stack and their outcomes, in the order of discovery. */
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

  /** Rows that an earlier run migrated have none. */
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

/** A row in planning: returns its cells converted, and records the repairs. */
export class Row implements LegacyRecord {
  readonly table: LegacyTable;
  readonly id: string;
  readonly row: LegacyRow;
  readonly #account: { readonly notes: Note[]; outcome: Outcome };
  readonly #prefix: string;

  /** @param prefix precedes a column's name in reports */
  constructor({ table, id, row }: LegacyRecord, account: { readonly notes: Note[]; outcome: Outcome }, prefix = '') {
    this.table = table;
    this.id = id;
    this.row = row;
    this.#account = account;
    this.#prefix = prefix;
  }

  /** A part of it with its own cells, such as a resource in the state of a version. */
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

  /** Runs the function; if a value exceeds the limits of a document, it rejects the row and returns nothing. */
  attempt<T>(make: () => T): T[] {
    try {
      return [make()];
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      this.rejected(error.message);
      return [];
    }
  }

  /** Returns a value, and records its repair. */
  take<T>({ value, repair }: Taken<T>): T {
    if (repair) this.repaired(repair.problem, repair.done);
    return value;
  }

  /** The name of a column in reports. */
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

  /** @throws InvalidInputError if it exceeds the limits of a document */
  json(column: string): Json {
    return this.take(jsonOf(this.cell(column), this.label(column)));
  }

  written(column: string): Json {
    return this.take(asWritten(this.cell(column), this.label(column)));
  }

  /** The actor who wrote it. */
  actor(): string {
    return this.isEmpty('created_by') ? UNKNOWN : this.name('created_by');
  }

  /** ISO-8601 UTC, from the first of these columns with a time. */
  time(...columns: readonly string[]): string | undefined {
    return columns.map((column) => instantOf(this.cell(column))).find((at) => at !== undefined);
  }

  /** The same; a missing time is recorded. */
  timeOr(otherwise: string, ...columns: readonly string[]): string {
    const at = this.time(...columns);
    if (at === undefined) this.repaired(`${columns[0]} is no time`, `${otherwise} was taken`);
    return at ?? otherwise;
  }
}
