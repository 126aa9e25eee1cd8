import { type ErrorOptions, IntegrityError } from '../lib/errors.js';

const HINT = 'Nothing was changed. See what is wrong with: sloth-runner audit verify';

/** A rule that the database keeps refused what should follow: the log or its tables are not what they should be. */
export const tablesDamaged = (
  where: string,
  what: string,
  options: Pick<ErrorOptions, 'details' | 'cause'>,
): IntegrityError =>
  new IntegrityError('TABLES_DAMAGED', `the log or its tables are not what they should be: ${where} (${what})`, {
    hint: HINT,
    ...options,
  });

export const resourceMissing = (address: string): IntegrityError =>
  new IntegrityError('TABLES_DAMAGED', `the log tells of the resource "${address}", the tables hold none`, {
    hint: HINT,
    details: { address },
  });
