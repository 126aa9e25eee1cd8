import { isJsonObject, type Json, JsonNumber, type JsonObject } from '../../lib/json.js';
import type { OutputRecord } from '../../store/records.js';
import type { IncomingOutput } from '../incoming.js';
import type { TerraformDocument } from './format.js';

/** An output's other fields are kept under `metadata.terraform`, with `value: false` if it had no value. */
export const readOutputs = (outputs: NonNullable<TerraformDocument['outputs']>): IncomingOutput[] =>
  Object.entries(outputs).map(([name, { value, ...rest }]) => ({
    name,
    value: value ?? null,
    sensitive: rest.sensitive === true,
    metadata: { terraform: rest, ...(value === undefined ? { value: false } : {}) },
  }));

export const writeOutputs = (outputs: readonly OutputRecord[]): JsonObject =>
  Object.fromEntries(outputs.map((output) => [output.name, writeOutput(output)]));

function writeOutput({ value, sensitive, metadata }: OutputRecord): JsonObject {
  const kept = isJsonObject(metadata) ? metadata : {};
  const fields = isJsonObject(kept.terraform) ? kept.terraform : { type: typeOf(value) };
  const { sensitive: written, ...rest } = fields;
  const absent = kept.value === false && value === null;
  return { ...(absent ? {} : { value }), ...rest, ...mark(sensitive, written) };
}

/** `false` is written only if it was imported: Terraform omits it. */
function mark(sensitive: boolean, written: Json | undefined): JsonObject {
  if (sensitive) return { sensitive };
  return written === undefined || written === true ? {} : { sensitive: written };
}

/**
 * Terraform's type of a value without one, in the JSON form of cty types. Every list is a tuple and every map an object;
 * `dynamic` is for null alone, because Terraform refuses a state that uses it for anything else.
 */
function typeOf(value: Json): Json {
  if (value === null) return 'dynamic';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || value instanceof JsonNumber) return 'number';
  if (Array.isArray(value)) return ['tuple', value.map(typeOf)];
  return ['object', Object.fromEntries(Object.entries(value).map(([key, item]) => [key, typeOf(item)]))];
}
