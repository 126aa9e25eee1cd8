import { driftRulesJson } from '../../../../../../json/drift-rules.js';
import { stackArg } from '../../../../../args.js';
import { BaseCommand } from '../../../../../base-command.js';
import { atFlags, atOf } from '../../../../../flags.js';
import { driftRulesText } from '../../../../../present/drift-rules.js';

export default class StackStateDriftRulesList extends BaseCommand {
  static override summary = 'List the rules that exclude differences from drift.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack',
    '<%= config.bin %> <%= command.id %> my-stack --at-version 3 --output json',
  ];
  static override args = { stack: stackArg };
  static override flags = atFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDriftRulesList);
    const backend = await this.open(flags);
    const list = await backend.getDriftRules(args.stack, atOf(flags));
    this.show(
      flags,
      () => driftRulesJson(list),
      () => driftRulesText(list.rules),
    );
  }
}
