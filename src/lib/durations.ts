import parse from 'parse-duration';
import { InvalidInputError } from './errors.js';

/** One or more amounts, the largest unit first: `1h30m`. */
const DURATION = /^(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?$/;

/**
 * Milliseconds of a duration as people write it: `30m`, `1h30m`, `45s`, `7d`, `500ms`.
 * @param field names the value in errors
 * @throws InvalidInputError for anything else: a bare number, a sign, a fraction, an unknown unit
 */
export function parseDuration(text: string, field: string): number {
  const milliseconds = text !== '' && DURATION.test(text) ? parse(text) : null;
  if (milliseconds === null || milliseconds === undefined || !Number.isSafeInteger(milliseconds)) {
    throw new InvalidInputError('INVALID_DURATION', `${field}: "${text}" is no duration`, {
      hint: 'Write amounts with units, the largest first: 30m, 1h30m, 45s, 7d.',
      details: { field, value: text },
    });
  }
  return milliseconds;
}
