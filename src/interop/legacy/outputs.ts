import { sha256 } from '../../kernel/digest.js';
import { InvalidInputError } from '../../kernel/errors.js';
import { assertJson, equalJson, type Json, parseJson } from '../../kernel/json.js';
import { cell, cellJson, nameOf } from './cells.js';
import type { Ledger } from './ledger.js';
import type { Cell, LegacyRecord } from './source.js';

/** Sets a value under a name an output may have. */
function put(outputs: Map<string, Json>, record: LegacyRecord, key: Cell, value: Json, ledger: Ledger): string {
  const name = ledger.take(record, nameOf(key, 'key', 'unknown', 1000));
  const free = outputs.has(name) ? `${name}~${sha256(String(key)).slice(0, 8)}` : name;
  if (free !== name) {
    ledger.repaired(record, { problem: `there is an output ${name} already`, done: `became "${free}"` });
  }
  outputs.set(free, value);
  return free;
}

/** Outputs of an old version's state. @throws InvalidInputError for a value beyond the limits of a document */
export function versionOutputs(
  record: LegacyRecord,
  said: ReadonlyMap<string, Json>,
  ledger: Ledger,
): Map<string, Json> {
  const outputs = new Map<string, Json>();
  for (const [key, value] of said) {
    assertJson(value, `state.outputs.${key}`);
    put(outputs, record, key, value, ledger);
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
    const key = cell(record.row, 'key');
    const raw = cell(record.row, 'value');
    const value = same(lastVersion.get(String(key)), raw) ?? cellJson(raw);
    if (raw instanceof Uint8Array) ledger.repaired(record, { problem: 'value is a BLOB', done: 'kept as base64' });
    try {
      assertJson(value, 'value');
      owners.set(put(outputs, record, key, value, ledger), record);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      ledger.rejected(record, error.message);
    }
  }
  return { outputs, owners };
}

/** The version's value, where the row holds it as text. */
function same(value: Json | undefined, text: Cell): Json | undefined {
  if (value === undefined || typeof value === 'string' || typeof text !== 'string') return undefined;
  try {
    return equalJson(parseJson(text), value) ? value : undefined;
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
