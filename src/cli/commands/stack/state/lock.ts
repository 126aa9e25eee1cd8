import { Flags } from '@oclif/core';
import { lockJson } from '../../../../json/lock.js';
import { parseDuration } from '../../../../lib/durations.js';
import { InvalidInputError } from '../../../../lib/errors.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { callOptions, versionFlag } from '../../../flags.js';
import { lockLine } from '../../../present/lock.js';

const DEFAULT_DURATION = '30m';

export default class StackStateLock extends BaseCommand {
  static override summary = 'Lock a stack, so that only the holder of the lock may change it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack --operation "deployment" --who "admin" --duration 30m',
    '<%= config.bin %> <%= command.id %> my-stack --renew --lock-id 0192… --duration 1h30m',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    operation: Flags.string({ description: 'what the lock is for', default: 'manual', helpValue: 'TEXT' }),
    who: Flags.string({ description: 'who holds it (default: the actor)', helpValue: 'NAME' }),
    info: Flags.string({ description: 'anything else worth knowing', default: '', helpValue: 'TEXT' }),
    duration: Flags.string({
      description: 'its duration, 1s to 7d (default: 30m; required for a renewal)',
      helpValue: 'TIME',
    }),
    'lock-id': Flags.string({
      description: 'id for the lock (default: a new one); the lock to renew',
      helpValue: 'ID',
    }),
    ...versionFlag,
    renew: Flags.boolean({
      description: 'renew the lock you hold: it then expires after --duration from now, later or earlier than before',
      dependsOn: ['lock-id', 'duration'],
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateLock);
    const durationMs = parseLockDuration(flags.duration ?? DEFAULT_DURATION);
    const backend = await this.open(flags);
    const id = flags['lock-id'];
    const call = callOptions({ 'if-version': flags['if-version'] });
    const lock =
      flags.renew && id !== undefined
        ? await backend.renewLock(args.stack, id, durationMs, call)
        : await backend.lockState(args.stack, {
            operation: flags.operation,
            info: flags.info,
            ...call,
            durationMs,
            ...(flags.who === undefined ? {} : { who: flags.who }),
            ...(id === undefined ? {} : { id }),
          });
    this.show(
      flags,
      () => lockJson(lock.stackId, lock),
      () =>
        `${args.stack} is ${lockLine(lock)}\n` +
        `Release it with: ${this.config.bin} stack state unlock ${args.stack} --lock-id ${lock.lockId}`,
    );
  }
}

function parseLockDuration(text: string): number {
  const milliseconds = parseDuration(text, '--duration');
  if (milliseconds >= 1_000 && milliseconds <= 7 * 86_400_000) return milliseconds;
  throw new InvalidInputError('INVALID_DURATION', `--duration: ${text} is not between 1s and 7d`, {
    hint: 'Choose a duration from 1s to 7d; a lock can be renewed.',
    details: { field: '--duration', value: text },
  });
}
