import { Args } from '@oclif/core';
import { receiptJson } from '../../../../../json/receipt.js';
import { stackArg } from '../../../../args.js';
import { BaseCommand } from '../../../../base-command.js';
import { callOptions, writeFlags } from '../../../../flags.js';
import { tagsText } from '../../../../present/tags.js';

export default class StackStateTagsRemove extends BaseCommand {
  static override summary = 'Remove tags from a stack.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack production'];
  static override strict = false;
  static override args = {
    stack: stackArg,
    tag: Args.string({ description: 'the tag; several may follow', required: true }),
  };

  static override flags = writeFlags;

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(StackStateTagsRemove);
    const backend = await this.open(flags);
    const tags = argv.slice(1).map(String);
    const done = await backend.execute({ type: 'removeTags', stack: args.stack, tags }, callOptions(flags));
    const all = await backend.getTags(done.stackId, { position: done.lastPosition });
    this.show(
      flags,
      () => receiptJson(done),
      () => tagsText(args.stack, all),
    );
  }
}
