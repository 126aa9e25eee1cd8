import { openSync, readSync } from 'node:fs';
import { InvalidInputError } from '../../lib/errors.js';
import { unreadable } from '../../lib/failures.js';

/** The longest line in bytes: 512 MiB, about the limit of a string. A whole event is one line. */
export const MAX_LINE = 512 * 1024 * 1024;

export interface Line {
  readonly text: string;
  /** `log.jsonl line 7`, for errors. */
  readonly where: string;
}

const LINE_FEED = 0x0a;
const CHUNK = 1 << 20;

/**
 * The lines of a file, without their line feeds; the last may lack its own. Memory holds one line at a time.
 * @param name the name of the file in errors
 * @throws InvalidInputError for a line that is too long or not valid UTF-8
 */
export function* linesOf(file: number, name: string): Generator<Line, undefined> {
  let number = 0;
  let begun: Buffer[] = [];
  let length = 0;
  const where = () => `${name} line ${number}`;
  const line = (): Line => {
    number++;
    if (length > MAX_LINE) throw badLine(where(), `longer than ${MAX_LINE} bytes`);
    const bytes = begun.length === 1 ? (begun[0] as Buffer) : Buffer.concat(begun);
    begun = [];
    length = 0;
    return { text: decoded(bytes, where()), where: where() };
  };
  const add = (bytes: Buffer): void => {
    begun.push(bytes);
    length += bytes.length;
  };
  for (let chunk = readChunk(file, name); chunk.length > 0; chunk = readChunk(file, name)) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      add(chunk.subarray(start, end));
      yield line();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
    if (length > MAX_LINE) line();
  }
  if (length > 0) yield line();
}

function readChunk(file: number, name: string): Buffer {
  const chunk = Buffer.allocUnsafe(CHUNK);
  try {
    return chunk.subarray(0, readSync(file, chunk, 0, CHUNK, null));
  } catch (cause) {
    throw cannotRead(name, cause);
  }
}

// A byte order mark is not part of the format, and must not be skipped: the bytes themselves are checked.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(bytes: Buffer, where: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw badLine(where, 'not valid UTF-8', cause);
  }
}

const badLine = (where: string, problem: string, cause?: unknown): InvalidInputError =>
  new InvalidInputError('INVALID_LOG_FILE', `${where}: ${problem}`, {
    hint: 'Export a log with: sloth-runner audit export FILE',
    details: { field: 'file', where },
    cause,
  });

/** @throws InvalidInputError `CANNOT_READ`; StoreError `DISK_ERROR` */
export function openForReading(path: string, name: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw cannotRead(name, cause);
  }
}

const cannotRead = (name: string, cause: unknown): Error =>
  unreadable(
    cause,
    () =>
      new InvalidInputError('CANNOT_READ', `file: cannot read ${name} (${(cause as Error).message})`, {
        hint: 'Check that the file exists and that you may read it.',
        details: { field: 'file', file: name },
        cause,
      }),
  );
