import { COMMANDS, type CommandType } from '../commands/index.js';
import { sha256 } from '../lib/digest.js';
import { decodeUtf8, FILE_LIMITS, isJsonObject, type JsonObject, parseJson } from '../lib/json.js';
import { type PackedJson, packJson } from '../lib/packed-json.js';
import { parseInput } from '../lib/parse-input.js';
import { readDesired } from './desired/index.js';
import type { DocumentFormat } from './document-format.js';
import { FORMATS, type InteropFormat } from './formats.js';
import { checkState } from './terraform/index.js';

/** A task for the bytes of a document; `what` names it in errors. */
export interface TaskInputs {
  /** The fields of a command in JSON; if they are an object, they are checked against the command's schema. */
  readonly command: { readonly what: string; readonly type: CommandType; readonly besides: readonly string[] };
  /** A desired state. */
  readonly desired: { readonly what: string; readonly format: DocumentFormat };
  /** The state of another tool. */
  readonly import: { readonly what: string; readonly from: InteropFormat };
  /** A Terraform state; `known` is the previous one. */
  readonly state: { readonly known: string | undefined };
}

export interface TaskOutputs {
  readonly command: PackedJson;
  readonly desired: PackedJson;
  readonly import: PackedJson;
  /** SHA-256 of the bytes. */
  readonly state: string;
}

export type TaskName = keyof TaskInputs;

/** Runs a task, here or in another thread. */
export type RunTask = <Name extends TaskName>(
  name: Name,
  bytes: Uint8Array,
  input: TaskInputs[Name],
) => Promise<Result<TaskOutputs[Name]>>;

export interface Result<Output> {
  readonly output: Output;
  /** An upper bound for the number of values in the document: the memory of its objects grows with them. */
  readonly values: number;
}

/**
 * All work on a document that grows with its size and needs no database: the result is parsed and checked. It uses nothing
 * but its arguments, so that it can run in a separate thread.
 */
export const TASKS: { readonly [Name in TaskName]: (bytes: Uint8Array, input: TaskInputs[Name]) => TaskOutputs[Name] } =
  {
    command: (bytes, { what, type, besides }) => {
      const fields = parseJson(decodeUtf8(bytes, what), what, FILE_LIMITS);
      // anything else is refused by the caller, as in small documents
      if (isJsonObject(fields) && !Object.hasOwn(fields, 'type')) {
        parseInput(COMMANDS[type].schema, { type, ...without(fields, besides) }, 'command');
      }
      return packJson(fields);
    },
    desired: (bytes, { what, format }) => packJson(readDesired(bytes, what, format).document),
    import: (bytes, { what, from }) => packJson(FORMATS[from].read(bytes, what)),
    state: (bytes, { known }) => {
      checkState(decodeUtf8(bytes, 'state'), known);
      return sha256(bytes);
    },
  };

const without = (fields: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

/** Commas and opening brackets, including those in texts. */
export function countValues(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count += 1;
  return count;
}
