import * as z from 'zod';
import { InvalidInputError } from './errors.js';

/** Characters of an instant with nanoseconds and an offset, and some more. */
const LONGEST = 64;
const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/**
 * An instant in the form all times are stored in: ISO-8601 UTC with milliseconds. A day alone means its first
 * millisecond in UTC. A time without zone is refused: it would mean something else on another machine. So is one
 * whose year in UTC has not four digits: instants are compared as text, and `+010000-…` sorts before all others.
 * @throws InvalidInputError
 */
export function parseInstant(text: string, field: string): string {
  const time = text.length <= LONGEST && instant.safeParse(text).success ? new Date(text) : undefined;
  const year = time?.getUTCFullYear() ?? Number.NaN;
  if (!time || !(year >= 0 && year <= 9999)) {
    throw new InvalidInputError('INVALID_TIME', `${field}: "${text}" is no instant`, {
      hint: 'Write it as 2026-01-31T12:00:00Z, with an offset (…+01:00), or as a day (2026-01-31).',
      details: { field, value: text },
    });
  }
  return time.toISOString();
}
