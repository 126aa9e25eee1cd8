import { receiptJson } from '../../../json/receipt.js';
import { stackArg } from '../../args.js';
import { BaseCommand } from '../../base-command.js';
import { callOptions, writeFlags } from '../../flags.js';

export default class StackRestore extends BaseCommand {
  static override summary = 'Restore a deleted stack.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack'];
  static override args = { stack: stackArg };
  static override flags = writeFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackRestore);
    const backend = await this.open(flags);
    const receipt = await backend.getStackManager().restoreStack(args.stack, callOptions(flags));
    this.show(
      flags,
      () => receiptJson(receipt),
      () => `Restored ${args.stack}: version ${receipt.version}.`,
    );
  }
}
