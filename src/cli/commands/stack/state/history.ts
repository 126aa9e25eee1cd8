import { historyJson } from '../../../../json/resource.js';
import { resourceArg, stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf } from '../../../flags.js';
import { historyText } from '../../../present/resource.js';

export default class StackStateHistory extends BaseCommand {
  static override summary = 'Show each change of a resource: version, time, actor, fields.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack aws_instance.web'];
  static override args = { stack: stackArg, resource: resourceArg };
  static override flags = atFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateHistory);
    const backend = await this.open(flags);
    const history = await backend.getResourceHistory(args.stack, args.resource, atOf(flags));
    this.show(
      flags,
      () => historyJson(history),
      () => historyText(history.changes, history.hidden),
    );
  }
}
