import { Args, Flags } from '@oclif/core';
import { receiptJson } from '../../../json/receipt.js';
import { BaseCommand } from '../../base-command.js';
import { documentFields, documentFlags } from '../../document-flags.js';

export default class StackNew extends BaseCommand {
  static override summary = 'Create a stack.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack',
    '<%= config.bin %> <%= command.id %> my-stack --description "Production" --version 1.0.0 --config config.yaml',
  ];
  static override args = { name: Args.string({ description: 'name of the stack', required: true }) };
  static override flags = {
    ...documentFlags,
    id: Flags.string({ description: 'id of the stack (default: a new one)', helpValue: 'ID' }),
    reason: Flags.string({ char: 'm', description: 'the reason, recorded with the version', helpValue: 'TEXT' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackNew);
    const { reason } = flags;
    const id = flags.id === undefined ? {} : { id: flags.id };
    const fields = await documentFields(flags);
    await this.open(flags);
    const receipt = await this.execute(
      { type: 'createStack', name: args.name, ...id, ...fields },
      reason === undefined ? {} : { reason },
    );
    this.show(
      flags,
      () => receiptJson(receipt),
      () => `Made stack ${args.name} (id ${receipt.stackId}), version ${receipt.version}.`,
    );
  }
}
