import { Errors } from '@oclif/core';
import { SlothError, StoreError } from '../lib/errors.js';
import { systemError } from '../lib/failures.js';
import { escapeText } from './output/escape.js';

/** An error as people and programs see it. */
export interface ErrorReport {
  readonly exitCode: number;
  /** Message and hint, each on a line. */
  readonly text: string;
  readonly json: { readonly error: object };
  /** The stack, if the error is a bug. */
  readonly stack?: string | undefined;
}

/** @param usage the next step for invalid arguments */
export function reportOf(error: Error, usage = 'Run the command with --help to see how it is used.'): ErrorReport {
  const { code, message, hint, details, exitCode } = describe(error, usage);
  const lines = [`Error: ${hasLines(error) ? escapeLines(message) : escapeText(message)}`];
  return {
    exitCode,
    text: [...lines, ...(hint ? [escapeText(hint)] : [])].join('\n'),
    json: { error: { code, message, ...(hint ? { hint } : {}), ...(details ? { details } : {}) } },
    ...(code === 'INTERNAL' ? { stack: escapeLines(error.stack ?? '') } : {}),
  };
}

/**
 * Whether the arguments give a flag a value. They are read unparsed, because the error may be that they could not be parsed.
 */
export const says = (words: readonly string[], flag: string, value: string): boolean =>
  words.some((word, index) => word === `${flag}=${value}` || (word === value && words[index - 1] === flag));

/**
 * Messages of the argument parser, of programs and of bugs may have several lines; in ours a line break is part of a value.
 */
const hasLines = (error: Error): boolean => !(error instanceof SlothError) || error instanceof StoreError;

const escapeLines = (text: string): string => text.split('\n').map(escapeText).join('\n');

interface Described {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: unknown;
  readonly exitCode: number;
}

/** The message without the text that oclif adds to that of a flag's own parser. */
const unwrapped = (message: string): string =>
  message.replace(/^Parsing --\S+ \n\t/, '').replace(/\n?See more help with --help$/, '');

function describe(error: Error, usage: string): Described {
  if (error instanceof SlothError) {
    const { code, hint, details, exitCode } = error;
    return { code, message: unwrapped(error.message), hint, details, exitCode };
  }
  if (error instanceof Errors.CLIError) {
    return { code: 'USAGE', message: unwrapped(error.message), hint: usage, exitCode: 2 };
  }
  const ofSystem = systemError(error);
  if (ofSystem) return describe(ofSystem, usage);
  return {
    code: 'INTERNAL',
    message: error.message,
    hint: 'This is a bug; please report it with the lines below.',
    exitCode: 1,
  };
}
