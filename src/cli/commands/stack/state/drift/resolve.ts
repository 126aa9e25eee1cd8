import { Flags } from '@oclif/core';
import { receiptJson } from '../../../../../json/receipt.js';
import { resourceArg, stackArg } from '../../../../args.js';
import { BaseCommand } from '../../../../base-command.js';
import { callOptions, writeFlags } from '../../../../flags.js';

export default class StackStateDriftResolve extends BaseCommand {
  static override summary = 'Close the pending drift finding of a resource that was fixed by other means.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack aws_instance.web --reason "put back by hand"',
    '<%= config.bin %> <%= command.id %> my-stack i-0123456789 -m "instance replaced" --output json',
  ];
  static override args = { stack: stackArg, resource: resourceArg };
  static override flags = {
    ...writeFlags,
    reason: Flags.string({ char: 'm', description: 'why, kept with it', required: true, helpValue: 'TEXT' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDriftResolve);
    const { stack, resource } = args;
    const { reason, ...call } = flags;
    const backend = await this.open(flags);
    const receipt = await backend.execute({ type: 'resolveDrift', stack, resource, reason }, callOptions(call));
    this.show(
      flags,
      () => receiptJson(receipt),
      () => `The drift of ${resource} is resolved.`,
    );
  }
}
