import { lockInfoJson } from '../../../../json/lock.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf } from '../../../flags.js';
import { lockLine } from '../../../present/lock.js';

export default class StackStateLockInfo extends BaseCommand {
  static override summary = 'Show the lock of a stack: holder, operation, start and expiry.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack'];
  static override args = { stack: stackArg };
  static override flags = atFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateLockInfo);
    const backend = await this.open(flags);
    const { stack, lock } = await backend.getLock(args.stack, atOf(flags));
    this.show(
      flags,
      () => lockInfoJson(stack.id, lock),
      () => (lock ? `${args.stack} is ${lockLine(lock)}` : `${args.stack} is not locked.`),
    );
  }
}
