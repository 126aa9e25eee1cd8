import { Flags } from '@oclif/core';
import { receiptJson } from '../../../json/receipt.js';
import { stackArg } from '../../args.js';
import { BaseCommand } from '../../base-command.js';
import { confirm } from '../../confirm.js';
import { callOptions, writeFlags } from '../../flags.js';

export default class StackDelete extends BaseCommand {
  static override summary = 'Delete a stack. Its history stays, and it can be restored.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack --yes'];
  static override args = { stack: stackArg };
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    ...writeFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackDelete);
    const backend = await this.open(flags);
    const manager = backend.getStackManager();
    const stack = await manager.getStack(args.stack);
    await confirm(`Delete stack ${stack.name} with ${stack.resourceCount} resources?`, flags.yes);
    // What was confirmed is deleted: by its id, and only if nothing has changed since the question.
    const confirmed = flags.yes ? {} : { expectedVersion: stack.stateVersion };
    const receipt = await manager.deleteStack(stack.id, { ...confirmed, ...callOptions(flags) });
    this.show(
      flags,
      () => receiptJson(receipt),
      () => `Deleted ${stack.name}.\nBring it back with: ${this.config.bin} stack restore ${stack.name}`,
    );
  }
}
