import { InvalidInputError } from '../../kernel/errors.js';
import { assertJson, equalJson, type Json, parseJson } from '../../kernel/json.js';
import { asWritten, cell, cellJson, nameOf } from './cells.js';
import type { Ledger } from './ledger.js';
import type { Cell, LegacyRecord } from './source.js';

/** Outputs of an old version's state. @throws InvalidInputError for a value beyond the limits of a document */
export function versionOutputs(
  record: LegacyRecord,
  said: ReadonlyMap<string, Json>,
  ledger: Ledger,
): Map<string, Json> {
  const outputs = new Map<string, Json>();
  for (const [key, value] of said) {
    assertJson(value, `state.outputs.${key}`);
    outputs.set(freeName(outputs, record, key, ledger), value);
  }
  return outputs;
}

/** The outputs there are now, and whose rows they are. A value is the text it is; see docs/adr/0017. */
export function currentOutputs(
  records: readonly LegacyRecord[],
  lastVersion: ReadonlyMap<string, Json>,
  ledger: Ledger,
): { readonly outputs: Map<string, Json>; readonly owners: ReadonlyMap<string, LegacyRecord> } {
  const outputs = new Map<string, Json>();
  const owners = new Map<string, LegacyRecord>();
  for (const record of records) {
    ledger.attempt(record, () => {
      const value = ledger.take(record, asWritten(cell(record.row, 'value'), 'value'));
      assertJson(value, 'value');
      const name = freeName(outputs, record, cell(record.row, 'key'), ledger);
      outputs.set(name, same(lastVersion.get(name), value) ?? value);
      owners.set(name, record);
    });
  }
  return { outputs, owners };
}

/** The version's value, where the row holds it as text. */
function same(value: Json | undefined, text: Json): Json | undefined {
  if (value === undefined || typeof value === 'string' || typeof text !== 'string') return undefined;
  try {
    return equalJson(parseJson(text), value) ? value : undefined;
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
