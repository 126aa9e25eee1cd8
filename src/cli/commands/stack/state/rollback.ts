import { stackArg } from '../../../args.js';
import { wholeNumber } from '../../../flags.js';
import { PlannedCommand, plannedFlags } from '../../../planned-command.js';

export default class StackStateRollback extends PlannedCommand {
  static override summary = 'Bring a stack back to what it was at a version, as a new version.';
  static override description =
    'Undoes resources, outputs, dependencies and the fields of the stack. History stays whole: a rollback is itself undone by another. A deleted stack comes back to life.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack --version 3 --dry-run',
    '<%= config.bin %> <%= command.id %> my-stack --version 3',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    version: wholeNumber({ description: 'the version to go back to', required: true, min: 1, helpValue: 'N' }),
    ...plannedFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateRollback);
    const backend = await this.open(flags);
    await this.carryOut(
      flags,
      backend,
      { type: 'rollback', stack: args.stack, toVersion: flags.version },
      (done) =>
        `Rolled ${args.stack} back to version ${flags.version}; this is version ${done.version}.\n${this.undo(args.stack, done)}`,
      `${args.stack} is as it was at version ${flags.version} already; nothing was changed.`,
    );
  }
}
