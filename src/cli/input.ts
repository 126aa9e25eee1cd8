import { createReadStream } from 'node:fs';
import { readDocument } from '../index.js';
import { InvalidInputError } from '../lib/errors.js';
import { unreadable } from '../lib/failures.js';
import { FILE_LIMITS, type JsonObject } from '../lib/json.js';

export interface Input {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const STANDARD_INPUT = 'standard input';
/** The longest argument in bytes, on every system; Linux accepts no longer ones. */
const MAX_WORD = 131_072;

/** The one that was read. */
let used: NodeJS.ReadStream | undefined;

/**
 * Standard input, for an argument `-`. It contains one text.
 * @throws InvalidInputError if another argument has read it
 */
export function standardInput(): NodeJS.ReadStream {
  if (used === process.stdin) {
    throw new InvalidInputError('STDIN_TWICE', 'standard input (-) is given twice', {
      hint: 'Give - once, and files for the others.',
      details: { field: '-' },
    });
  }
  used = process.stdin;
  return used;
}

/** @throws InvalidInputError for an argument that is longer than any valid one */
export function checkWords(words: readonly string[]): void {
  for (const [index, word] of words.entries()) {
    const bytes = Buffer.byteLength(word);
    if (bytes <= MAX_WORD) continue;
    throw new InvalidInputError(
      'WORD_TOO_LONG',
      `word ${index + 1} of the command has ${bytes} bytes, more than ${MAX_WORD}`,
      {
        hint: 'Give long values in a file: --property key=@FILE, --properties FILE.',
        details: { field: 'command', bytes, maxBytes: MAX_WORD },
      },
    );
  }
}

/** The bytes of a file, or of standard input for `-`; at most `maxBytes`, even if the file grows or is endless. */
export async function readInput(path: string, maxBytes = FILE_LIMITS.maxBytes): Promise<Input> {
  const name = path === '-' ? STANDARD_INPUT : path;
  const stream: AsyncIterable<Buffer> = path === '-' ? standardInput() : createReadStream(path);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(name, maxBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof InvalidInputError) throw cause;
    throw unreadable(
      cause,
      () =>
        new InvalidInputError('CANNOT_READ', `cannot read ${name}: ${(cause as Error).message}`, {
          hint: 'Check that the file exists and that you may read it.',
          details: { field: name },
          cause,
        }),
    );
  }
  return { name, bytes: Buffer.concat(chunks) };
}

const tooLarge = (name: string, maxBytes: number): InvalidInputError =>
  new InvalidInputError('DOCUMENT_TOO_LARGE', `${name} has more than ${maxBytes} bytes`, {
    hint: 'Split it.',
    details: { field: name, maxBytes },
  });

/** A YAML or JSON file that contains an object. `field` names it in errors. */
export async function readObject(path: string, field: string): Promise<JsonObject> {
  const { name, bytes } = await readInput(path);
  const value = readDocument(bytes, name);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidInputError('NOT_AN_OBJECT', `${field}: ${name} does not contain an object`, {
      hint: 'Write it as key: value lines, or as a JSON object.',
      details: { field },
    });
  }
  return value as JsonObject;
}
