import { Args, Flags } from '@oclif/core';
import { stackArg } from '../../args.js';
import { missingFlag } from '../../flags.js';
import { readInput } from '../../input.js';
import { PlannedCommand, plannedFlags } from '../../planned-command.js';

export default class StackImport extends PlannedCommand {
  static override summary = 'Import the state of another tool as one commit; creates the stack if it does not exist.';
  static override description =
    'Reads a state file of Terraform, or from Pulumi the output of `pulumi stack export` or the checkpoint of a self-managed backend. The next state of the same lineage commits only its changes. A lower serial (with Pulumi: an older deployment), or another lineage, is refused unless --force; dependencies on resources that the state does not contain are refused unless --allow-missing.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack --from terraform terraform.tfstate',
    'pulumi stack export | <%= config.bin %> <%= command.id %> my-stack --from pulumi -',
  ];
  static override args = {
    stack: stackArg,
    file: Args.string({ description: 'the state file, - for standard input', required: true }),
  };
  static override flags = {
    from: Flags.option({
      description: 'the tool that wrote the state',
      options: ['terraform', 'pulumi'] as const,
      required: true,
    })(),
    force: Flags.boolean({ description: 'accept a lower serial, an older deployment or another lineage' }),
    ...missingFlag,
    ...plannedFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackImport);
    const file = await readInput(args.file);
    const backend = await this.open(flags);
    const command = await backend.importCommand(args.stack, file.bytes, {
      name: file.name,
      from: flags.from,
      force: flags.force,
      allowMissing: flags['allow-missing'],
    });
    await this.carryOut(
      flags,
      backend,
      command,
      (done) => `Imported into ${args.stack}: version ${done.version}.`,
      `${args.stack} holds this state already; nothing was changed.`,
    );
  }
}
