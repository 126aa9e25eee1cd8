import { accessSync, closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { holdsPassword, isMemory, isPostgresUrl, shownLocation } from '../lib/database-url.js';
import { InvalidInputError, NotFoundError, SlothError } from '../lib/errors.js';
import { refuseExposed } from '../lib/files.js';

export const SYSTEM_DATABASE = '/etc/sloth-runner/stacks.db';

export interface DatabaseChoice {
  readonly path: string;
  /** A description for `--help` and `doctor`. */
  readonly why: string;
  /** Whether a flag or the environment names it: such a name may be mistyped. */
  readonly isNamed?: boolean;
}

/** What the choice depends on; tests pass their own. */
export interface Machine {
  readonly home: string;
  exists(path: string): boolean;
  writable(path: string): boolean;
}

export const thisMachine: Machine = {
  home: homedir(),
  exists: existsSync,
  writable: (path) => {
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
};

/** The default without `--db` and SLOTH_RUNNER_DB: the system's database if it exists or can be created, else the user's. */
export function defaultDatabase(machine: Machine = thisMachine): DatabaseChoice {
  const folder = dirname(SYSTEM_DATABASE);
  if (machine.exists(SYSTEM_DATABASE)) return { path: SYSTEM_DATABASE, why: 'the system database exists' };
  if (machine.exists(folder) ? machine.writable(folder) : machine.writable(dirname(folder))) {
    return { path: SYSTEM_DATABASE, why: 'the system database can be made' };
  }
  return {
    path: join(machine.home, '.sloth-runner', 'stacks.db'),
    why: `${SYSTEM_DATABASE} does not exist and cannot be made`,
  };
}

/** @throws InvalidInputError `MEMORY_DATABASE` for a database that would end with the command */
export function refuseMemory(location: string, field: string): string {
  if (!isMemory(location)) return location;
  throw new InvalidInputError(
    'MEMORY_DATABASE',
    `${field}: "${location}" is a database in memory, which ends with the command`,
    {
      hint: 'Name a file or a postgres:// URL with --db or SLOTH_RUNNER_DB. Only serve can use a database in memory.',
      details: { field, database: location },
    },
  );
}

/**
 * Chooses the database. `named` is the value of `--db` or SLOTH_RUNNER_DB. A file can contain the name instead, so that a
 * password is stored nowhere else.
 * @throws InvalidInputError `MEMORY_DATABASE`; StoreError `FILE_EXPOSED` for a file with a password that others can read
 */
export function chooseDatabase(named: string | undefined, machine?: Machine): DatabaseChoice {
  const choice = chooseAnyDatabase(named, machine);
  refuseMemory(choice.path, 'db');
  return choice;
}

/** The same, for commands that can also use a database in memory. */
export function chooseAnyDatabase(named: string | undefined, machine?: Machine): DatabaseChoice {
  if (named !== undefined) {
    const by = named === process.env.SLOTH_RUNNER_DB ? 'SLOTH_RUNNER_DB' : '--db';
    return { path: bounded(named, 'db'), why: `named by ${by}`, isNamed: true };
  }
  const file = process.env.SLOTH_RUNNER_DB_FILE;
  if (file !== undefined) return { path: readLocation(file), why: `named in ${file}`, isNamed: true };
  return defaultDatabase(machine);
}

/** For commands that need a file. @throws InvalidInputError for a database on a server */
export function chooseDatabaseFile(named: string | undefined): string {
  const { path } = chooseDatabase(named);
  if (!isPostgresUrl(path)) return path;
  throw new InvalidInputError(
    'NOT_A_FILE',
    `db: ${shownLocation(path)} is on a server; this works on a database file`,
    {
      hint: 'Name a file with --db; a server has tools of its own for this.',
      details: { field: 'db' },
    },
  );
}

/** The longest path on Linux, in bytes. */
const MAX_LOCATION = 4_096;

function bounded(location: string, field: string): string {
  if (Buffer.byteLength(location) <= MAX_LOCATION) return location;
  throw new InvalidInputError('INVALID_LOCATION', `${field}: a path or URL has at most ${MAX_LOCATION} bytes`, {
    hint: 'Name a database file, or a postgres:// URL.',
    details: { field, maxBytes: MAX_LOCATION },
  });
}

/** Enough of a file to detect that it is too long. */
function readBeginning(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(MAX_LOCATION + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** @param cause the library's message */
export function databaseNotFound({ path, why, isNamed }: DatabaseChoice, cause?: NotFoundError): NotFoundError {
  const shown = shownLocation(path);
  const detail = isNamed ? why : `${why}; nobody named another one`;
  const hint = isNamed
    ? 'Check what --db or SLOTH_RUNNER_DB says. A new database is created by: stack new, stack import, audit import, restore, copy, serve.'
    : 'Create it with: sloth-runner stack new NAME, or name another one with --db or SLOTH_RUNNER_DB.';
  return new NotFoundError('DATABASE_NOT_FOUND', `there is no database: ${shown} (${detail})`, {
    hint,
    details: { field: 'db', database: shown, chosen: why },
    ...(cause === undefined ? {} : { cause }),
  });
}

function readLocation(file: string): string {
  try {
    const location = bounded(readBeginning(file), 'SLOTH_RUNNER_DB_FILE').trim();
    if (holdsPassword(location)) refuseExposed(file, 'SLOTH_RUNNER_DB_FILE');
    return location;
  } catch (cause) {
    if (cause instanceof SlothError) throw cause;
    throw new InvalidInputError(
      'CANNOT_READ',
      `SLOTH_RUNNER_DB_FILE: cannot read ${file}: ${(cause as Error).message}`,
      {
        hint: 'Name a file that holds the path or URL of the database.',
        details: { field: 'SLOTH_RUNNER_DB_FILE', path: file },
        cause,
      },
    );
  }
}
