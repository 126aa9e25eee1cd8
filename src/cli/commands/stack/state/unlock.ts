import { Flags } from '@oclif/core';
import { receiptJson } from '../../../../json/receipt.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { callOptions, versionFlag } from '../../../flags.js';

export default class StackStateUnlock extends BaseCommand {
  static override summary = 'Release the lock of a stack, or break it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack --lock-id 0192…',
    '<%= config.bin %> <%= command.id %> my-stack --force --reason "the pipeline died"',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    'lock-id': Flags.string({ description: 'the lock you hold', helpValue: 'ID', exactlyOne: ['lock-id', 'force'] }),
    ...versionFlag,
    force: Flags.boolean({ description: 'break the lock, whoever holds it', dependsOn: ['reason'] }),
    reason: Flags.string({ description: 'why it is broken; kept in the log', dependsOn: ['force'], helpValue: 'TEXT' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateUnlock);
    const backend = await this.open(flags);
    const id = flags['lock-id'];
    const call = callOptions({ 'if-version': flags['if-version'] });
    const receipt =
      id === undefined
        ? await backend.breakLock(args.stack, flags.reason ?? '', call)
        : await backend.unlockState(args.stack, id, call);
    this.show(
      flags,
      () => receiptJson(receipt),
      () => `${args.stack} is unlocked.`,
    );
  }
}
