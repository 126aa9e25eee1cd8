import { Flags } from '@oclif/core';
import type { Plan, Receipt, StackCommand, StateBackend } from '../index.js';
import { planJson } from '../json/diff.js';
import { receiptJson } from '../json/receipt.js';
import { BaseCommand, type GlobalValues } from './base-command.js';
import { callOptions, writeFlags } from './flags.js';
import { planText } from './present/diff.js';

/** For commands that show what they will change before they change it. */
export const plannedFlags = {
  'dry-run': Flags.boolean({ description: 'show the plan, and change nothing' }),
  ...writeFlags,
};

/** From how many resources on a person should be told to wait: about a second's work. */
const MANY = 3_000;

type PlannedValues = GlobalValues & Parameters<typeof callOptions>[0] & { readonly 'dry-run': boolean };

/** A command that is planned, then carried out on the very version it was planned for. */
export abstract class PlannedCommand extends BaseCommand {
  /** `told` is what to say after it was done, `unchanged` when there was nothing to do. */
  protected async carryOut(
    flags: PlannedValues,
    backend: StateBackend,
    command: StackCommand,
    told: (receipt: Receipt, plan: Plan) => string,
    unchanged: string,
  ): Promise<void> {
    const call = callOptions(flags);
    this.#announce(command);
    const plan = await backend.preview(command, call);
    if (flags['dry-run']) {
      this.show(
        flags,
        () => planJson(plan),
        () => planText(plan),
      );
      return;
    }
    const receipt = await (await this.persistent()).execute(command, { expectedVersion: plan.version, ...call });
    this.show(
      flags,
      () => ({ ...receiptJson(receipt), changes: planJson(plan).changes }),
      () => (receipt.events === 0 ? unchanged : `${planText(plan)}\n\n${told(receipt, plan)}`),
    );
  }

  /** Planning and committing many resources takes seconds in which nothing else can be shown: say so before. */
  #announce(command: StackCommand): void {
    const count = command.type === 'apply' ? (command.resources?.length ?? 0) : 0;
    if (process.stderr.isTTY && count >= MANY) this.note(`Comparing and committing ${count} resources …`);
  }

  /** The command that undoes what was planned on `plan`. */
  protected undo(stack: string, { version }: Plan): string {
    return `Undo with: ${this.config.bin} stack state rollback ${stack} --version ${version}`;
  }
}
