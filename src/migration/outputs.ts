import { InvalidInputError } from '../lib/errors.js';
import { assertJson, equalJson, type Json, parseJson } from '../lib/json.js';
import { asWritten, cell } from './cells.js';
import type { StateRead } from './content.js';
import { freeName } from './names.js';
import type { Ledger } from './report.js';
import type { LegacyRecord } from './source/source.js';

/** Of an output's name, in UTF-8 bytes. */
export const LONGEST_KEY = 1024;

/** Outputs of an old version's state. @throws InvalidInputError for a value beyond the limits of a document */
export function versionOutputs(
  record: LegacyRecord,
  said: ReadonlyMap<string, Json>,
  ledger: Ledger,
): Map<string, Json> {
  const outputs = new Map<string, Json>();
  for (const [key, value] of said) {
    assertJson(value, `state.outputs.${key}`);
    outputs.set(freeName(outputs, record, key, 'key', LONGEST_KEY, ledger), value);
  }
  return outputs;
}

/** The outputs there are now, and whose rows they are. A value is the text it is; see docs/adr/0017. */
export function currentOutputs(
  records: readonly LegacyRecord[],
  lastVersion: ReadonlyMap<string, Json>,
  ledger: Ledger,
): StateRead['outputs'] {
  const outputs = new Map<string, { readonly value: Json; readonly record: LegacyRecord }>();
  for (const record of records) {
    ledger.attempt(record, () => {
      const text = ledger.take(record, asWritten(cell(record.row, 'value'), 'value'));
      assertJson(text, 'value');
      const name = freeName(outputs, record, cell(record.row, 'key'), 'key', LONGEST_KEY, ledger);
      const last = lastVersion.get(name);
      outputs.set(name, { value: last !== undefined && isJsonOf(text, last) ? last : text, record });
    });
  }
  return outputs;
}

/** Whether a text is the JSON of a value; text is always itself. */
function isJsonOf(text: Json, value: Json): boolean {
  if (typeof value === 'string' || typeof text !== 'string') return false;
  try {
    return equalJson(parseJson(text), value);
  } catch (error) {
    if (error instanceof InvalidInputError) return false;
    throw error;
  }
}
