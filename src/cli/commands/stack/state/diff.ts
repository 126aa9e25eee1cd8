import { diffJson } from '../../../../json/diff.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { wholeNumber } from '../../../flags.js';
import { diffText } from '../../../present/diff.js';

export default class StackStateDiff extends BaseCommand {
  static override summary = 'Show the differences between two versions of a stack.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack --from 2 --to 3'];
  static override args = { stack: stackArg };
  static override flags = {
    from: wholeNumber({ description: 'the version to start from', required: true, min: 1, helpValue: 'N' }),
    to: wholeNumber({ description: 'the version to compare with (default: the latest)', min: 1, helpValue: 'N' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDiff);
    const backend = await this.open(flags);
    const diff = await backend.diff(args.stack, flags.from, flags.to);
    this.show(
      flags,
      () => diffJson(diff),
      () => diffText(diff),
    );
  }
}
