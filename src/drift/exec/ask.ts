import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidInputError } from '../../lib/errors.js';
import { type End, groupStarter } from '../process/group.js';
import { linesOf, readWords } from '../process/lines.js';
import type { ExpectedResource, Observation, ObserveContext } from '../source.js';
import { Answers, MAX_LINE, requests } from './answers.js';

export interface Program {
  /** The program, or with `shell` a line for the shell. */
  readonly file: string;
  readonly args: readonly string[];
  readonly shell: boolean;
  /** The time limit of one process, milliseconds. */
  readonly timeoutMs: number;
}

export interface Outcome {
  readonly unanswered: readonly ExpectedResource[];
  /** The reason for the missing results. */
  readonly why: string;
  /** Whether it crashed on one of the resources without a result, so that another process may return the others. */
  readonly crashed: boolean;
}

/** The time from SIGTERM to SIGKILL. */
const GRACE_MS = 2_000;

/**
 * Runs the program once for a batch and yields its results as they arrive. When this ends, for any reason, the process and
 * its children have ended.
 * @throws InvalidInputError `EXEC_NOT_FOUND`; the signal's reason once it is aborted
 */
export async function* ask(
  program: Program,
  batch: readonly ExpectedResource[],
  { signal, note }: ObserveContext,
): AsyncGenerator<Observation, Outcome> {
  const { file, args, shell, timeoutMs } = program;
  const startGroup = await groupStarter();
  signal?.throwIfAborted();
  const answers = new Answers(batch, note);
  const group = startGroup(file, args, { shell, graceMs: GRACE_MS });
  let isTimedOut = false;
  const limit = setTimeout(() => {
    isTimedOut = true;
    void group.end();
  }, timeoutMs);
  const stop = () => void group.end();
  signal?.addEventListener('abort', stop);
  const words = readWords(group.stderr, 1, note);
  void feed(group.stdin, batch);
  try {
    for await (const line of linesOf(group.stdout, MAX_LINE)) {
      const observation = answers.take(line);
      if (observation) yield observation;
    }
    const end = await group.ended;
    const last = await words;
    signal?.throwIfAborted();
    if (end.failure !== undefined) throw notFound(file, end.failure);
    const { unanswered, silence } = answers;
    if (isTimedOut) return { unanswered, why: `no answer within ${inWords(timeoutMs)}`, crashed: false };
    const crashed = end.exitCode !== 0;
    return { unanswered, why: crashed ? obituary(end, last) : silence, crashed };
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener('abort', stop);
    await group.end();
  }
}

/** A program need not read all its input. */
async function feed(stdin: Writable, batch: readonly ExpectedResource[]): Promise<void> {
  try {
    await pipeline(Readable.from(requests(batch)), stdin);
  } catch {
    // it closed its input, or ended: the results show which are missing
  }
}

function obituary({ exitCode, signal }: End, [last]: readonly string[]): string {
  const end = signal === undefined ? `exited with ${exitCode}` : `was ended by ${signal}`;
  return last === undefined ? end : `${end}: ${last}`;
}

const inWords = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);

const notFound = (file: string, failure: string): InvalidInputError =>
  new InvalidInputError('EXEC_NOT_FOUND', `command: "${file}" cannot be started (${failure})`, {
    hint: 'Give a program that exists and may be run: its path, or its name where it is found by PATH.',
    details: { field: 'command', file, reason: failure },
  });
