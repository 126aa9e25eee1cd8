import { InvalidInputError } from '../lib/errors.js';
import { FILE_LIMITS, isJsonObject, type Json, type JsonObject } from '../lib/json.js';
import { cell, counterOf, instantOf, jsonOf, nameOf, proseOf, rowJson } from './cells.js';
import type { Ledger } from './report.js';
import type { LegacyRecord } from './source/source.js';
import { later, UNKNOWN } from './steps.js';

/** A state the old system kept. */
export interface Version {
  readonly record: LegacyRecord;
  /** Its number there; 0 where it has none. */
  readonly number: number;
  readonly at: string;
  readonly actor: string;
  readonly reason: string;
  readonly status: Json | undefined;
  readonly metadata: Json | undefined;
  readonly resources: readonly JsonObject[];
  readonly outputs: ReadonlyMap<string, Json>;
  /** The row without its state, and the state without what has a place of its own. */
  readonly header: JsonObject;
}

const OWN_FIELDS = ['resources', 'outputs', 'status', 'metadata'];

/**
 * The versions that can be read, in their order. Those that cannot are rejected.
 * @param start the time of one that has none
 */
export function versionsOf(records: readonly LegacyRecord[], start: string, ledger: Ledger): Version[] {
  const numbered = records.map((record) => ({ record, number: counterOf(cell(record.row, 'version')) }));
  const inOrder = numbered.toSorted((a, b) => (a.number ?? Number.MAX_VALUE) - (b.number ?? Number.MAX_VALUE));
  let last = start;
  return inOrder.flatMap(({ record, number }) => {
    const read = readState(record);
    if (typeof read === 'string') {
      ledger.rejected(record, read);
      return [];
    }
    if (number === undefined) ledger.repaired(record, { problem: 'version is no whole number', done: 'it comes last' });
    const at = timeOf(record, last, ledger);
    last = at;
    return [{ ...read, ...authorOf(record, ledger), record, number: number ?? 0, at }];
  });
}

function timeOf(record: LegacyRecord, last: string, ledger: Ledger): string {
  const at = instantOf(cell(record.row, 'created_at'));
  if (at === undefined) {
    ledger.repaired(record, { problem: 'created_at is no time', done: `${last} was taken` });
    return last;
  }
  if (at < last) {
    ledger.repaired(record, { problem: `created_at is before what it follows, ${last}`, done: `recorded at ${last}` });
  }
  return later(last, at);
}

/** The row's author, or that nobody knows; and its description. */
function authorOf(record: LegacyRecord, ledger: Ledger) {
  return {
    actor: actorOf(record, ledger),
    reason: ledger.take(record, proseOf(cell(record.row, 'description'), 'description')),
  };
}

export function actorOf(record: LegacyRecord, ledger: Ledger): string {
  const by = cell(record.row, 'created_by');
  return by === null || by === '' ? UNKNOWN : ledger.take(record, nameOf(by, 'created_by', UNKNOWN));
}

/** What a version's state says, or why it cannot be read. */
function readState({ row }: LegacyRecord) {
  let state: Json;
  try {
    const { value, repair } = jsonOf(cell(row, 'state'), 'state', FILE_LIMITS);
    if (repair) return repair.problem;
    state = value;
  } catch (error) {
    if (error instanceof InvalidInputError) return error.message;
    throw error;
  }
  if (!isJsonObject(state)) return 'state is no JSON object';
  const { resources = null, outputs = null, status, metadata } = state;
  if (resources !== null && !(Array.isArray(resources) && resources.every((one) => isJsonObject(one)))) {
    return 'state.resources is no list of objects';
  }
  if (outputs !== null && !isJsonObject(outputs)) return 'state.outputs is no object';
  const rest = Object.fromEntries(Object.entries(state).filter(([field]) => !OWN_FIELDS.includes(field)));
  return {
    status,
    metadata,
    resources: (resources ?? []) as readonly JsonObject[],
    outputs: new Map(Object.entries(outputs ?? {})),
    header: { version: rowJson(row, ['state']), state: rest },
  };
}
