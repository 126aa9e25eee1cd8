import { resourcesJson } from '../../../../json/resource.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf } from '../../../flags.js';
import { resourceTable } from '../../../present/resource.js';

export default class StackResourceList extends BaseCommand {
  static override summary = 'List the resources of a stack.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack --at-version 2'];
  static override args = { stack: stackArg };
  static override flags = atFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackResourceList);
    const backend = await this.open(flags);
    const list = await backend.getResources(args.stack, atOf(flags));
    this.show(
      flags,
      () => resourcesJson(list),
      () => resourceTable(list.resources),
    );
  }
}
