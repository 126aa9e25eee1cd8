import { Args } from '@oclif/core';
import { BaseCommand } from '../../base-command.js';
import { openTokens, tokensFlag } from '../../tokens.js';

export default class TokenRevoke extends BaseCommand {
  static override summary = 'Revoke a token; running servers refuse it at once.';
  static override examples = ['<%= config.bin %> <%= command.id %> ci'];
  static override args = { name: Args.string({ description: 'its name', required: true }) };
  static override flags = tokensFlag;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TokenRevoke);
    const tokens = await openTokens(flags, { create: false });
    try {
      tokens.revoke(args.name, flags.actor);
      this.show(
        flags,
        () => ({ revoked: args.name }),
        () => `Token "${args.name}" is revoked.`,
      );
    } finally {
      tokens.close();
    }
  }
}
