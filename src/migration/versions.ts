import { InvalidInputError } from '../lib/errors.js';
import {
  assertJson,
  equalJson,
  FILE_LIMITS,
  isJsonObject,
  type Json,
  type JsonObject,
  parseJson,
} from '../lib/json.js';
import { counterOf, jsonOf, rowJson } from './cells.js';
import type { Outputs } from './content.js';
import { freeName } from './names.js';
import type { Row } from './row.js';
import { later } from './steps.js';

/** A state that the legacy system kept. */
export interface Version {
  readonly row: Row;
  /** Its legacy number; 0 if it has none. */
  readonly number: number;
  readonly at: string;
  readonly actor: string;
  readonly reason: string;
  readonly status: Json;
  readonly metadata: Json | undefined;
  readonly resources: readonly JsonObject[];
  readonly outputs: JsonObject;
  /** The row without its state, and the state without the fields that have their own place. */
  readonly header: JsonObject;
}

/**
 * The readable versions, in order. Unreadable ones are rejected.
 * @param start the time of a version without one
 */
export function versionsOf(rows: readonly Row[], start: string): Version[] {
  const numbered = rows.map((row) => ({ row, number: counterOf(row.cell('version')) }));
  const inOrder = numbered.toSorted((a, b) => (a.number ?? Number.MAX_VALUE) - (b.number ?? Number.MAX_VALUE));
  let last = start;
  return inOrder.flatMap(({ row, number }) => {
    const read = row.attempt(() => readState(row))[0];
    if (read === undefined) return [];
    if (number === undefined) row.repaired('version is no whole number', 'it comes last');
    const stated = row.timeOr(last, 'created_at');
    if (stated < last) row.repaired(`created_at is before what it follows, ${last}`, `recorded at ${last}`);
    last = later(last, stated);
    return [{ ...read, row, number: number ?? 0, at: last, actor: row.actor(), reason: row.prose('description') }];
  });
}

/** @throws InvalidInputError for a state that cannot be read */
function readState(row: Row): Pick<Version, 'status' | 'metadata' | 'resources' | 'outputs' | 'header'> {
  const { value: state, repair } = jsonOf(row.cell('state'), 'state', FILE_LIMITS);
  if (repair) throw unreadable(repair.problem);
  if (!isJsonObject(state)) throw unreadable('state is not a JSON object');
  const { resources, outputs, status = null, metadata, ...rest } = state;
  if (!isListOfObjects(resources ?? [])) throw unreadable('state.resources is no list of objects');
  if (!isJsonObject(outputs ?? {})) throw unreadable('state.outputs is no object');
  return {
    status,
    metadata,
    resources: (resources ?? []) as readonly JsonObject[],
    outputs: (outputs ?? {}) as JsonObject,
    header: { version: rowJson(row.row, ['state']), state: rest },
  };
}

const unreadable = (problem: string) => new InvalidInputError('INVALID_STATE', problem);

const isListOfObjects = (value: Json): boolean => Array.isArray(value) && value.every((one) => isJsonObject(one));

/** The maximum length of an output's name, in UTF-8 bytes. */
const LONGEST_KEY = 1024;

/** Outputs of an old version's state. @throws InvalidInputError for a value that exceeds the limits of a document */
export function versionOutputs({ row, outputs: stated }: Version): Outputs {
  const outputs: Outputs = new Map();
  for (const [key, value] of Object.entries(stated)) {
    assertJson(value, `state.outputs.${key}`);
    outputs.set(freeName(outputs, row.part({ key }), 'key', LONGEST_KEY), { value, row });
  }
  return outputs;
}

/** Adds the output of a row. @throws InvalidInputError for a value that exceeds the limits of a document */
export function addOutput(outputs: Outputs, row: Row): { readonly name: string; readonly value: Json } {
  const value = row.written('value');
  assertJson(value, 'value');
  const name = freeName(outputs, row, 'key', LONGEST_KEY);
  outputs.set(name, { value, row });
  return { name, value };
}

/** The current outputs. A value is text, unless the last version has a value whose JSON is this text. */
export function currentOutputs(rows: readonly Row[], lastVersion: Outputs | undefined): Outputs {
  const outputs: Outputs = new Map();
  for (const row of rows) {
    row.attempt(() => {
      const { name, value } = addOutput(outputs, row);
      const last = lastVersion?.get(name)?.value;
      if (last !== undefined && isJsonOf(value, last)) outputs.set(name, { value: last, row });
    });
  }
  return outputs;
}

/** Whether a text is the JSON of a value; a text equals itself. */
function isJsonOf(text: Json, value: Json): boolean {
  if (typeof value === 'string' || typeof text !== 'string') return false;
  try {
    return equalJson(parseJson(text), value);
  } catch (error) {
    if (error instanceof InvalidInputError) return false;
    throw error;
  }
}
