import { InvalidInputError } from '../lib/errors.js';

/** A day; a timer with a delay of more than about 24 days fires at once. */
export const MAX_TIMEOUT_MS = 86_400_000;
export const MAX_CONCURRENCY = 256;

export interface Limits {
  readonly timeoutMs?: number;
  readonly concurrency?: number;
}

/** @throws InvalidInputError `LIMIT_INVALID` for an invalid limit */
export function checkLimits({ timeoutMs = 1, concurrency = 1 }: Limits): void {
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw invalid('timeout', `${timeoutMs} ms`, 'must be more than nothing, and 1d at most');
  }
  if (!(Number.isSafeInteger(concurrency) && concurrency >= 1 && concurrency <= MAX_CONCURRENCY)) {
    throw invalid('concurrency', String(concurrency), `must be a whole number from 1 to ${MAX_CONCURRENCY}`);
  }
}

const invalid = (field: string, value: string, problem: string): InvalidInputError =>
  new InvalidInputError('LIMIT_INVALID', `${field}: ${value} ${problem}`, {
    hint: `Choose another ${field}, or leave it out.`,
    details: { field, value },
  });
