import type { Command } from '../commands/index.js';
import { sha256 } from '../lib/digest.js';
import { type Json, stringifyJson } from '../lib/json.js';
import { type Row, UNKNOWN } from './row.js';

/** The order of steps with the same time. */
export const ORDER = {
  create: 0,
  start: 1,
  version: 2,
  history: 3,
  end: 4,
  current: 5,
  annotation: 6,
  lock: 7,
} as const;

/** One command of a migration, at the time of its legacy event. */
export interface Step {
  /** The command's id, which is the same in every run. */
  readonly id: string;
  /** ISO-8601 UTC. */
  readonly at: string;
  readonly order: number;
  readonly actor: string;
  readonly reason?: string;
  readonly command: Command;
  /** The row whose time this is, if it is that of a single row. */
  readonly record?: Row | undefined;
}

export const COMMAND_ID_PREFIX = 'migration-';

/** A command's id, derived from the migrated content, so that no run migrates it twice. */
export const commandId = (...of: readonly Json[]): string =>
  `${COMMAND_ID_PREFIX}${sha256(stringifyJson(of)).slice(0, 32)}`;

/** A row's content as a step of a stack. Unless `more` sets them, it has the row's own id and the unknown actor. */
export const stepOf = (
  stack: string,
  row: Row,
  at: string,
  order: number,
  command: Command,
  more: Partial<Step> = {},
): Step => ({ id: commandId(stack, row.table, row.id), at, order, actor: UNKNOWN, command, record: row, ...more });

export const later = (a: string, b: string): string => (a < b ? b : a);
