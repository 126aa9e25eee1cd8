import { readFile, stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { readDocument } from '../index.js';
import { InvalidInputError } from '../kernel/errors.js';
import { unreadable } from '../kernel/failures.js';
import { FILE_LIMITS, type JsonObject } from '../kernel/json.js';

export interface Input {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The bytes of a file, or of standard input for `-`. */
export async function readInput(path: string): Promise<Input> {
  if (path === '-') return { name: 'standard input', bytes: await buffer(process.stdin) };
  try {
    const { size } = await stat(path);
    if (size > FILE_LIMITS.maxBytes) {
      throw new InvalidInputError('DOCUMENT_TOO_LARGE', `${path} is ${size} bytes, more than ${FILE_LIMITS.maxBytes}`, {
        hint: 'Split it.',
        details: { field: path, bytes: size },
      });
    }
    return { name: path, bytes: await readFile(path) };
  } catch (cause) {
    if (cause instanceof InvalidInputError) throw cause;
    throw unreadable(
      cause,
      () =>
        new InvalidInputError('CANNOT_READ', `cannot read ${path}: ${(cause as Error).message}`, {
          hint: 'Check that the file exists and that you may read it.',
          details: { field: path },
          cause,
        }),
    );
  }
}

/** A YAML or JSON file that holds an object. `field` names it in errors. */
export async function readObject(path: string, field: string): Promise<JsonObject> {
  const { name, bytes } = await readInput(path);
  const value = readDocument(bytes, name);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidInputError('NOT_AN_OBJECT', `${field}: ${name} does not hold an object`, {
      hint: 'Write it as key: value lines, or as a JSON object.',
      details: { field },
    });
  }
  return value as JsonObject;
}
