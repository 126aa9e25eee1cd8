import { Flags } from '@oclif/core';
import { blameJson } from '../../../../json/resource.js';
import { resourceArg, stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf } from '../../../flags.js';
import { blameTable } from '../../../present/resource.js';

export default class StackStateBlame extends BaseCommand {
  static override summary = 'Show for each field of a resource the version that set it, its actor and its time.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack aws_instance.web'];
  static override args = { stack: stackArg, resource: resourceArg };
  static override flags = {
    all: Flags.boolean({ description: 'also show the fields besides the properties' }),
    ...atFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateBlame);
    const backend = await this.open(flags);
    const blame = await backend.getBlame(args.stack, args.resource, atOf(flags));
    this.show(
      flags,
      () => blameJson(blame),
      () =>
        blameTable(
          blame.fields.filter(({ path }) => flags.all || !path.startsWith('$.metadata')),
          blame.hidden,
        ),
    );
  }
}
