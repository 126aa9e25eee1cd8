import { assertJson, equalJson, isJsonObject, type Json, type JsonObject, own, stringifyJson } from '../lib/json.js';
import { byBytes } from '../lib/order.js';
import { nameOf, objectOf, rowJson, type Taken, textOf } from './cells.js';
import type { Wanted } from './content.js';
import { addressOf, type Names } from './names.js';
import type { Row } from './row.js';
import type { Cell } from './source/source.js';
import type { Version } from './versions.js';

/** A row of `workflow_resources`: the result of an action on a resource. */
export interface Action extends Wanted {
  /** The last write of the row; undefined if it has no time. */
  readonly at: string | undefined;
  /** The same followed by the first write: rows about one resource are sorted by these texts. */
  readonly written: string;
  /** Whether it removed the resource. */
  readonly gone: boolean;
}

/** Columns with their own field; the others are kept in the metadata. */
const OWN_COLUMNS = ['id', 'workflow_id', 'type', 'name', 'status', 'attributes'];

type Own = Pick<Wanted, 'metadata' | 'lastApplied'> & { readonly properties: Taken<JsonObject> };

/** @param row the row, or the part of a version, with id, type, name and status */
function wanted(row: Row, record: Row, own: Own, names: Names): Wanted {
  const id = row.isEmpty('id') ? undefined : row.name('id', 'unknown', 128);
  const type = row.name('type');
  const plain = row.name('name', id ?? nameOf(row.id, 'id', 'unknown', 1024).value, 1024);
  const state = row.name('status', 'unknown', 64);
  const properties = row.take(own.properties);
  const { metadata } = own;
  assertJson(properties, row.label('attributes'));
  assertJson(metadata, row.label('metadata'));
  const written = JSON.stringify(['type', 'name'].map((column) => textOf(row.cell(column), column).value));
  const name = row.take(names({ type, name: plain, written, id: id ?? row.id }));
  const lastApplied = state === 'applied' ? own.lastApplied : undefined;
  return { record, address: addressOf(type, name), type, name, id, properties, state, metadata, lastApplied };
}

const GONE_BY = ['delete', 'destroy'];
const GONE_AS = ['applied', 'success', 'deleted'];

/** @throws InvalidInputError for attributes that exceed the limits of a document */
export function actionOf(row: Row, names: Names): Action {
  const created = row.time('created_at');
  const at = row.time('updated_at') ?? created;
  const properties = objectOf(row.cell('attributes'), 'attributes');
  const one = wanted(row, row, { properties, metadata: rowJson(row.row, OWN_COLUMNS), lastApplied: at }, names);
  const gone = GONE_BY.includes(String(row.cell('action'))) && GONE_AS.includes(one.state);
  return { ...one, at, written: `${at ?? ''} ${created ?? ''}`, gone };
}

/**
 * Separates current rows from earlier ones: rows followed by another one about the same resource, and rows of removed
 * resources.
 */
export function inTime(actions: readonly Action[]): { present: Action[]; earlier: Action[] } {
  const inOrder = actions.toSorted((a, b) => byBytes(a.written, b.written));
  const last = new Map(inOrder.map((action) => [action.address, action]));
  const present = [...last.values()].filter(({ gone }) => !gone);
  const isPresent = new Set(present);
  return { present, earlier: inOrder.filter((action) => !isPresent.has(action)) };
}

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
 * The resources of an old version's state. If it contains one twice, the last.
 * @throws InvalidInputError for attributes that exceed the limits of a document
 * @param rows the workflow's current resources, by id
 */
export function resourcesOf(
  { row: version, resources, at }: Version,
  rows: ReadonlyMap<string, Action>,
  names: Names,
): Wanted[] {
  const all = resources.map((fields, index): Wanted => {
    const { id, type, name, status, attributes, ...metadata } = fields;
    const cells = { id: asCell(id), type: asCell(type), name: asCell(name), status: asCell(status) };
    const part = version.part(cells, `state.resources[${index}].`);
    const properties = asProperties(attributes, part.label('attributes'));
    const one = wanted(part, version, { properties, metadata, lastApplied: at }, names);
    const statedFields = Object.keys(metadata);
    const row = one.id === undefined ? undefined : rows.get(one.id);
    if (!row || !isStill(one, row, at)) return { ...one, statedFields };
    return { ...one, metadata: row.metadata, lastApplied: row.lastApplied, statedFields };
  });
  const last = new Map(all.map((one) => [one.address, one]));
  for (const one of all) {
    if (last.get(one.address) !== one) version.repaired(`its state holds ${one.address} twice`, 'the last was taken');
  }
  return [...last.values()];
}

/** Whether the row equals the version and was not written after it. */
const isStill = (one: Wanted, row: Action, at: string): boolean =>
  row.at !== undefined &&
  row.at <= at &&
  one.address === row.address &&
  one.state === row.state &&
  equalJson(one.properties, row.properties) &&
  Object.entries(one.metadata).every(([field, value]) => equalJson(own(row.metadata, field), value));
