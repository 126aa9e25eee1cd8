import { resourceArg, stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { callOptions, writeFlags } from '../../../flags.js';
import { receiptJson } from '../../../present/receipt.js';

export default class StackResourceRemove extends BaseCommand {
  static override summary = 'Take a resource out of a stack.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack aws_instance.web'];
  static override args = { stack: stackArg, resource: resourceArg };
  static override flags = writeFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackResourceRemove);
    const backend = await this.open(flags);
    const receipt = await backend.getStackManager().removeResource(args.stack, args.resource, callOptions(flags));
    this.show(
      flags,
      receiptJson(receipt),
      () =>
        `Removed ${args.resource}: version ${receipt.version} of ${args.stack}.\n` +
        `Undo with: ${this.config.bin} stack state rollback ${args.stack} --version ${receipt.version - 1}`,
    );
  }
}
