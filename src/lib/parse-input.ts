import type * as z from 'zod';
import { InvalidInputError } from './errors.js';

/** What is wrong, in our words where the validator's would repeat every unknown key, however long. */
export const problemOf = (issue: z.core.$ZodIssue): string =>
  issue.code === 'unrecognized_keys'
    ? `there is no field ${JSON.stringify(shortened(issue.keys[0] ?? ''))}`
    : issue.message;

const shortened = (key: string): string => (key.length > 100 ? `${key.slice(0, 100)}…` : key);

/** Problems that an error names; a list of a million items may have a million of them. */
const MAX_PROBLEMS = 100;

/**
 * Checks what a caller gives.
 * @param what names the whole in errors
 * @throws InvalidInputError with the field, what is wrong with it, and further problems in the details
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, MAX_PROBLEMS).map((issue) => ({
    field: issue.path.map(String).join('.') || what,
    problem: problemOf(issue),
    ...('params' in issue && issue.params ? { hint: (issue.params as { hint?: string }).hint } : {}),
  }));
  const [first] = problems;
  throw new InvalidInputError('INVALID_INPUT', `${first?.field}: ${first?.problem}`, {
    hint: first?.hint ?? `Correct the field "${first?.field}" and try again; nothing was changed.`,
    details: { field: first?.field, problems },
  });
}
