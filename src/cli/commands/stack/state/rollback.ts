import { stackArg } from '../../../args.js';
import { wholeNumber } from '../../../flags.js';
import { PlannedCommand, plannedFlags } from '../../../planned-command.js';

export default class StackStateRollback extends PlannedCommand {
  static override summary = 'Restore the state that a stack had at a version, as a new version.';
  static override description =
    'Covers resources, outputs, dependencies and the fields of the stack. History stays complete: another rollback undoes it. A deleted stack is restored.';
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
      `${args.stack} already equals version ${flags.version}; nothing was changed.`,
    );
  }
}
