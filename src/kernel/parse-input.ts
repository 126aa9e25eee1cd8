import type * as z from 'zod';
import { InvalidInputError } from './errors.js';

/**
 * Checks what a caller gives.
 * @param what names the whole in errors
 * @throws InvalidInputError with the field, what is wrong with it, and every further problem in the details
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => ({
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
