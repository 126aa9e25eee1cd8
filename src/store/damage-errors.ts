import { type ErrorOptions, IntegrityError } from '../lib/errors.js';
import type { StorageProblem } from './maintenance.js';

const HINT = 'Nothing was changed. See what is wrong with: sloth-runner audit verify';

/** For a row that a database constraint refused: the log or its tables are damaged. */
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
  new IntegrityError('TABLES_DAMAGED', `the log contains the resource "${address}", the tables do not`, {
    hint: HINT,
    details: { address },
  });

/**
 * @param where the database
 * @throws IntegrityError `FOREIGN_PARTS` that names the first problem, if there is one
 */
export function refuseForeignParts(where: string, problems: readonly StorageProblem[]): void {
  const [first] = problems;
  if (!first) return;
  const message = `the tables are not built while something unknown is on them: ${where} (${first.where}: ${first.problem})`;
  throw new IntegrityError('FOREIGN_PARTS', message, {
    hint: 'Drop it, if it is yours. Else take the log to a new database, with sloth-runner audit export and audit import. See all with: sloth-runner audit verify',
    details: { problems },
  });
}

/**
 * A foreign trigger on the events table discarded an event. Without this error its command would be acknowledged and lost.
 */
export const notStored = (): IntegrityError =>
  new IntegrityError('EVENT_NOT_STORED', 'the events table did not accept an event', { hint: HINT });
