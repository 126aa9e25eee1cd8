import { ConflictError, IntegrityError, SlothError, StoreError } from '../../lib/errors.js';
import { notStored, tablesDamaged } from '../damage-errors.js';
import { isReadOnly } from './retry.js';
import { NOT_STORED, TABLES_CHANGED } from './sqlstates.js';

/** Converts the driver's errors to errors that a user can act on; other errors pass unchanged. */
export function translate(error: unknown, where: string): unknown {
  if (error instanceof SlothError) return error;
  const { code = '', message = '' } = (error ?? {}) as { readonly code?: string; readonly message?: string };
  const details = { database: where, postgres: code };
  const fail = (name: string, text: string, hint: string) =>
    new StoreError(name, `${text}: ${where} (${message})`, { hint, details, cause: error });
  if (/^(ECONN|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|EPIPE|EAI_)/.test(code) || /^(08|57P0)/.test(code) || isLost(message)) {
    return fail(
      'CANNOT_CONNECT',
      'the database server does not answer',
      'Check that it runs and can be reached, then try again.',
    );
  }
  if (code === TABLES_CHANGED) return tablesNotOurs();
  if (code === NOT_STORED) return notStored();
  if (code.startsWith('23')) return tablesDamaged(where, message, { details, cause: error });
  if (code.startsWith('28')) {
    return fail(
      'ACCESS_DENIED',
      'the database server refuses this user',
      'Check user and password; PGPASSWORD or a password file can hold it.',
    );
  }
  if (code === '3D000') return fail('NO_SUCH_DATABASE', 'there is no such database', 'Make it first: createdb NAME');
  if (code === '42501')
    return fail('READ_ONLY', 'this user may not do that', 'Use a role that may; see docs/postgres.md.');
  if (isReadOnly(error))
    return fail('READ_ONLY', 'this server takes no changes', 'It is a replica, or made read only: name the primary.');
  if (code === '53100')
    return fail('DISK_FULL', 'no space left for the database', 'Free some space and try again; nothing was changed.');
  if (code.startsWith('58')) {
    return fail(
      'DISK_ERROR',
      'the database server could not read or write its files',
      'Look at the log of the server and check its disk; nothing was changed.',
    );
  }
  if (code === '53200')
    return fail('OUT_OF_MEMORY', 'the database server has no memory left', 'Try again; nothing was changed.');
  if (code.startsWith('53')) {
    return fail(
      'TOO_MANY_CONNECTIONS',
      'the database server takes no more connections',
      'Try again later, or raise max_connections; nothing was changed.',
    );
  }
  if (/^XX00[12]$/.test(code)) {
    return new IntegrityError('DATABASE_CORRUPT', `the database is damaged: ${where} (${message})`, {
      hint: 'Do not write to it. Restore a backup of the server and compare it with this database.',
      details,
      cause: error,
    });
  }
  if (/^E[MN]FILE$/.test(code)) {
    return fail(
      'TOO_MANY_FILES',
      'the database server cannot be reached, because too many files are open here',
      'Raise the limit (ulimit -n), or close what holds files open, then try again.',
    );
  }
  if (code === '57014') {
    return fail('TOO_SLOW', 'the database server did not answer in time', 'Look at its load; nothing was changed.');
  }
  if (code === '55P03' || code === '40P01' || code === '40001') {
    return new ConflictError('DATABASE_BUSY', `the database is busy: ${where}`, {
      hint: 'Another process holds a long transaction; try again when it has ended.',
      details,
      cause: error,
    });
  }
  return error;
}

/**
 * The connection was lost after COMMIT was sent, and the outcome could not be queried.
 * @param mayRepeat whether the caller chose the command's id
 */
export const outcomeUnknown = (where: string, commandId: string, mayRepeat: boolean, cause: unknown): StoreError => {
  const what = 'the connection was lost during the commit, so it is not known whether the change is stored';
  return new StoreError('OUTCOME_UNKNOWN', `${what}: ${where} (${(cause as Error).message})`, {
    hint: mayRepeat
      ? 'Repeat it with the same command id: it is carried out once at most.'
      : 'See whether it is there (sloth-runner audit log), then repeat it.',
    details: { database: where, commandId },
    cause,
  });
};

const isLost = (message: string): boolean =>
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    message,
  );

export const storeClosed = (where: string): StoreError =>
  new StoreError('STORE_CLOSED', `the database was closed: ${where}`, { hint: 'Open it again before using it.' });

export const headMissing = (): IntegrityError =>
  new IntegrityError('SCHEMA_DAMAGED', 'the row that says where the log ends is missing', {
    hint: 'Do not write to the database. Restore a backup and compare it with this one.',
  });

/** Further writes would mix rows of two releases, or leave a gap in the rows. */
const tablesNotOurs = (): StoreError =>
  new StoreError('PROJECTIONS_CHANGED', 'the tables were built by another release or do not show the whole log', {
    hint: 'Start again; if it stays so, look at them with: sloth-runner projections status',
  });
