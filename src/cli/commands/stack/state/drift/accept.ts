import { resourceArg, stackArg } from '../../../../args.js';
import { dependentsFlags, dependentsOf } from '../../../../flags.js';
import { PlannedCommand, plannedFlags } from '../../../../planned-command.js';

export default class StackStateDriftAccept extends PlannedCommand {
  static override summary = 'Make the actual properties of a resource the expected ones, as a new version.';
  static override description =
    'The resource gets the properties of its open drift finding, except those that rules exclude. A resource that is gone is removed from the stack; that is refused if others depend on it, unless --cascade or --force. The finding is resolved.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack aws_instance.web --dry-run',
    '<%= config.bin %> <%= command.id %> my-stack aws_instance.web -m "resized on purpose"',
  ];
  static override args = { stack: stackArg, resource: resourceArg };
  static override flags = {
    ...dependentsFlags,
    ...plannedFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDriftAccept);
    const { stack, resource } = args;
    const backend = await this.open(flags);
    await this.carryOut(
      flags,
      backend,
      {
        type: 'acceptDrift',
        stack,
        resource,
        ...dependentsOf(flags),
        ...(flags.reason === undefined ? {} : { reason: flags.reason }),
      },
      (done) =>
        `The actual properties of ${resource} are the expected ones now; this is version ${done.version}.\n${this.undo(stack, done)}`,
      `Nothing was changed in ${stack}.`,
    );
  }
}
