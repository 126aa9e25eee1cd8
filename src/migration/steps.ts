import type { Command } from '../commands/index.js';
import { sha256 } from '../lib/digest.js';
import { type Json, stringifyJson } from '../lib/json.js';
import { byBytes } from '../lib/order.js';
import type { Ledger } from './report.js';
import type { LegacyRecord } from './source/source.js';

/** In what order things of one instant happened. */
export const ORDER = { create: 0, start: 1, version: 2, history: 3, end: 4, current: 5, signal: 6, lock: 7 } as const;

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
  readonly record?: LegacyRecord;
}

/** Who did what the old system does not say. */
export const UNKNOWN = 'unknown';

export const COMMAND_ID_PREFIX = 'migration-';

/** A command's id, made of what it takes in, so that no run takes it in twice. */
export const commandId = (...of: readonly Json[]): string =>
  `${COMMAND_ID_PREFIX}${sha256(stringifyJson(of)).slice(0, 32)}`;

export const later = (a: string, b: string): string => (a < b ? b : a);

/** The steps in the order of their time; steps of one time in the order of their kind, then as given. */
export function inOrder(steps: readonly Step[], from: string, until: string, ledger: Ledger): Step[] {
  const placed = steps.map((step) => {
    const at = step.at > until ? until : later(from, step.at);
    if (at !== step.at && step.record) {
      const problem = `its time, ${step.at}, is ${at < step.at ? 'to come' : 'before that of the stack'}`;
      ledger.repaired(step.record, { problem, done: `recorded at ${at}` });
    }
    return { ...step, at };
  });
  return placed.sort((a, b) => byBytes(a.at, b.at) || a.order - b.order);
}
