import { type ErrorOptions, IntegrityError } from '../kernel/errors.js';

/** A rule that the database keeps refused what should follow: the log or its tables are not what they should be. */
export const tablesDamaged = (
  where: string,
  what: string,
  options: Pick<ErrorOptions, 'details' | 'cause'>,
): IntegrityError =>
  new IntegrityError('TABLES_DAMAGED', `the log or its tables are not what they should be: ${where} (${what})`, {
    hint: 'Nothing was changed. See what is wrong with: sloth-runner audit verify',
    ...options,
  });
