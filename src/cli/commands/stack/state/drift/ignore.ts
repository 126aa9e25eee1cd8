import { Args, Flags } from '@oclif/core';
import { receiptJson } from '../../../../../json/receipt.js';
import { systemClock } from '../../../../../lib/clock.js';
import { parseDuration } from '../../../../../lib/durations.js';
import { InvalidInputError } from '../../../../../lib/errors.js';
import { parseInstant } from '../../../../../lib/instants.js';
import { stackArg } from '../../../../args.js';
import { BaseCommand } from '../../../../base-command.js';
import { callOptions, writeFlags } from '../../../../flags.js';

/** The latest time with a year of four digits, in milliseconds. */
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

export default class StackStateDriftIgnore extends BaseCommand {
  static override summary = 'Ignore the drift of a resource, or add a rule that ignores all differences at some paths.';
  static override description =
    'With RESOURCE, its pending finding is ignored. With --path, a rule is added: from the next comparison on, differences at such paths are not drift. A path is a pattern: tags.Name, tags.aws:*, **.etag, rules[*].port, ["a.b"]; $ means the whole resource, also a missing one.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack aws_instance.web --reason "resized by hand" --expires 30d',
    '<%= config.bin %> <%= command.id %> my-stack --type "aws_*" --path "tags.aws:*" --reason "set by the provider"',
  ];
  static override args = {
    stack: stackArg,
    resource: Args.string({ description: 'address ([module.]type.name) or id of the resource' }),
  };
  static override flags = {
    ...writeFlags,
    path: Flags.string({ description: 'add a rule for paths like this', helpValue: 'PATTERN' }),
    type: Flags.string({
      description: 'the resource types of the rule (default: *, all of them)',
      dependsOn: ['path'],
      helpValue: 'PATTERN',
    }),
    reason: Flags.string({ char: 'm', description: 'why, kept with it', required: true, helpValue: 'TEXT' }),
    expires: Flags.string({
      description: 'when it ends: a time from now (30d) or a date and time (2026-12-31T00:00:00Z); default: never',
      helpValue: 'TIME',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDriftIgnore);
    const { stack, resource } = args;
    const { path, type, reason, ...call } = flags;
    if ((resource === undefined) === (path === undefined)) {
      this.error(
        'Pass either a RESOURCE, to ignore its finding, or --path PATTERN (and --type PATTERN), to add a rule.',
        { exit: 2 },
      );
    }
    const expiresAt = flags.expires === undefined ? null : instantOf(flags.expires);
    const backend = await this.open(flags);
    const receipt = await backend.execute(
      path === undefined
        ? { type: 'ignoreDrift', stack, resource: resource ?? '', reason, expiresAt }
        : {
            type: 'addDriftRule',
            stack,
            path,
            reason,
            expiresAt,
            ...(type === undefined ? {} : { resourceType: type }),
          },
      callOptions(call),
    );
    const until = expiresAt === null ? 'for ever' : `until ${expiresAt}`;
    this.show(
      flags,
      () => receiptJson(receipt),
      () => {
        if (path === undefined) return `The drift of ${resource} is ignored ${until}.`;
        if (receipt.events === 0) return 'There is such a rule already; nothing was changed.';
        return (
          `Rule ${receipt.lastPosition} of ${stack} applies ${until}, from the next comparison on.\n` +
          `Remove it with: ${this.config.bin} stack state drift rules remove ${stack} ${receipt.lastPosition}`
        );
      },
    );
  }
}

/** The timestamp, or the time after the duration from now. */
function instantOf(text: string): string {
  if (/^\d+-/.test(text)) return parseInstant(text, '--expires');
  const end = Date.parse(systemClock.now()) + parseDuration(text, '--expires');
  if (end > LAST) {
    throw new InvalidInputError('INVALID_DURATION', `--expires: ${text} from now is after the year 9999`, {
      hint: 'Leave --expires out for something that shall never run out.',
      details: { field: '--expires', value: text },
    });
  }
  return new Date(end).toISOString();
}
