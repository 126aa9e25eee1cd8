import { userInfo } from 'node:os';
import { Flags } from '@oclif/core';
import type { At, CallOptions } from '../index.js';
import { InvalidInputError } from '../lib/errors.js';
import { parseInstant } from '../lib/instants.js';
import { checkShape } from '../lib/parse-input.js';
import { invisibleIn, name as nameRule } from '../lib/text.js';

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a user id without an entry in the user database
  }
}

/** A whole number in digits only: no sign, fraction, exponent or blank. */
export const wholeNumber = Flags.custom<number, { min?: number }>({
  parse: async (text, _context, { min = 0, name }) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < min) {
      throw new InvalidInputError('INVALID_NUMBER', `--${name}: "${text}" is not a whole number of at least ${min}`, {
        hint: `Give --${name} as digits, for example --${name} ${Math.max(min, 10)}.`,
        details: { field: name, value: text },
      });
    }
    return value;
  },
});

/** The actor is recorded in every event, so one name must not look like another. */
function actorName(text: string): string {
  const found = invisibleIn(text);
  const problem =
    found === undefined
      ? checkShape(nameRule(), text).error?.issues[0]?.message
      : `must not hold invisible characters, and holds ${found}`;
  if (problem === undefined) return text;
  throw new InvalidInputError('INVALID_INPUT', `--actor: ${problem}`, {
    hint: 'Write another name, in --actor or SLOTH_RUNNER_ACTOR.',
    details: { field: '--actor', ...(found === undefined ? {} : { character: found }) },
  });
}

export const globalFlags = {
  db: Flags.string({
    description:
      'database file, or postgres:// URL; see DATABASE below for the one used by default; it must exist, unless the command creates one',
    env: 'SLOTH_RUNNER_DB',
    helpGroup: 'GLOBAL',
    helpValue: 'PATH',
  }),
  actor: Flags.string({
    description: 'who makes the change, recorded with it (default: your login name)',
    env: 'SLOTH_RUNNER_ACTOR',
    parse: async (text) => actorName(text),
    helpGroup: 'GLOBAL',
    helpValue: 'NAME',
    default: async () => loginName(),
    noCacheDefault: true,
  }),
  output: Flags.option({
    description: 'a table for people, or JSON alone on standard output',
    options: ['table', 'json'] as const,
    default: 'table',
    helpGroup: 'GLOBAL',
  })(),
};

/** Optimistic concurrency, for every command that writes. */
export const versionFlag = {
  'if-version': wholeNumber({ description: 'refuse unless the stack is at this version', helpValue: 'N' }),
};

/** For commands that change a stack. */
export const writeFlags = {
  'lock-id': Flags.string({ description: 'the lock you hold on the stack', helpValue: 'ID' }),
  ...versionFlag,
  reason: Flags.string({ char: 'm', description: 'the reason, recorded with the version', helpValue: 'TEXT' }),
};

export function callOptions(flags: {
  readonly 'lock-id'?: string | undefined;
  readonly 'if-version'?: number | undefined;
  readonly reason?: string | undefined;
}): CallOptions {
  return {
    ...(flags['lock-id'] === undefined ? {} : { lockId: flags['lock-id'] }),
    ...(flags['if-version'] === undefined ? {} : { expectedVersion: flags['if-version'] }),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
  };
}

/** For commands that declare dependencies. */
export const missingFlag = {
  'allow-missing': Flags.boolean({ description: 'allow dependencies on resources that are not in the stack' }),
};

/** For commands that remove resources: what happens to resources that depend on them. */
export const dependentsFlags = {
  cascade: Flags.boolean({
    description: 'also remove the resources that depend on a removed one',
    exclusive: ['force'],
  }),
  force: Flags.boolean({ description: 'keep the resources that depend on a removed one unchanged' }),
};

export const dependentsOf = (flags: {
  readonly cascade: boolean;
  readonly force: boolean;
}): { readonly dependents: 'refuse' | 'cascade' | 'leave' } => ({
  dependents: flags.cascade ? 'cascade' : flags.force ? 'leave' : 'refuse',
});

/** For lists of stacks, without versions, which belong to a single stack. */
export const momentFlags = {
  'at-time': Flags.string({
    description: 'as of this time (2026-01-31T12:00:00Z)',
    helpValue: 'TIME',
    exclusive: ['at-version', 'at-position'],
  }),
  'at-position': wholeNumber({
    description: 'as of this position of the log',
    helpValue: 'P',
    min: 1,
    exclusive: ['at-version', 'at-time'],
  }),
};

export function momentOf(flags: {
  readonly 'at-time'?: string | undefined;
  readonly 'at-position'?: number | undefined;
}): { time: string } | { position: number } | undefined {
  if (flags['at-time'] !== undefined) return { time: parseInstant(flags['at-time'], '--at-time') };
  return flags['at-position'] === undefined ? undefined : { position: flags['at-position'] };
}

/** For commands that read one stack: a position in its history instead of the current state. */
export const atFlags = {
  'at-version': wholeNumber({
    description: 'as of this version',
    helpValue: 'N',
    min: 1,
    exclusive: ['at-time', 'at-position'],
  }),
  ...momentFlags,
};

export const atOf = (
  flags: Parameters<typeof momentOf>[0] & { readonly 'at-version'?: number | undefined },
): At | undefined => (flags['at-version'] === undefined ? momentOf(flags) : { version: flags['at-version'] });

/** The `limit` newest items. */
export const limitFlag = (standard: number) =>
  wholeNumber({ description: 'at most this many, the newest', helpValue: 'N', min: 1, default: standard });
