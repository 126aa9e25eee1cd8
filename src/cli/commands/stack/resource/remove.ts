import { resourceArg, stackArg } from '../../../args.js';
import { dependentsFlags, dependentsOf } from '../../../flags.js';
import { PlannedCommand, plannedFlags } from '../../../planned-command.js';

export default class StackResourceRemove extends PlannedCommand {
  static override summary = 'Remove a resource from a stack.';
  static override description = 'Refused if other resources depend on it, unless --cascade or --force.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack aws_instance.web',
    '<%= config.bin %> <%= command.id %> my-stack aws_vpc.main --cascade --dry-run',
  ];
  static override args = { stack: stackArg, resource: resourceArg };
  static override flags = { ...dependentsFlags, ...plannedFlags };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackResourceRemove);
    const backend = await this.open(flags);
    await this.carryOut(
      flags,
      backend,
      { type: 'apply', kind: 'remove', stack: args.stack, remove: [args.resource], ...dependentsOf(flags) },
      (done) => `Removed ${args.resource}: version ${done.version} of ${args.stack}.\n${this.undo(args.stack, done)}`,
      'Nothing to change.',
    );
  }
}
