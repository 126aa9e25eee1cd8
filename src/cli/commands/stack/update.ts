import { Flags } from '@oclif/core';
import { receiptJson } from '../../../json/receipt.js';
import { stackArg } from '../../args.js';
import { BaseCommand } from '../../base-command.js';
import { documentFields, documentFlags } from '../../document-flags.js';
import { callOptions, writeFlags } from '../../flags.js';

export default class StackUpdate extends BaseCommand {
  static override summary = 'Change fields of a stack; other fields stay unchanged.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack --description "Staging" --name staging'];
  static override args = { stack: stackArg };
  static override flags = {
    name: Flags.string({ description: 'another name', helpValue: 'NAME' }),
    ...documentFlags,
    status: Flags.string({ description: 'another status', helpValue: 'STATUS' }),
    ...writeFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackUpdate);
    const fields = await documentFields(flags);
    const backend = await this.open(flags);
    const receipt = await backend.getStackManager().updateStack(
      args.stack,
      {
        ...fields,
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...(flags.status === undefined ? {} : { status: flags.status }),
      },
      callOptions(flags),
    );
    this.show(
      flags,
      () => receiptJson(receipt),
      () =>
        receipt.events === 0
          ? `${args.stack} is like that already.`
          : `Updated ${args.stack}: version ${receipt.version}.`,
    );
  }
}
