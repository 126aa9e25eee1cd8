import { closeSync } from 'node:fs';
import { checkChain, type LogHead, type StoredEvent } from '../../events/index.js';
import { IntegrityError, InvalidInputError } from '../../lib/errors.js';
import { isSameFile, type NewFileOptions, writeNewFile } from '../../lib/new-file.js';
import { pause } from '../../lib/pause.js';
import { eventPages } from '../../store/event-page.js';
import type { EventStore } from '../../store/event-store.js';
import type { OnProgress } from '../../store/maintenance.js';
import { type Line, linesOf, MAX_LINE, openForReading } from './lines.js';
import {
  EXPORT_ONE,
  eventLine,
  eventReader,
  headerLine,
  invalid,
  type LogFileHeader,
  parseHeader,
} from './log-format.js';

/** Receives the next piece of a text; if it returns a promise, the next piece follows when that resolves. */
export type LogSink = (text: string) => void | Promise<void>;

/** Characters buffered before they are written. */
const PIECE = 1 << 20;

/**
 * Writes the log as JSON Lines (docs/log-format.md), up to its head at the time of the call. Every event is checked against
 * the chain before it is written. Memory holds one page of events, however long the log is.
 * @param now the time of writing, ISO-8601 UTC
 * @throws IntegrityError `LOG_BROKEN` at the first invalid event: a log that could not be imported is not exported
 */
export async function exportLog(
  store: EventStore,
  write: LogSink,
  now: string,
  onProgress?: OnProgress,
): Promise<LogHead> {
  const head = await store.head();
  const chain = checkChain();
  let piece = headerLine({ events: head.position, head: head.hash, exported_at: now });
  for await (const page of eventPages(store, { upTo: head.position })) {
    for (const event of page) {
      const problem = chain.next(event);
      if (problem) throw broken(problem.position, `${problem.field} is ${problem.actual}, must be ${problem.expected}`);
      piece += checkedLine(event);
      if (piece.length < PIECE) continue;
      await write(piece);
      piece = '';
    }
    onProgress?.({ step: 'exporting', done: chain.position, total: head.position });
    await pause();
  }
  if (chain.position < head.position) throw broken(chain.position + 1, 'it is missing');
  await write(piece);
  return head;
}

function checkedLine(event: StoredEvent): string {
  const line = eventLine(event);
  if (line.length <= MAX_LINE / 3 || Buffer.byteLength(line) <= MAX_LINE) return line;
  throw broken(event.position, `it is larger than ${MAX_LINE} bytes`);
}

const broken = (position: number, problem: string): IntegrityError =>
  new IntegrityError('LOG_BROKEN', `event ${position}: ${problem}`, {
    hint: 'The log is damaged; see what is wrong with: sloth-runner audit verify',
    details: { position },
  });

/**
 * The same into a new file, mode 0600, which is written completely or not at all.
 * @throws ConflictError `TARGET_EXISTS`; InvalidInputError for an invalid target; StoreError
 */
export async function exportLogFile(
  store: EventStore,
  path: string,
  now: string,
  options: NewFileOptions = {},
  onProgress?: OnProgress,
): Promise<LogHead> {
  const { location } = await store.describe();
  if (['', '-wal', '-shm'].some((suffix) => isSameFile(path, location + suffix))) {
    throw new InvalidInputError('TARGET_IS_DATABASE', `file: this is the database itself: ${path}`, {
      hint: 'Choose another name for the file.',
      details: { field: 'file', file: path },
    });
  }
  return writeNewFile(path, 'file', options, (write) => exportLog(store, write, now, onProgress));
}

export interface LogImportOptions {
  /** The name of the file in errors. Default: its path. */
  readonly name?: string;
  readonly onProgress?: OnProgress;
}

/**
 * Imports an exported log into an empty store: the whole log with the same hashes, or nothing.
 * @param file a path, or the descriptor of an open file, which stays open
 * @throws InvalidInputError `INVALID_LOG_FILE` with the line; ConflictError `LOG_NOT_EMPTY`; IntegrityError if the events
 * are not a valid log
 */
export async function importLogFile(
  store: EventStore,
  file: string | number,
  { name = `${file}`, onProgress }: LogImportOptions = {},
): Promise<LogHead> {
  const opened = typeof file === 'number' ? file : openForReading(file, name);
  try {
    const { header, events } = readLogFile(opened, name);
    return await store.importLog(events, { position: header.events, hash: header.head }, onProgress);
  } finally {
    if (opened !== file) closeSync(opened);
  }
}

/** Synchronous, for a store that imports a log in one transaction. Memory holds one line at a time. */
export function readLogFile(
  file: number,
  name: string,
): { readonly header: LogFileHeader; readonly events: Iterable<StoredEvent> } {
  const lines = linesOf(file, name);
  const first = lines.next();
  if (first.done) throw invalid(`${name} line 1`, '', 'the file is empty', EXPORT_ONE);
  return { header: parseHeader(first.value.text, first.value.where), events: eventsOf(lines) };
}

function* eventsOf(lines: Iterable<Line>): Generator<StoredEvent> {
  const read = eventReader();
  for (const { text, where } of lines) yield read(text, where);
}
