import { resourceAddress } from '../../src/events/index.js';
import { InvalidInputError } from '../../src/lib/errors.js';
import { groupBy } from '../../src/lib/group-by.js';
import {
  equalJson,
  FILE_LIMITS,
  isJsonObject,
  type Json,
  type JsonObject,
  own,
  parseJson,
} from '../../src/lib/json.js';
import type { Cell, LegacyRecord, LegacyRow, LegacyWorkflow } from '../../src/migration/source/source.js';
import { canonical, instantOfCell, jsonOfCell, serialOfCell, textOfCell } from './canonical.js';
import { earlier, type Item, type Kind, resourceKey } from './items.js';

/** Rows with an entry in the report, by `table/id`. */
export type Entries = ReadonlyMap<string, 'repaired' | 'rejected'>;

/** What the rows of a workflow say that have no entry, read as docs/adr/0017 says they are to be taken. */
export interface SourceContent {
  /** All but versions. */
  readonly items: readonly Item[];
  readonly versions: readonly SourceVersion[];
  /** Addresses whose earlier values rows speak of. */
  readonly past: readonly string[];
  /** What a resource is called where it is called several things: rows about one resource, and its address. */
  called(id: string): string;
}

/** An old version; what it held is read when it is compared. */
export interface SourceVersion {
  readonly serial: string;
  readonly item: Item;
  content(): readonly Item[];
}

type Fields = Record<string, string | undefined>;

const text = (value: string): string => JSON.stringify(value);
const labelOf = ({ table, id }: LegacyRecord): string => `${table}/${id}`;

const itemOf = (kind: Kind, key: string, label: string, fields: Fields): Item => ({
  kind,
  key,
  label,
  fields: new Map(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined)),
});

const hasEntry = (record: LegacyRecord, entries: Entries): boolean => entries.has(labelOf(record));

/** A time as a field: the text of a cell that is none, so that it can be like nothing in the target. */
const time = (...cells: readonly (Cell | undefined)[]): string => {
  const known = cells.map(instantOfCell).find((at) => at !== undefined);
  return text(known ?? `no time: ${cells.map(textOfCell).join(', ')}`);
};

/** A cell that holds JSON; text that is none is itself. */
function jsonIn(cell: Cell | undefined): Json {
  if (typeof cell !== 'string') return jsonOfCell(cell ?? null);
  try {
    return parseJson(cell, 'cell', FILE_LIMITS);
  } catch (error) {
    if (error instanceof InvalidInputError) return cell;
    throw error;
  }
}

const rowJson = (row: LegacyRow, without: readonly string[] = []): string =>
  canonical(
    Object.fromEntries(
      Object.entries(row)
        .filter(([column]) => !without.includes(column))
        .map(([column, cell]) => [column, jsonOfCell(cell)]),
    ),
  );

const author = (cell: Cell | undefined): string => text(textOfCell(cell) || 'unknown');

/**
 * @param locks the rows of `locks` that name this workflow
 * @param began when the migration that took them did, ISO-8601 UTC
 */
export function sourceContent(
  workflow: LegacyWorkflow,
  locks: readonly LegacyRecord[],
  entries: Entries,
  began: string,
): SourceContent {
  const free = (records: readonly LegacyRecord[]): LegacyRecord[] =>
    records.filter((record) => !hasEntry(record, entries));
  const versions = workflow.versions.filter((record) => entries.get(labelOf(record)) !== 'rejected');
  const outputs = workflow.outputs.length > 0 ? lastOutputs(versions) : {};
  const called = namesOf(workflow.resources);
  const { now, past } = resources(workflow.resources);
  const later = now.filter((record) => !hasEntry(record, entries));
  const before = past.filter((record) => !hasEntry(record, entries));
  return {
    items: [
      ...free([workflow.workflow]).map(workflowItem),
      ...later.map((record) => resourceItem(record, keyOf(record.row))),
      ...before.map((record) => resourceItem(record, earlier(keyOf(record.row)))),
      ...free(workflow.outputs).map((record) => outputItem(record, outputs)),
      ...free(workflow.tags).map(tagItem),
      ...free(workflow.activity).map(activityItem),
      ...driftItems(workflow.drift, called, entries),
      ...free(locks).map((record) => lockItem(record, began)),
    ],
    versions: free(versions).map(versionOf),
    past: [...new Set(before.map(({ row }) => addressOf(row)))],
    called,
  };
}

