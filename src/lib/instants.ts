import * as z from 'zod';
import { InvalidInputError } from './errors.js';

/** The length of a timestamp with nanoseconds and an offset, and some reserve. */
const LONGEST = 64;
const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/**
 * A timestamp in the stored form: ISO-8601 UTC with milliseconds. A date alone means its first millisecond in UTC. A time
 * without a zone is refused: it would have another meaning on another machine. So is a time whose year in UTC does not have
 * four digits: timestamps are compared as text, and `+010000-…` sorts before all others.
 * @throws InvalidInputError
 */
export function parseInstant(text: string, field: string): string {
  const time = text.length <= LONGEST && instant.safeParse(text).success ? new Date(text) : undefined;
  const year = time?.getUTCFullYear() ?? Number.NaN;
  if (!time || !(year >= 0 && year <= 9999)) {
    throw new InvalidInputError('INVALID_TIME', `${field}: invalid time "${text}"`, {
      hint: 'Write it as 2026-01-31T12:00:00Z, with an offset (…+01:00), or as a day (2026-01-31).',
      details: { field, value: text },
    });
  }
  return time.toISOString();
}
