import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { safeText } from './escape.js';

/** What a shell reports of a program that SIGPIPE ended: 128 + 13. */
const SIGPIPE = 141;

const STAYS = 'What the command did stays done; only its output is missing.';

/** Whether the process ends as soon as standard output takes no more; it does until a command says otherwise. */
let endsWithOutput = true;
/** What standard error says where standard output cannot: an error that was to be printed there as JSON. */
let errorText: string | undefined;
let isLost = false;

/**
 * Decides once for the process what happens where its output cannot be written. A reader that has gone (`| head`) is no error:
 * a command that only prints ends with 141 at once, as SIGPIPE would end it; every other one works on, and ends with its own
 * exit code. Any other failure is one line on standard error, and an exit code that is not 0. Standard error carries remarks
 * alone: losing them changes nothing.
 */
export function guardStreams(): void {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) {
    stream.removeAllListeners('error'); // that of oclif throws, which prints the bundle
    if (isFile(stream.fd)) writeWhole(stream, stream.fd);
  }
  stderr.on('error', () => {});
  stdout.on('error', onLost);
  process.on('exit', () => {
    if (isLost) process.exitCode ||= 1;
  });
}

/** For a command that changes or judges something (false), or only prints (true). */
export function endWithOutput(ends: boolean): void {
  endsWithOutput = ends;
}

/** Before an error is printed on standard output: what standard error says of it where that fails. */
export function keepErrorText(text: string): void {
  errorText = text;
}

function onLost(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') report(error);
  if (endsWithOutput) process.exit(process.exitCode || (isLost ? 1 : SIGPIPE));
}

function report({ message }: Error): void {
  if (isLost) return;
  isLost = true;
  const rest = errorText ?? (endsWithOutput ? undefined : STAYS);
  const lines = [`Error: standard output cannot be written (${message})`, ...(rest === undefined ? [] : [rest])];
  process.stderr.write(`${safeText(lines.join('\n'))}\n`);
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
}

/** Node writes to a file once, and drops without an error what a disk had no room for. */
function writeWhole(stream: Writable, descriptor: number): void {
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let from = 0; from < chunk.length; ) from += writeSync(descriptor, chunk, from);
    } catch (error) {
      return done(error as Error);
    }
    done();
  };
}
