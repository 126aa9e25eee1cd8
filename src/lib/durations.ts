import { InvalidInputError } from './errors.js';

/** One or more amounts, the largest unit first: `1h30m`. */
const DURATION = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;
/** Milliseconds of its groups. */
const UNITS = [86_400_000, 3_600_000, 60_000, 1_000, 1];

/**
 * Milliseconds of a duration as people write it: `30m`, `1h30m`, `45s`, `7d`, `500ms`.
 * @param field names the value in errors
 * @throws InvalidInputError for anything else: a bare number, a sign, a fraction, an unknown unit
 */
export function parseDuration(text: string, field: string): number {
  const [, ...amounts] = (text !== '' && DURATION.exec(text)) || [];
  const milliseconds = amounts.reduce((sum, amount = '0', at) => sum + Number(amount) * (UNITS[at] ?? 0), 0);
  if (amounts.length === 0 || !Number.isSafeInteger(milliseconds)) {
    throw new InvalidInputError('INVALID_DURATION', `${field}: invalid duration "${text}"`, {
      hint: 'Write amounts with units, the largest first: 30m, 1h30m, 45s, 7d.',
      details: { field, value: text },
    });
  }
  return milliseconds;
}
