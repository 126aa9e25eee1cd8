import { parseArgsStringToArgv } from 'string-argv';
import { InvalidInputError } from '../../lib/errors.js';
import { concurrently } from '../concurrently.js';
import { checkLimits } from '../limits.js';
import type { ActualStateSource, ExpectedResource, Observation, ObserveContext } from '../source.js';
import { ask, type Program } from './ask.js';

export interface ExecOptions {
  /** The command is a line for the shell (`/bin/sh -c`). Otherwise it is split into words and run without a shell. */
  readonly shell?: boolean | undefined;
  /** The time limit of one process, milliseconds. Default: 60 s. */
  readonly timeoutMs?: number | undefined;
  /** Concurrent processes. Default: 4. */
  readonly concurrency?: number | undefined;
}

/**
 * Runs a program. It gets resources on standard input, one JSON document a line:
 * `{"address","id","module","type","name","properties"}`, and prints results on standard output, in any order:
 * `{"address","properties"}` (null if it is gone) or `{"address","error"}`. It is run once for each page. If a resource
 * makes it crash, it is run again without that resource, so it must only read.
 * @throws InvalidInputError `EXEC_COMMAND_INVALID`, `LIMIT_INVALID`
 */
export function execSource(
  command: string,
  { shell = false, timeoutMs = 60_000, concurrency = 4 }: ExecOptions = {},
): ActualStateSource {
  checkLimits({ timeoutMs, concurrency });
  const program: Program = { ...(shell ? { file: command, args: [] } : split(command)), shell, timeoutMs };
  if (program.file.trim() === '') throw invalid(command, 'is empty');
  return {
    name: 'exec',
    async *observe(pages, { signal, note } = {}) {
      const settle = settling(program);
      yield* concurrently(batches(pages, concurrency), concurrency, signal, (batch, signal) =>
        settle(batch, { signal, ...(note ? { note } : {}) }),
      );
    },
  };
}

function split(command: string): Pick<Program, 'file' | 'args'> {
  if (/["']/.test(command.replace(/"[^"]*"|'[^']*'/g, ''))) throw invalid(command, 'has a quote that is not closed');
  const [file = '', ...args] = parseArgsStringToArgv(command);
  return { file, args };
}

const invalid = (command: string, problem: string): InvalidInputError =>
  new InvalidInputError('EXEC_COMMAND_INVALID', `command: ${problem}`, {
    hint: 'Write the program and its arguments as one text; put words with blanks in quotes.',
    details: { field: 'command', command },
  });

/** The pages themselves, or parts of them if there are fewer pages than workers. */
async function* batches(
  pages: AsyncIterable<readonly ExpectedResource[]>,
  workers: number,
): AsyncGenerator<readonly ExpectedResource[]> {
  const first: (readonly ExpectedResource[])[] = [];
  let many = false;
  for await (const page of pages) {
    if (page.length === 0) continue;
    if (many) yield page;
    else if (first.push(page) === workers) {
      yield* first.splice(0);
      many = true;
    }
  }
  const few = first.flat();
  const size = Math.ceil(few.length / workers);
  for (let start = 0; start < few.length; start += size) yield few.slice(start, start + size);
}

/** After this many crashes on single resources, without any result, the program itself is considered broken. */
const HOPELESS = 16;

/**
 * Runs the program for a batch. If it crashes, the resources without a result are sent again in two halves, and so on, until
 * a single resource makes it crash. A program that always crashes would be started twice for each resource, so it is given
 * up early.
 */
function settling(program: Program) {
  let answered = false;
  let crashes = 0;
  return async function* settle(
    batch: readonly ExpectedResource[],
    context: ObserveContext,
  ): AsyncGenerator<Observation> {
    if (batch.length === 0) return;
    if (!answered && crashes >= HOPELESS) {
      const error = `not asked for: the program has crashed over ${HOPELESS} resources and answered none`;
      for (const { address } of batch) yield { address, error };
      return;
    }
    const { unanswered, why, crashed } = yield* ask(program, batch, context);
    answered ||= unanswered.length < batch.length;
    if (crashed && batch.length > 1) {
      const middle = Math.ceil(unanswered.length / 2);
      yield* settle(unanswered.slice(0, middle), context);
      yield* settle(unanswered.slice(middle), context);
      return;
    }
    if (crashed) crashes += unanswered.length;
    for (const { address } of unanswered) yield { address, error: why };
  };
}
