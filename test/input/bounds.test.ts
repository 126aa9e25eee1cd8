import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { chooseDatabase, type Machine } from '../../src/cli/database-path.js';
import { checkWords, readInput } from '../../src/cli/input.js';
import { COMMANDS, envelopeSchema } from '../../src/commands/index.js';
import { parseInstant } from '../../src/lib/instants.js';
import { DOCUMENT_LIMITS } from '../../src/lib/json.js';
import { parseInput } from '../../src/lib/parse-input.js';
import { list } from '../../src/lib/text.js';
import { ROUTES } from '../../src/server/api/index.js';
import { scratchFolder } from '../support/folder.js';

const HUGE = 'x'.repeat(DOCUMENT_LIMITS.maxBytes + 1);

/** The texts, lists and values of a schema that have no bound, by their paths. */
function unbounded(schema: z.ZodType, path: string): string[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>).flatMap(([key, inner]) =>
      unbounded(inner, `${path}.${key}`),
    );
  }
  if (schema instanceof z.ZodArray) {
    const isBounded = schema.def.checks?.some((check) => check._zod.def.check === 'max_length') ?? false;
    return [...(isBounded ? [] : [`${path}[]`]), ...unbounded(schema.element as z.ZodType, `${path}[]`)];
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => unbounded(option as z.ZodType, path));
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return unbounded(schema.unwrap() as z.ZodType, path);
  }
  if (schema instanceof z.ZodPipe) return unbounded(schema.in as z.ZodType, path);
  if (schema instanceof z.ZodString) return schema.maxLength === null ? [path] : [];
  if (schema instanceof z.ZodISODateTime)
    return isRefused(schema, `2026-01-01T00:00:00.${'0'.repeat(5_000)}Z`) ? [] : [path];
  if (schema instanceof z.ZodCustom)
    return [HUGE, { a: HUGE }].every((value) => isRefused(schema, value)) ? [] : [path];
  const isSmall = [z.ZodLiteral, z.ZodEnum, z.ZodBoolean, z.ZodNumber].some((kind) => schema instanceof kind);
  return isSmall ? [] : [`${path}: ${schema.constructor.name}`]; // records and all that is new here
}

const isRefused = (schema: z.ZodType, value: unknown): boolean => !schema.safeParse(value).success;

describe('what comes in has a bound', () => {
  it.each(Object.entries(COMMANDS))('in every field of the command %s', (type, { schema }) => {
    expect(unbounded(schema, type)).toEqual([]);
  });

  it('in every field of a command’s envelope', () => {
    expect(unbounded(envelopeSchema, 'envelope')).toEqual([]);
  });

  it.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route.query] as const))(
    'in every parameter of %s',
    (name, query) => {
      expect(unbounded(query, name)).toEqual([]);
    },
  );

  it('in every word of a command line', () => {
    expect(() => checkWords(['stack', 'x'.repeat(131_072)])).not.toThrow();
    expect(() => checkWords(['stack', 'new', 'é'.repeat(65_537)])).toThrow('word 3 of the command has 131074 bytes');
  });

  it('in what names the database', () => {
    const machine: Machine = { home: '/root', exists: () => false, writable: () => false };
    expect(() => chooseDatabase('x'.repeat(4_097), machine)).toThrow('db: a path or URL has at most 4096 bytes');
    const file = join(scratchFolder(), 'location');
    process.env.SLOTH_RUNNER_DB_FILE = file;
    try {
      writeFileSync(file, `${'x'.repeat(4_095)}\n`);
      expect(chooseDatabase(undefined, machine).path).toBe('x'.repeat(4_095));
      writeFileSync(file, 'x'.repeat(4_097));
      expect(() => chooseDatabase(undefined, machine)).toThrow('SLOTH_RUNNER_DB_FILE: a path or URL has at most');
      process.env.SLOTH_RUNNER_DB_FILE = '/dev/zero';
      expect(() => chooseDatabase(undefined, machine)).toThrow('SLOTH_RUNNER_DB_FILE: a path or URL has at most');
    } finally {
      delete process.env.SLOTH_RUNNER_DB_FILE;
    }
  });

  it('in files, also in those without an end', async () => {
    await expect(readInput('/dev/zero', 1_000_000)).rejects.toThrow('/dev/zero has more than 1000000 bytes');
  });

  it('in times', () => {
    expect(() => parseInstant(`2026-01-01T00:00:00.${'0'.repeat(1_000)}Z`, '--since')).toThrow('--since');
    expect(parseInstant('2026-01-01T00:00:00.123456789+01:00', '--since')).toBe('2025-12-31T23:00:00.123Z');
  });
});

describe('an error about too much', () => {
  it('names a hundred problems at most', () => {
    const schema = z.strictObject({ items: list(z.string(), 10_000) });
    const error = thrown(() => parseInput(schema, { items: Array(5_000).fill(1) }, 'x'));
    expect(error.details.problems).toHaveLength(100);
  });

  it('does not repeat an unknown field of a megabyte', () => {
    const error = thrown(() => parseInput(z.strictObject({}), { ['k'.repeat(1_000_000)]: 1, b: 2 }, 'command'));
    expect(error.message).toBe(`command: there is no field "${'k'.repeat(100)}…"`);
  });
});

function thrown(run: () => unknown): Error & { readonly details: { readonly problems: readonly unknown[] } } {
  try {
    run();
  } catch (error) {
    return error as ReturnType<typeof thrown>;
  }
  throw new Error('it was accepted');
}
