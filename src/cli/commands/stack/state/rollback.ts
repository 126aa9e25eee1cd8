import { Flags } from '@oclif/core';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { callOptions, wholeNumber, writeFlags } from '../../../flags.js';
import { planJson, planText } from '../../../present/diff.js';
import { receiptJson } from '../../../present/receipt.js';

export default class StackStateRollback extends BaseCommand {
  static override summary = 'Bring a stack back to what it was at a version, as a new version.';
  static override description =
    'Undoes resources, outputs, dependencies and the fields of the stack. History stays whole: a rollback is itself undone by another. A deleted stack comes back to life.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack --version 3 --dry-run',
    '<%= config.bin %> <%= command.id %> my-stack --version 3',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    version: wholeNumber({ description: 'the version to go back to', required: true, min: 1, helpValue: 'N' }),
    'dry-run': Flags.boolean({ description: 'show what would change, and change nothing' }),
    ...writeFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateRollback);
    const backend = await this.open(flags);
    const command = { type: 'rollback', stack: args.stack, toVersion: flags.version } as const;
    const plan = await backend.preview(command, callOptions(flags));
    if (flags['dry-run']) {
      this.show(flags, planJson(plan), () => planText(plan));
      return;
    }
    const receipt = await backend.execute(command, { expectedVersion: plan.version, ...callOptions(flags) });
    this.show(flags, { ...receiptJson(receipt), ...planJson(plan), version: receipt.version }, () =>
      receipt.events === 0
        ? `${args.stack} is as it was at version ${flags.version} already; nothing was changed.`
        : `${planText(plan)}\n\nRolled ${args.stack} back to version ${flags.version}; this is version ${receipt.version}.\n` +
          `Undo with: ${this.config.bin} stack state rollback ${args.stack} --version ${plan.version}`,
    );
  }
}
