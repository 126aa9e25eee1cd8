import { impactJson } from '../../../../json/graph.js';
import { resourceArg, stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf } from '../../../flags.js';
import { impactTable } from '../../../present/graph.js';

export default class StackStateImpact extends BaseCommand {
  static override summary = 'Show everything that depends on a resource, in the order in which a change reaches it.';
  static override description =
    'DEPTH is the smallest number of steps from the resource, VIA the dependencies of each that the change reaches too. The resource may be a missing one on which others still depend.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack aws_vpc.main',
    '<%= config.bin %> <%= command.id %> my-stack aws_vpc.main --at-version 3 --output json',
  ];
  static override args = { stack: stackArg, resource: resourceArg };
  static override flags = atFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateImpact);
    const backend = await this.open(flags);
    const impact = await backend.getImpact(args.stack, args.resource, atOf(flags));
    this.show(
      flags,
      () => impactJson(impact),
      () => impactTable(impact),
    );
  }
}
