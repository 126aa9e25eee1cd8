import { InvalidInputError } from './errors.js';

/** SQLite without a file. It is used by one connection, and ends with it. */
export const MEMORY = ':memory:';

/** `:memory:`, or `memory:`, which is another name for it. */
export const isMemory = (location: string): boolean => location === MEMORY || location === 'memory:';

/** `postgres://` or `postgresql://`. */
export const isPostgresUrl = (location: string): boolean => /^postgres(?:ql)?:\/\//i.test(location);

/**
 * What a location begins with, if it looks like a URL or a database in memory and is not one that we open: `mysql://`,
 * `file:`, `MEMORY:`. A colon elsewhere is part of a file name, and `./memory:x` is always a file.
 */
export function unsupportedScheme(location: string): string | undefined {
  if (isMemory(location) || isPostgresUrl(location)) return undefined;
  return /^(?:[a-z][a-z0-9+.-]*:\/\/|:?memory:|:memory$|(?:file|sqlite3?|postgres(?:ql)?):)/i.exec(location)?.[0];
}

/** @throws InvalidInputError for a text that is not a URL; the error does not contain the text, which may hold a password */
export function parseDatabaseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new InvalidInputError('INVALID_DATABASE_URL', 'db: this is not a PostgreSQL URL', {
      hint: 'Write it as postgres://USER@HOST:PORT/DATABASE; the password may come from PGPASSWORD or a password file.',
      details: { field: 'db' },
      cause,
    });
  }
}

/** Whether a location contains a password, in its user part or its query. An unreadable location may contain one. */
export function holdsPassword(location: string): boolean {
  if (!isPostgresUrl(location)) return false;
  if (!URL.canParse(location)) return true;
  const { password, searchParams } = new URL(location);
  return password !== '' || searchParams.has('password');
}

/** The location of a database for people: a URL without its password and options. */
export function shownLocation(location: string): string {
  if (!isPostgresUrl(location)) return location;
  const { host, pathname, username } = parseDatabaseUrl(location);
  return `postgres://${username === '' ? '' : `${username}@`}${host}${pathname}`;
}
