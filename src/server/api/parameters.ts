import * as z from 'zod';
import { InvalidInputError } from '../../lib/errors.js';
import { parseInstant } from '../../lib/instants.js';
import { byBytes } from '../../lib/order.js';
import { list } from '../../lib/text.js';
import type { At } from '../../store/event-store.js';

/** Query parameters. All of them arrive as text, and none is interpreted by its look. */
const once = (problem = 'must be given once') => z.string({ error: problem });

/** @param max in characters; the longest address has 2,048 bytes */
export const text = (max = 2_048) =>
  once()
    .min(1, 'must not be empty')
    .max(max, { error: `must not be longer than ${max} characters`, abort: true });

/** Digits. */
export const number = (min = 0) =>
  once()
    .max(15, { error: 'must be a whole number in digits', abort: true })
    .regex(/^\d{1,15}$/, 'must be a whole number in digits')
    .transform(Number)
    .refine((value) => value >= min, `must be at least ${min}`)
    .meta({ type: 'integer', minimum: min });

export const flag = () =>
  z
    .enum(['true', 'false'], 'must be true or false, once')
    .transform((value) => value === 'true')
    .meta({ type: 'boolean' });

/** One or several. */
export const several = () => z.union([text(), list(text(), 100)]).transform((value) => [value].flat());

/** A point in history, instead of now. */
export const moment = {
  at_time: text().optional().describe('as of this time, ISO-8601'),
  at_position: number(1).optional().describe('as of this position of the log'),
};
export const at = { at_version: number(1).optional().describe('as of this version'), ...moment };

interface Moment {
  readonly at_time?: string | undefined;
  readonly at_position?: number | undefined;
}

export function momentOf({ at_time, at_position }: Moment): Exclude<At, { version: number }> | undefined {
  if (at_time !== undefined && at_position !== undefined) throw notBoth('at_position', 'at_time');
  if (at_time !== undefined) return { time: parseInstant(at_time, 'at_time') };
  return at_position === undefined ? undefined : { position: at_position };
}

export function atOf({ at_version, ...rest }: Moment & { readonly at_version?: number | undefined }): At | undefined {
  const moment = momentOf(rest);
  if (at_version === undefined) return moment;
  if (moment) throw notBoth('at_version', 'time' in moment ? 'at_time' : 'at_position');
  return { version: at_version };
}

const notBoth = (field: string, other: string): InvalidInputError =>
  new InvalidInputError('INVALID_INPUT', `${field}: it cannot be given with ${other}`, {
    hint: 'Leave one of the two out.',
    details: { field },
  });

const MAX_PAGE = 1_000;

/** The size of a page, and the key after which it begins. */
export const page = {
  limit: number(1)
    .refine((value) => value <= MAX_PAGE, `must be at most ${MAX_PAGE}`)
    .default(100)
    .describe(`how many, at most ${MAX_PAGE}; 100 by default`),
  after: text().optional().describe('`next` of the previous page'),
};

/**
 * A page of a list that is sorted by the bytes of its keys, and the key after which the next page begins; null at the end.
 * Items that appear or disappear meanwhile do not shift the others.
 */
export function pageOf<T>(
  items: readonly T[],
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: string | null } {
  const rest = after === undefined ? items : items.filter((item) => byBytes(keyOf(item), after) > 0);
  const shown = rest.slice(0, limit);
  return { items: shown, next: rest.length > limit ? keyOf(shown[limit - 1] as T) : null };
}
