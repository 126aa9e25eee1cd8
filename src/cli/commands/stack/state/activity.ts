import { activityJson } from '../../../../json/versions.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf, limitFlag } from '../../../flags.js';
import { activityTable } from '../../../present/versions.js';

export default class StackStateActivity extends BaseCommand {
  static override summary = 'Show the history of everything done to a stack, newest first.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack --limit 20'];
  static override args = { stack: stackArg };
  static override flags = { limit: limitFlag(50), ...atFlags };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateActivity);
    const backend = await this.open(flags);
    const at = atOf(flags);
    const activity = await backend.getActivity(args.stack, { limit: flags.limit, ...(at ? { at } : {}) });
    this.show(
      flags,
      () => activityJson(activity),
      () => activityTable(activity.events),
    );
  }
}
