import { Flags } from '@oclif/core';
import { stackArg } from '../../args.js';
import { BaseCommand } from '../../base-command.js';
import { atFlags, atOf } from '../../flags.js';
import { jsonText } from '../../output/escape.js';

export default class StackExport extends BaseCommand {
  static override summary = 'Print the state of a stack in the format of another tool.';
  static override description =
    'An imported and unchanged state is printed value for value; for Terraform, a changed one has a higher serial. An imported checkpoint of Pulumi is printed as a checkpoint: `pulumi stack import` reads `{version, deployment}`, where deployment is its `checkpoint.latest`. The document is printed whatever --output is.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack --to terraform > terraform.tfstate',
    '<%= config.bin %> <%= command.id %> my-stack --to terraform --at-version 1',
    '<%= config.bin %> <%= command.id %> my-stack --to pulumi | pulumi stack import',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    to: Flags.option({
      description: 'the tool that will read it',
      options: ['terraform', 'pulumi'] as const,
      required: true,
    })(),
    ...atFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackExport);
    const backend = await this.open(flags);
    this.write(jsonText(await backend.exportState(args.stack, flags.to, atOf(flags)), 2));
  }
}
