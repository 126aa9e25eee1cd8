import { resourceArg, stackArg } from '../../../../args.js';
import { dependentsFlags, dependentsOf } from '../../../../flags.js';
import { PlannedCommand, plannedFlags } from '../../../../planned-command.js';

export default class StackStateDriftAccept extends PlannedCommand {
  static override summary = 'Take what was found at a resource as what is expected of it, as a new version.';
  static override description =
    'The resource gets the properties of its open drift finding, but for those that rules say are no drift; a resource that is gone is taken out of the stack, which is refused where others depend on it, unless --cascade or --force. The finding is resolved.';
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
        `What was found at ${resource} is what is expected now; this is version ${done.version}.\n${this.undo(stack, done)}`,
      `Nothing was changed in ${stack}.`,
    );
  }
}
