import { detailsJson } from '../../../../json/stack.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf } from '../../../flags.js';
import { detailsText } from '../../../present/stack.js';

export default class StackStateShow extends BaseCommand {
  static override summary = 'Show a stack: its fields, outputs and resources.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack',
    '<%= config.bin %> <%= command.id %> my-stack --at-version 3 --output json',
  ];
  static override args = { stack: stackArg };
  static override flags = atFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateShow);
    const backend = await this.open(flags);
    const details = await backend.getDetails(args.stack, atOf(flags));
    this.show(
      flags,
      () => detailsJson(details),
      () => detailsText(details),
    );
  }
}
