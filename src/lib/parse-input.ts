import type * as z from 'zod';
import { InvalidInputError } from './errors.js';

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** The unit of a value's size. */
const UNITS: Readonly<Record<string, string>> = { string: 'character', array: 'item' };

type Issue = Parameters<z.core.$ZodErrorMap>[0];

/** The problem for errors without a message of their own. Neither the validator's words nor long keys reach a user. */
function inOurWords(issue: Issue): string {
  const isMissing = issue.input === undefined;
  switch (issue.code) {
    case 'invalid_type':
      return isMissing ? 'must be given' : `must be ${TYPES[issue.expected] ?? 'of another type'}`;
    case 'invalid_value':
      return isMissing ? 'must be given' : `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return atBound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return atBound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'unrecognized_keys':
      return `there is no field ${JSON.stringify(shortened(issue.keys[0] ?? ''))}`;
    case 'invalid_union':
      return isMissing ? 'must be given' : (closest(issue.errors) ?? 'has a form that is not allowed here');
    default:
      return 'has a form that is not allowed here';
  }
}

function atBound(origin: string, bound: string, limit: number | bigint): string {
  const unit = UNITS[origin];
  return unit ? `must have ${bound} ${limit} ${unit}${limit === 1 ? '' : 's'}` : `must be ${bound} ${limit}`;
}

/** For a value of several possible forms, the problem of the form whose type it has. */
const closest = (forms: readonly (readonly z.core.$ZodIssue[])[]): string | undefined =>
  forms
    .map(([first]) => first)
    .find((first) => first && !(first.path.length === 0 && /^invalid_(type|value)$/.test(first.code)))?.message;

const shortened = (key: string): string => (key.length > 100 ? `${key.slice(0, 100)}…` : key);

/** Checks a value; the messages of its issues are in our words. */
export const checkShape = <Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.ZodSafeParseResult<z.output<Schema>> => schema.safeParse(value, { error: inOurWords });

/** The number of problems in an error; a list of a million items may have a million of them. */
const MAX_PROBLEMS = 100;

/**
 * Checks input of a caller.
 * @param what names the input in errors
 * @throws InvalidInputError with the field, the problem, and further problems in the details
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = checkShape(schema, value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, MAX_PROBLEMS).map((issue) => ({
    field: issue.path.map(String).join('.') || what,
    problem: issue.message,
    ...('params' in issue && issue.params ? { hint: (issue.params as { hint?: string }).hint } : {}),
  }));
  const [first] = problems;
  throw new InvalidInputError('INVALID_INPUT', `${first?.field}: ${first?.problem}`, {
    hint: first?.hint ?? `Correct the field "${first?.field}" and try again; nothing was changed.`,
    details: { field: first?.field, problems },
  });
}
