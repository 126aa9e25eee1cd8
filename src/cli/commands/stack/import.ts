import { Args, Flags } from '@oclif/core';
import { stackArg } from '../../args.js';
import { BaseCommand } from '../../base-command.js';
import { callOptions, writeFlags } from '../../flags.js';
import { readInput } from '../../input.js';
import { planJson, planText } from '../../present/diff.js';
import { receiptJson } from '../../present/receipt.js';

export default class StackImport extends BaseCommand {
  static override summary = 'Take in the state another tool keeps, as one commit; makes the stack where there is none.';
  static override description =
    'The next state of the same lineage commits only what changed. A lower serial, or another lineage, is refused unless --force.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack --from terraform terraform.tfstate'];
  static override args = {
    stack: stackArg,
    file: Args.string({ description: 'the state file, - for standard input', required: true }),
  };
  static override flags = {
    from: Flags.option({ description: 'whose state it is', options: ['terraform'] as const, required: true })(),
    force: Flags.boolean({ description: 'take in a lower serial or another lineage' }),
    'dry-run': Flags.boolean({ description: 'show the plan, and change nothing' }),
    ...writeFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackImport);
    const file = await readInput(args.file);
    const backend = await this.open(flags);
    const command = await backend.importCommand(args.stack, file.bytes, {
      name: file.name,
      from: flags.from,
      force: flags.force,
    });
    const plan = await backend.preview(command, callOptions(flags));
    if (flags['dry-run']) {
      this.show(flags, planJson(plan), () => planText(plan));
      return;
    }
    const receipt = await backend.execute(command, { expectedVersion: plan.version, ...callOptions(flags) });
    this.show(flags, { ...receiptJson(receipt), changes: planJson(plan).changes }, () =>
      receipt.events === 0
        ? `${args.stack} holds this state already; nothing was changed.`
        : `${planText(plan)}\nImported into ${args.stack}: version ${receipt.version}.`,
    );
  }
}