const ENDS: Readonly<Record<string, string>> = { success: 'completed', failed: 'failed', rolled_back: 'failed' };

function workflowItem(record: LegacyRecord): Item {
  const { row } = record;
  const status = textOfCell(row.status);
  const created = [row.created_at, row.started_at, row.updated_at];
  const ended = ENDS[status] ?? (instantOfCell(row.completed_at) === undefined ? undefined : 'completed');
  const begun = status !== 'pending';
  return itemOf('workflow', '', labelOf(record), {
    name: text(textOfCell(row.name)),
    status: text(statusOf(status)),
    version: text(textOfCell(row.version)),
    serial: canonical(serialOfCell(row.version)),
    metadata: canonical(jsonIn(row.metadata)),
    created_at: time(...created),
    'the row': rowJson(row),
    format: text('workflow'),
    lineage: text(textOfCell(row.id)),
    execution: text(begun ? (ended ?? 'running') : 'none'),
    ...(begun && { started_at: time(row.started_at, ...created) }),
    ...(begun && ended && { completed_at: time(row.completed_at, row.updated_at) }),
    ...(begun && ended && { duration_seconds: milliseconds(row.duration_seconds) }),
    ...(begun && ended === 'failed' && { error_msg: text(textOfCell(row.error_msg)) }),
  });
}

const statusOf = (status: string): string => (status === 'success' ? 'completed' : status);

/** Not said: undefined. */
const milliseconds = (seconds: Cell | undefined): string | undefined =>
  seconds === null || seconds === undefined ? undefined : canonical(Math.round(Number(seconds) * 1_000));

const addressOf = (row: LegacyRow): string =>
  resourceAddress({ module: '', type: textOfCell(row.type), name: textOfCell(row.name) });

/** Type and name: what a resource is known by on both sides; two of them can read as one address. */
const keyOf = (row: LegacyRow): string => resourceKey(textOfCell(row.type), textOfCell(row.name));

