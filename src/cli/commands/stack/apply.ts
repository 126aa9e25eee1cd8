import { Flags } from '@oclif/core';
import { stackArg } from '../../args.js';
import { dependentsFlags, dependentsOf, missingFlag } from '../../flags.js';
import { readInput } from '../../input.js';
import { PlannedCommand, plannedFlags } from '../../planned-command.js';

export default class StackApply extends PlannedCommand {
  static override summary = 'Bring a stack to the desired state of a file, in one commit.';
  static override description =
    'The file is YAML or JSON with any of: description, version, workflow_file, configuration, metadata, resources (type, name, module, id, properties, depends_on, state, metadata) and outputs (name: {value, sensitive}). Everything that it does not name stays, unless --prune.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack -f desired.yaml --dry-run',
    '<%= config.bin %> <%= command.id %> my-stack -f desired.yaml --prune --cascade',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    file: Flags.string({
      char: 'f',
      description: 'the desired state, - for standard input',
      required: true,
      helpValue: 'FILE',
    }),
    prune: Flags.boolean({ description: 'remove resources and outputs that the file does not name' }),
    ...missingFlag,
    ...dependentsFlags,
    ...plannedFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackApply);
    const file = await readInput(flags.file);
    const backend = await this.open(flags);
    const command = await backend.desiredStateCommand(args.stack, file.bytes, {
      name: file.name,
      prune: flags.prune,
      allowMissing: flags['allow-missing'],
      ...dependentsOf(flags),
    });
    await this.carryOut(
      flags,
      backend,
      command,
      (done) => `Applied to ${args.stack}: version ${done.version}.\n${this.undo(args.stack, done)}`,
      'Nothing to change.',
    );
  }
}
