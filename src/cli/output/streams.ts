import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { safeText } from './escape.js';

/** The shell's exit code of a program that SIGPIPE ended: 128 + 13. */
const SIGPIPE = 141;

const STAYS = 'What the command did stays done; only its output is missing.';

/** Whether the process ends as soon as standard output cannot be written; true until a command changes it. */
let endsWithOutput = true;
/** The error that standard error prints if standard output fails, when it was to be printed there as JSON. */
let errorText: string | undefined;
let isLost = false;

/**
 * Defines for the process what happens if its output cannot be written. A closed pipe (`| head`) is not an error: a command
 * that only prints ends at once with 141, as SIGPIPE would end it; every other command continues, and ends with its own exit
 * code. Any other failure gives one line on standard error and an exit code that is not 0. Standard error contains only
 * remarks, so losing it changes nothing.
 */
export function guardStreams(): void {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) {
    stream.removeAllListeners('error'); // oclif's listener throws, which prints the bundle
    if (isFile(stream.fd)) writeWhole(stream, stream.fd);
  }
  stderr.on('error', () => {});
  stdout.on('error', onLost);
  process.on('exit', () => {
    if (isLost) process.exitCode ||= 1;
  });
}

/** True for a command that only prints, false for one that changes or checks something. */
export function endWithOutput(ends: boolean): void {
  endsWithOutput = ends;
}

/** Called before an error is printed on standard output; if that fails, standard error prints `message`. */
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

/** Node writes to a file once, and silently drops the bytes for which the disk has no room. */
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
