import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { COMMANDS, type CommandType } from '../../src/commands/index.js';
import { sourceFrom } from '../../src/drift/index.js';
import { toDesiredState } from '../../src/formats/desired/index.js';
import type { InvalidInputError } from '../../src/lib/errors.js';
import type { Json } from '../../src/lib/json.js';
import { parseInput } from '../../src/lib/parse-input.js';

/** What the validator says by itself. */
const VALIDATOR = /Invalid|expected|received|Too (big|small)|Unrecognized|undefined|NaN|No matching/;

const WRONG: readonly unknown[] = [undefined, null, 1.5, -1, 1e300, '', 'x', true, [], {}, [1], ['x'], [{}], { x: 1 }];

interface StackReads {
  readonly message: string;
  readonly details: { readonly problems: readonly { readonly problem: string }[] };
}

function problemsOf(schema: z.ZodType, value: unknown, what = 'command'): readonly string[] {
  try {
    parseInput(schema, value, what);
    return [];
  } catch (error) {
    const { message, details } = error as StackReads;
    return [message, ...details.problems.map(({ problem }) => problem)];
  }
}

describe.each(Object.keys(COMMANDS) as CommandType[])('the command %s', (type) => {
  const { schema } = COMMANDS[type];
  const fields = Object.keys((schema as unknown as z.ZodObject).shape);

  test('is refused in our words, whatever a field holds', () => {
    for (const value of [undefined, null, [], {}, { type, nonsense: 1 }]) {
      for (const problem of problemsOf(schema, value)) expect(problem).not.toMatch(VALIDATOR);
    }
    for (const field of fields) {
      for (const value of WRONG) {
        const problems = problemsOf(schema, { type, stack: 'web', ...(value === undefined ? {} : { [field]: value }) });
        for (const problem of problems) expect(problem, `${field} ${JSON.stringify(value)}`).not.toMatch(VALIDATOR);
      }
    }
  });
});

test.each<[schema: z.ZodType, value: unknown, problem: string]>([
  [z.strictObject({ serial: z.number() }), {}, 'serial: must be given'],
  [z.strictObject({ serial: z.number() }), { serial: '1' }, 'serial: must be a number'],
  [z.int(), 1.5, 'it: must be a whole number'],
  [z.int().positive(), 0, 'it: must be more than 0'],
  [z.array(z.string()).max(1), ['a', 'b'], 'it: must have at most 1 item'],
  [z.enum(['a', 'b']), 'c', 'it: must be "a" or "b"'],
  [z.union([z.literal(''), z.string().max(2)]), 'abc', 'it: must have at most 2 characters'],
  [z.union([z.string(), z.null()]), 1, 'it: has a form that is not allowed here'],
  [z.strictObject({}), { [`k${'x'.repeat(200)}`]: 1 }, `it: there is no field "k${'x'.repeat(99)}…"`],
])('a problem without words of its own gets ours: %#', (schema, value, problem) => {
  expect(problemsOf(schema, value, 'it')[0]).toBe(problem);
});

test('what a file or a configuration has wrong is said in our words too', async () => {
  const messages: string[] = [];
  for (const value of WRONG as Json[]) {
    for (const drift of [value, { source: value ?? null }, { source: 'exec', command: value ?? null }]) {
      await sourceFrom({ drift: drift ?? null }, 'configuration', async () => Buffer.from(''), {}).catch(
        (error: InvalidInputError) => messages.push(error.message),
      );
    }
    for (const field of ['resources', 'outputs', 'description', 'metadata']) {
      try {
        toDesiredState({ [field]: value ?? null }, 'file');
      } catch (error) {
        messages.push((error as InvalidInputError).message);
      }
    }
  }
  expect(messages.length).toBeGreaterThan(40);
  for (const message of messages) expect(message).not.toMatch(VALIDATOR);
});
