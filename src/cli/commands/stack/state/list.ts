import { Flags } from '@oclif/core';
import { stackListJson } from '../../../../json/stack.js';
import { BaseCommand } from '../../../base-command.js';
import { momentFlags, momentOf } from '../../../flags.js';
import { stackTable } from '../../../present/stack.js';

export default class StackStateList extends BaseCommand {
  static override summary = 'List the stacks.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --tag production --tag critical --status failed',
  ];
  static override flags = {
    tag: Flags.string({
      description: 'only stacks with this tag; repeat it for several (all must match)',
      multiple: true,
      helpValue: 'TAG',
    }),
    status: Flags.string({ description: 'only stacks of this status', helpValue: 'STATUS' }),
    deleted: Flags.boolean({ description: 'list deleted stacks instead' }),
    ...momentFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(StackStateList);
    const backend = await this.open(flags);
    const stacks = await backend.getStackManager().listStacks(
      {
        ...(flags.tag ? { tags: flags.tag } : {}),
        ...(flags.status === undefined ? {} : { status: flags.status }),
        deleted: flags.deleted,
      },
      momentOf(flags),
    );
    this.show(
      flags,
      () => stackListJson(stacks),
      () => stackTable(stacks),
    );
  }
}
