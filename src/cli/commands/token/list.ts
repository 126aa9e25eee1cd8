import { BaseCommand } from '../../base-command.js';
import { tokenJson, tokenTable } from '../../present/token.js';
import { openExistingTokens, tokensFlag } from '../../tokens.js';

export default class TokenList extends BaseCommand {
  static override summary = 'List the tokens of the server, including revoked and expired ones.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = tokensFlag;

  async run(): Promise<void> {
    const { flags } = await this.parse(TokenList);
    const tokens = await openExistingTokens(flags);
    try {
      const list = tokens?.list() ?? [];
      this.show(
        flags,
        () => ({ tokens: list.map(tokenJson) }),
        () => tokenTable(list),
      );
    } finally {
      tokens?.close();
    }
  }
}
