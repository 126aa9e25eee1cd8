import { Args, Flags } from '@oclif/core';
import type { StateBackend } from '../../../index.js';
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
    reason: Flags.string({ char: 'm', description: 'why, kept with the version', helpValue: 'TEXT' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackNew);
    const fields = await documentFields(flags);
    const create = (backend: StateBackend) =>
      backend
        .getStackManager()
        .createStack(
          { name: args.name, ...(flags.id === undefined ? {} : { id: flags.id }), ...fields },
          flags.reason === undefined ? {} : { reason: flags.reason },
        );
    const backend = await this.open(flags);
    if (this.isNew) await create(backend); // in memory, so that a refused command creates no database
    const receipt = await create(await this.persistent());
    this.show(
      flags,
      () => receiptJson(receipt),
      () => `Made stack ${args.name} (id ${receipt.stackId}), version ${receipt.version}.`,
    );
  }
}
