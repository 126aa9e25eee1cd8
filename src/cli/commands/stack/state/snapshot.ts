import { Flags } from '@oclif/core';
import { receiptJson } from '../../../../json/receipt.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { callOptions, writeFlags } from '../../../flags.js';

export default class StackStateSnapshot extends BaseCommand {
  static override summary = 'Mark the current version of a stack with a description.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack --description "Before deployment"'];
  static override args = { stack: stackArg };
  static override flags = {
    description: Flags.string({ description: 'what the snapshot is for', default: '', helpValue: 'TEXT' }),
    ...writeFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateSnapshot);
    const backend = await this.open(flags);
    const receipt = await backend.execute(
      { type: 'takeSnapshot', stack: args.stack, description: flags.description },
      callOptions(flags),
    );
    this.show(
      flags,
      () => receiptJson(receipt),
      () =>
        `Snapshot of ${args.stack}: version ${receipt.version}\n` +
        `Come back to it with: ${this.config.bin} stack state rollback ${args.stack} --version ${receipt.version}`,
    );
  }
}
