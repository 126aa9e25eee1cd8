import type { Command } from '../commands/index.js';
import { sha256 } from '../lib/digest.js';
import { type Json, stringifyJson } from '../lib/json.js';
import { type Row, UNKNOWN } from './row.js';

/** In what order things of one instant happened. */
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

/** One command of a migration: what happened once, in the old system's time. */
export interface Step {
  /** The command's id, the same in every run. */
  readonly id: string;
  /** ISO-8601 UTC. */
  readonly at: string;
  readonly order: number;
  readonly actor: string;
  readonly reason?: string;
  readonly command: Command;
  /** The row whose time this is, where it is one row's. */
  readonly record?: Row | undefined;
}

export const COMMAND_ID_PREFIX = 'migration-';

/** A command's id, made of what it takes in, so that no run takes it in twice. */
export const commandId = (...of: readonly Json[]): string =>
  `${COMMAND_ID_PREFIX}${sha256(stringifyJson(of)).slice(0, 32)}`;

/** What a row says of a stack. Unless `more` says otherwise, it has the row's own id, and nobody knows who did it. */
export const stepOf = (
  stack: string,
  row: Row,
  at: string,
  order: number,
  command: Command,
  more: Partial<Step> = {},
): Step => ({ id: commandId(stack, row.table, row.id), at, order, actor: UNKNOWN, command, record: row, ...more });

export const later = (a: string, b: string): string => (a < b ? b : a);
