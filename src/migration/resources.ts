import { resourceAddress } from '../events/index.js';
import { assertJson, equalJson, isJsonObject, type Json, type JsonObject, own, stringifyJson } from '../lib/json.js';
import { byBytes } from '../lib/order.js';
import { cell, instantOf, isSmall, nameOf, objectOf, rowJson, type Taken, textOf } from './cells.js';
import type { Wanted } from './content.js';
import type { Names } from './names.js';
import type { Ledger } from './report.js';
import type { Cell, LegacyRecord } from './source/source.js';

/** A row of `workflow_resources`: what an action made of a resource. */
export interface Action extends Wanted {
  /** When the row was written last; undefined where it does not say. */
  readonly at: string | undefined;
  /** The same and, behind it, when it was written first: rows about one resource are in the order of these texts. */
  readonly written: string;
  /** Whether the resource is no more after it. */
  readonly gone: boolean;
}

/** Columns with a place of their own; the others are kept in the metadata. */
const OWN_COLUMNS = ['id', 'workflow_id', 'type', 'name', 'status', 'attributes'];

interface Said {
  readonly record: LegacyRecord;
  /** What is spoken of, in reports: `resources[3].` or nothing. */
  readonly prefix: string;
  readonly id: Cell;
  readonly type: Cell;
  readonly name: Cell;
  readonly status: Cell;
  readonly properties: Taken<JsonObject>;
  readonly metadata: JsonObject;
  readonly lastApplied: string | undefined;
  /** Whether all of it is within the limits of a document: then so is each value. */
  readonly isSmall: boolean;
}

function wanted({ record, prefix, ...said }: Said, names: Names, ledger: Ledger): Wanted {
  const named = (value: Cell, column: string, otherwise: string, max?: number): string =>
    ledger.take(record, nameOf(value, prefix + column, otherwise, max));
  const id = said.id === null || said.id === '' ? undefined : named(said.id, 'id', 'unknown', 128);
  const type = named(said.type, 'type', 'unknown');
  const plain = named(said.name, 'name', id ?? nameOf(record.id, 'id', 'unknown', 1024).value, 1024);
  const state = named(said.status, 'status', 'unknown', 64);
  const properties = ledger.take(record, said.properties);
  const { metadata, lastApplied } = said;
  if (!said.isSmall || said.properties.repair) {
    assertJson(properties, `${prefix}attributes`);
    assertJson(metadata, `${prefix}metadata`);
  }
  const told = JSON.stringify([textOf(said.type, 'type').value, textOf(said.name, 'name').value]);
  const name = ledger.take(record, names.nameOf({ type, name: plain, told, id: id ?? record.id }));
  const address = resourceAddress({ module: '', type, name });
  return {
    record,
    address,
    type,
    name,
    id,
    properties,
    state,
    metadata,
    lastApplied: applied(state, lastApplied),
  };
}

const applied = (state: string, at: string | undefined): string | undefined => (state === 'applied' ? at : undefined);

const GONE_BY = ['delete', 'destroy'];
const GONE_AS = ['applied', 'success', 'deleted'];

/** @throws InvalidInputError for attributes beyond the limits of a document */
export function actionOf(record: LegacyRecord, names: Names, ledger: Ledger): Action {
  const { row } = record;
  const created = instantOf(cell(row, 'created_at'));
  const at = instantOf(cell(row, 'updated_at')) ?? created;
  const one = wanted(
    {
      record,
      prefix: '',
      id: cell(row, 'id'),
      type: cell(row, 'type'),
      name: cell(row, 'name'),
      status: cell(row, 'status'),
      properties: objectOf(cell(row, 'attributes'), 'attributes'),
      metadata: rowJson(row, OWN_COLUMNS),
      lastApplied: at,
      isSmall: isSmall(row),
    },
    names,
    ledger,
  );
  const gone = GONE_BY.includes(String(cell(row, 'action'))) && GONE_AS.includes(one.state);
  return { ...one, at, written: `${at ?? ''} ${created ?? ''}`, gone };
}

/** The rows by the resource they are about, each in the order they were written. */
export function byAddress(actions: readonly Action[]): ReadonlyMap<string, readonly Action[]> {
  const found = new Map<string, Action[]>();
  for (const action of actions.toSorted((a, b) => byBytes(a.written, b.written))) {
    const same = found.get(action.address);
    if (same) same.push(action);
    else found.set(action.address, [action]);
  }
  return found;
}

/** Fields of a resource in an old version's state that have a place of their own. */
const OWN_FIELDS = ['id', 'type', 'name', 'status', 'attributes'];

const asCell = (value: Json | undefined): Cell =>
  value === undefined || value === null ? null : typeof value === 'string' ? value : stringifyJson(value);

function asProperties(value: Json | undefined, what: string): Taken<JsonObject> {
  if (isJsonObject(value)) return { value };
  if (value === undefined || value === null) {
    return { value: {}, repair: { problem: `${what} are missing`, done: 'taken as {}' } };
  }
  return { value: { value }, repair: { problem: `${what} are no object`, done: 'kept under "value"' } };
}

/**
 * The resources of an old version's state.
 * @throws InvalidInputError for attributes beyond the limits of a document
 * @param at the version's time
 * @param rows the workflow's resources as they are now, by the id they have
 */
export function resourcesOf(
  version: LegacyRecord,
  resources: readonly JsonObject[],
  at: string,
  rows: ReadonlyMap<string, Action>,
  names: Names,
  ledger: Ledger,
): Wanted[] {
  const small = isSmall(version.row);
  const all = resources.map((fields, index) => {
    const prefix = `state.resources[${index}].`;
    const rest = Object.fromEntries(Object.entries(fields).filter(([field]) => !OWN_FIELDS.includes(field)));
    const said = Object.keys(rest);
    const one = wanted(
      {
        record: version,
        prefix,
        id: asCell(fields.id),
        type: asCell(fields.type),
        name: asCell(fields.name),
        status: asCell(fields.status),
        properties: asProperties(fields.attributes, `${prefix}attributes`),
        metadata: rest,
        lastApplied: at,
        isSmall: small,
      },
      names,
      ledger,
    );
    const row = one.id === undefined ? undefined : rows.get(one.id);
    return row && isStill(one, row, at)
      ? { ...one, metadata: row.metadata, lastApplied: row.lastApplied, said }
      : { ...one, said };
  });
  return onlyLast(all, version, ledger);
}

/** Whether the row says the same as the version did, and had not been written since. */
const isStill = (one: Wanted, row: Action, at: string): boolean =>
  row.at !== undefined &&
  row.at <= at &&
  one.address === row.address &&
  one.state === row.state &&
  equalJson(one.properties, row.properties) &&
  Object.entries(one.metadata).every(([field, value]) => equalJson(own(row.metadata, field), value));

function onlyLast(all: readonly Wanted[], version: LegacyRecord, ledger: Ledger): Wanted[] {
  const last = new Map(all.map((one) => [one.address, one]));
  for (const one of all) {
    if (last.get(one.address) === one) continue;
    const problem = `its state holds ${one.address} twice`;
    ledger.repaired(version, { problem, done: 'the last was taken' });
  }
  return [...last.values()];
}