/** Of all rows about one resource the last is how it is now, unless it says that it is gone. */
function resources(records: readonly LegacyRecord[]) {
  const written = ({ row }: LegacyRecord): string =>
    instantOfCell(row.updated_at) ?? instantOfCell(row.created_at) ?? '';
  const created = ({ row }: LegacyRecord): string => instantOfCell(row.created_at) ?? '';
  const now: LegacyRecord[] = [];
  const past: LegacyRecord[] = [];
  for (const rows of groupBy(records, ({ row }) => keyOf(row)).values()) {
    const inOrder = rows.toSorted((a, b) => compare(written(a), written(b)) || compare(created(a), created(b)));
    const last = inOrder.pop() as LegacyRecord;
    past.push(...inOrder);
    (isGone(last.row) ? past : now).push(last);
  }
  return { now, past };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isGone = ({ action, status }: LegacyRow): boolean =>
  ['delete', 'destroy'].includes(textOfCell(action)) && ['applied', 'success', 'deleted'].includes(textOfCell(status));

/** Columns that a resource has a place for; all others are in its metadata. */
const RESOURCE_COLUMNS = ['id', 'workflow_id', 'type', 'name', 'status', 'attributes'];

function resourceItem(record: LegacyRecord, key: string): Item {
  const { row } = record;
  const others = Object.keys(row).filter((column) => !RESOURCE_COLUMNS.includes(column));
  const applied = textOfCell(row.status) === 'applied';
  const at = instantOfCell(row.updated_at) ?? instantOfCell(row.created_at);
  return itemOf('resource', key, labelOf(record), {
    ...(textOfCell(row.id) !== '' && { id: text(textOfCell(row.id)) }),
    type: text(textOfCell(row.type)),
    name: text(textOfCell(row.name)),
    status: text(textOfCell(row.status)),
    attributes: canonical(row.attributes === null || row.attributes === undefined ? {} : jsonIn(row.attributes)),
    ...Object.fromEntries(others.map((column) => [column, canonical(jsonOfCell(row[column] as Cell))])),
    'other columns': canonical(others.sort()),
    ...(applied && at !== undefined && { 'last applied': text(at) }),
    'what no row says': WHAT_NO_ROW_SAYS,
  });
}

/** Module, dependencies and error message of a resource. */
export const WHAT_NO_ROW_SAYS = canonical(['', [], null]);

/** One name for all that rows call a resource. */
function namesOf(records: readonly LegacyRecord[]): (id: string) => string {
  const names = new Map<string, string>();
  for (const [key, rows] of groupBy(records, ({ row }) => keyOf(row))) {
    for (const { row } of rows) for (const name of [addressOf(row), textOfCell(row.id)]) names.set(name, key);
  }
  return (id) => names.get(id) ?? id;
}

/** The outputs of the last version that was taken. */
function lastOutputs(versions: readonly LegacyRecord[]): JsonObject {
  const last = versions.toSorted((a, b) => serialOfCell(a.row.version) - serialOfCell(b.row.version)).at(-1);
  const state = jsonIn(last?.row.state);
  const outputs = isJsonObject(state) ? own(state, 'outputs') : undefined;
  return isJsonObject(outputs) ? outputs : {};
}

/** The text itself, or the value of the last version that it is the JSON of. */
function outputItem(record: LegacyRecord, last: JsonObject): Item {
  const { key, value } = record.row;
  const name = textOfCell(key);
  const before = own(last, name);
  const same = typeof value === 'string' && equalJson(jsonIn(value), before);
  return output(labelOf(record), name, same ? (before as Json) : jsonOfCell(value ?? null));
}

const output = (label: string, name: string, value: Json): Item =>
  itemOf('output', name, label, { value: canonical(value), 'what no row says': OUTPUT_ALONE });

/** Whether an output is sensitive, and its metadata. */
export const OUTPUT_ALONE = canonical([false, null]);

const tagItem = (record: LegacyRecord): Item =>
  itemOf('tag', textOfCell(record.row.tag), labelOf(record), { created_at: time(record.row.created_at) });

function activityItem(record: LegacyRecord): Item {
  const { action, details = null, created_by, created_at } = record.row;
  return itemOf('activity', '', labelOf(record), {
    action: text(textOfCell(action)),
    details: details === null ? 'null' : text(textOfCell(details)),
    created_by: author(created_by),
    created_at: time(created_at),
  });
}

/** What each row does to what is known of its resource: a finding, the end of one, or nothing but a note. */
function driftItems(records: readonly LegacyRecord[], called: (id: string) => string, entries: Entries): Item[] {
  const open = new Map<string, readonly [expected: Json, actual: Json]>();
  const found = ({ row }: LegacyRecord): string => instantOfCell(row.detected_at) ?? '';
  const taken = records.filter((record) => entries.get(labelOf(record)) !== 'rejected');
  return taken
    .toSorted((a, b) => compare(found(a), found(b)))
    .flatMap((record) => {
      const { row } = record;
      const resource = called(textOfCell(row.resource_id));
      const expected = jsonIn(row.expected);
      const actual = jsonIn(row.actual);
      const standing = open.get(resource);
      const drifted = /^(1|t|true)$/i.test(textOfCell(row.drifted));
      const again = standing && equalJson(standing[0], expected) && equalJson(standing[1], actual);
      let what = 'noted';
      if (drifted && !again && !equalJson(expected, actual)) {
        open.set(resource, [expected, actual]);
        what = 'found';
      } else if (!drifted && standing && open.delete(resource)) what = 'cleared';
      if (hasEntry(record, entries)) return [];
      return itemOf('drift', what, labelOf(record), {
        detected_at: time(row.detected_at),
        ...(what === 'noted' ? { 'the row': rowJson(row) } : { resource_id: text(resource) }),
        ...(what === 'found' && { expected: canonical(expected), actual: canonical(actual) }),
      });
    });
}

/** The shortest time that a lock can be held for, in milliseconds. */
const SHORTEST_LOCK = 1_000;

/** One that still ran when the migration began was taken over; another one is history. */
function lockItem(record: LegacyRecord, began: string): Item {
  const { holder, expires_at } = record.row;
  const left = Date.parse(instantOfCell(expires_at) ?? began) - Date.parse(began);
  return left < SHORTEST_LOCK
    ? noteItem(record)
    : itemOf('lock', 'taken', labelOf(record), { holder: text(textOfCell(holder)), expires_at: time(expires_at) });
}

const noteItem = (record: LegacyRecord): Item =>
  itemOf('lock', 'noted', labelOf(record), { 'the row': rowJson(record.row) });

function versionOf(record: LegacyRecord): SourceVersion {
  const { row } = record;
  const state = jsonIn(row.state);
  const said: JsonObject = isJsonObject(state) ? state : { 'no object': state };
  const { resources: _, outputs: __, status, metadata, ...others } = said;
  const serial = canonical(serialOfCell(row.version));
  return {
    serial,
    item: itemOf('version', serial, labelOf(record), {
      created_at: time(row.created_at),
      created_by: author(row.created_by),
      description: text(textOfCell(row.description)),
      'the row': rowJson(row, ['state']),
      'the other fields of its state': canonical(others),
      ...(typeof status === 'string' && { 'state.status': text(statusOf(status)) }),
      ...(metadata !== undefined && { 'state.metadata': canonical(metadata) }),
    }),
    content: () => versionContent(said),
  };
}

function versionContent(state: JsonObject): Item[] {
  const { resources = null, outputs = null } = state;
  const list = Array.isArray(resources) ? (resources as readonly Json[]).filter(isJsonObject) : [];
  return [
    ...list.map(stateResource),
    ...Object.entries(isJsonObject(outputs) ? outputs : {}).map(([name, value]) =>
      output(`output ${name}`, name, value),
    ),
  ];
}

/** A resource as a version's state says it; what it does not say is not asked of the target. */
function stateResource(said: JsonObject): Item {
  const { id = null, type = null, name = null, status = null, attributes = null, ...others } = said;
  const words = (value: Json): string => (typeof value === 'string' ? value : canonical(value));
  const address = resourceAddress({ module: '', type: words(type), name: words(name) });
  return itemOf('resource', resourceKey(words(type), words(name)), `resource ${address}`, {
    ...(id !== null && id !== '' && { id: text(words(id)) }),
    type: text(words(type)),
    name: text(words(name)),
    status: text(words(status)),
    attributes: canonical(attributes === null ? {} : attributes),
    ...Object.fromEntries(Object.entries(others).map(([field, value]) => [field, canonical(value)])),
    'what no row says': WHAT_NO_ROW_SAYS,
  });
}

/** The rows of `state`, as outputs of the stack that holds them. */
export const stateItems = (records: readonly LegacyRecord[], entries: Entries): Item[] =>
  records
    .filter((record) => !hasEntry(record, entries))
    .map((record) => {
      const { key, value = null, updated_at, created_at } = record.row;
      const { kind, fields } = output('', textOfCell(key), jsonOfCell(value));
      const all = { ...Object.fromEntries(fields), updated_at: time(updated_at, created_at) };
      return itemOf(kind, textOfCell(key), labelOf(record), all);
    });

/** Locks that name no workflow: notes with the row, repaired as all of them are. */
export const strayLockItems = (records: readonly LegacyRecord[], entries: Entries): Item[] =>
  records.filter((record) => entries.get(labelOf(record)) !== 'rejected').map(noteItem);
