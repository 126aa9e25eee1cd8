import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export const SYSTEM_DATABASE = '/etc/sloth-runner/stacks.db';

export interface DatabaseChoice {
  readonly path: string;
  /** In words, for `--help` and `doctor`. */
  readonly why: string;
}

/** What the choice depends on; tests hand in their own. */
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

/** The database where `--db` and SLOTH_RUNNER_DB name none: the system's where it exists or can be made, else the user's. */
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

/** `named` is what `--db` or SLOTH_RUNNER_DB says. */
export const chooseDatabase = (named: string | undefined, machine?: Machine): DatabaseChoice =>
  named === undefined ? defaultDatabase(machine) : { path: named, why: 'named by --db or SLOTH_RUNNER_DB' };
