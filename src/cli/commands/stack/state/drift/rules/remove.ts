import { Args, Flags } from '@oclif/core';
import { receiptJson } from '../../../../../../json/receipt.js';
import { InvalidInputError } from '../../../../../../lib/errors.js';
import { stackArg } from '../../../../../args.js';
import { BaseCommand } from '../../../../../base-command.js';
import { callOptions, writeFlags } from '../../../../../flags.js';

export default class StackStateDriftRulesRemove extends BaseCommand {
  static override summary =
    'Remove a drift rule: differences that it covered count as drift again, from the next check on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack 42',
    '<%= config.bin %> <%= command.id %> my-stack 42 --reason "the tags are ours now"',
  ];
  static override args = {
    stack: stackArg,
    rule: Args.custom<number>({
      parse: async (text) => {
        if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
        throw new InvalidInputError('INVALID_NUMBER', `rule: "${text}" is not the number of a rule`, {
          hint: 'See the numbers with: sloth-runner stack state drift rules list STACK',
          details: { field: 'rule', value: text },
        });
      },
    })({ description: 'number of the rule, from the list', required: true }),
  };
  static override flags = {
    ...writeFlags,
    reason: Flags.string({ char: 'm', description: 'why, kept with it', helpValue: 'TEXT' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDriftRulesRemove);
    const { stack, rule } = args;
    const { reason, ...call } = flags;
    const backend = await this.open(flags);
    const receipt = await backend.execute(
      { type: 'removeDriftRule', stack, rule, ...(reason === undefined ? {} : { reason }) },
      callOptions(call),
    );
    this.show(
      flags,
      () => receiptJson(receipt),
      () => `Rule ${rule} of ${stack} is removed.`,
    );
  }
}
