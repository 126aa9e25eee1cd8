import { Flags } from '@oclif/core';
import type { Execution, StackCommand, StateBackend } from '../index.js';
import { changesJson, planJson } from '../json/diff.js';
import { receiptJson } from '../json/receipt.js';
import { BaseCommand, type GlobalValues } from './base-command.js';
import { callOptions, writeFlags } from './flags.js';
import { changesText } from './present/diff.js';

/** For commands that show a plan before they change something. */
export const plannedFlags = {
  'dry-run': Flags.boolean({ description: 'show the plan, and change nothing' }),
  ...writeFlags,
};

/** From this many resources on, a note asks the user to wait: about a second of work. */
const MANY = 3_000;

type PlannedValues = GlobalValues & Parameters<typeof callOptions>[0] & { readonly 'dry-run': boolean };

/** A command that can be planned, and prints what it changed. */
export abstract class PlannedCommand extends BaseCommand {
  /** `summary` is printed after a change, `unchanged` if there was none. */
  protected async carryOut(
    flags: PlannedValues,
    backend: StateBackend,
    command: StackCommand,
    summary: (done: Execution) => string,
    unchanged: string,
  ): Promise<void> {
    const call = callOptions(flags);
    this.#announce(command);
    if (flags['dry-run']) {
      const plan = await backend.execute(command, { ...call, dryRun: true });
      this.show(
        flags,
        () => planJson(plan),
        () => changesText(plan.changes),
      );
      return;
    }
    const done = await this.execute(command, call);
    this.show(
      flags,
      () => ({ ...receiptJson(done), changes: changesJson(done.changes) }),
      () => (done.events === 0 ? unchanged : `${changesText(done.changes)}\n\n${summary(done)}`),
    );
  }

  /** Comparing and committing many resources takes seconds without any output, so this is announced. */
  #announce(command: StackCommand): void {
    const count = command.type === 'apply' ? (command.resources?.length ?? 0) : 0;
    if (process.stderr.isTTY && count >= MANY) this.note(`Comparing and committing ${count} resources …`);
  }

  /** The command that undoes a change of the state. */
  protected undo(stack: string, { version }: Execution): string {
    return `Undo with: ${this.config.bin} stack state rollback ${stack} --version ${version - 1}`;
  }
}
