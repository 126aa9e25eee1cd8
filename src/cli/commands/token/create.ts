import { Args, Flags } from '@oclif/core';
import { later, systemClock } from '../../../lib/clock.js';
import { parseDuration } from '../../../lib/durations.js';
import { InvalidInputError } from '../../../lib/errors.js';
import { BaseCommand } from '../../base-command.js';
import { escapeText } from '../../output/escape.js';
import { tokenJson } from '../../present/token.js';
import { openTokens, tokensFlag } from '../../tokens.js';

const LONGEST = 3_650 * 86_400_000;

export default class TokenCreate extends BaseCommand {
  static override summary = 'Create a token for the server, and print it; it is not shown again.';
  static override description =
    'Its name is the actor of its events. Clients send it as Authorization: Bearer, or as the password with any user name, as Terraform does (TF_HTTP_USERNAME, TF_HTTP_PASSWORD). Only its SHA-256 is stored, in a separate file beside the database, which others must not be able to read or write.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --role read',
    '<%= config.bin %> <%= command.id %> ci --role write --stack "team-a-*" --expires 30d',
    '<%= config.bin %> <%= command.id %> oncall --role write --allow force-unlock',
  ];
  static override args = {
    name: Args.string({ description: 'its name (default: the role and a number)' }),
  };
  static override flags = {
    role: Flags.option({
      description: 'read: only reads; write: also changes and locks; admin: also everything about the whole database',
      options: ['read', 'write', 'admin'] as const,
      required: true,
    })(),
    stack: Flags.string({
      description: 'only stacks whose names match, where * is any text; repeat it for several (default: all)',
      multiple: true,
      helpValue: 'PATTERN',
    }),
    allow: Flags.option({
      description: 'a permission besides its role; force-unlock: break locks of others. An admin has all of them',
      options: ['force-unlock'] as const,
      multiple: true,
    })(),
    expires: Flags.string({
      description: 'how long it is valid, 1s to 3650d (default: until revoked)',
      helpValue: 'TIME',
    }),
    ...tokensFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TokenCreate);
    const expiresAt = flags.expires === undefined ? undefined : expiry(flags.expires);
    const fields = {
      ...(args.name === undefined ? {} : { name: args.name }),
      role: flags.role,
      stacks: flags.stack ?? [],
      permissions: flags.allow ?? [],
      ...(expiresAt === undefined ? {} : { expiresAt }),
      by: flags.actor,
    };
    const { checkTokenFields } = await import('../../../server/auth/index.js');
    checkTokenFields(fields, systemClock.now()); // before the file is created
    const tokens = await openTokens(flags, {
      create: true,
      onCreate: (path) => this.note(`Created file of tokens ${escapeText(path)}.`),
    });
    try {
      const { token, record } = tokens.create(fields);
      this.note(`This is the token "${record.name}". Keep it: it is not shown again.`);
      this.show(
        flags,
        () => ({ token, ...tokenJson(record) }),
        () => token,
      );
    } finally {
      tokens.close();
    }
  }
}

function expiry(text: string): string {
  const milliseconds = parseDuration(text, '--expires');
  if (milliseconds >= 1_000 && milliseconds <= LONGEST) return later(systemClock.now(), milliseconds);
  throw new InvalidInputError('INVALID_DURATION', `--expires: ${text} is not between 1s and 3650d`, {
    hint: 'Choose a time from 1s to 3650d: 12h, 30d.',
    details: { field: '--expires', value: text },
  });
}
