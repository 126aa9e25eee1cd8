import { Flags } from '@oclif/core';
import { stackArg } from '../../args.js';
import { BaseCommand } from '../../base-command.js';
import { callOptions, writeFlags } from '../../flags.js';
import { readInput } from '../../input.js';
import { planJson, planText } from '../../present/diff.js';
import { receiptJson } from '../../present/receipt.js';

export default class StackApply extends BaseCommand {
  static override summary = 'Bring a stack to the desired state of a file, in one commit.';
  static override description =
    'The file is YAML or JSON with any of: description, version, workflow_file, configuration, metadata, resources (type, name, module, id, properties, depends_on, state, metadata) and outputs (name: {value, sensitive}). What it does not name stays, unless --prune.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack -f desired.yaml --dry-run',
    '<%= config.bin %> <%= command.id %> my-stack -f desired.yaml --prune',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    file: Flags.string({
      char: 'f',
      description: 'the desired state, - for standard input',
      required: true,
      helpValue: 'FILE',
    }),
    prune: Flags.boolean({ description: 'remove resources and outputs the file does not name' }),
    'dry-run': Flags.boolean({ description: 'show the plan, and change nothing' }),
    ...writeFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackApply);
    const file = await readInput(flags.file);
    const backend = await this.open(flags);
    const command = await backend.desiredStateCommand(args.stack, file.bytes, { name: file.name, prune: flags.prune });
    const plan = await backend.preview(command, callOptions(flags));
    if (flags['dry-run']) {
      this.show(flags, planJson(plan), () => planText(plan));
      return;
    }
    const receipt = await backend.execute(command, { expectedVersion: plan.version, ...callOptions(flags) });
    this.show(flags, { ...receiptJson(receipt), changes: planJson(plan).changes }, () =>
      receipt.events === 0
        ? `${planText(plan)}`
        : `${planText(plan)}\nApplied to ${args.stack}: version ${receipt.version}.\n` +
          `Undo with: ${this.config.bin} stack state rollback ${args.stack} --version ${plan.version}`,
    );
  }
}
