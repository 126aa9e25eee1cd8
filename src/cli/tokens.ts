import { Flags } from '@oclif/core';
import { isPostgresUrl } from '../kernel/database-url.js';
import { InvalidInputError } from '../kernel/errors.js';
import type { TokenRecord, TokenStore } from '../server/auth/index.js';
import { chooseDatabase } from './database-path.js';

export const tokensFlag = {
  tokens: Flags.string({ description: 'file of the tokens (default: the database with .tokens)', helpValue: 'FILE' }),
};

interface TokenFlags {
  readonly db?: string | undefined;
  readonly tokens?: string | undefined;
}

/**
 * Opens the file of tokens that the flags name, making it where there is none.
 * @throws InvalidInputError where neither names a file
 */
export async function openTokens(flags: TokenFlags): Promise<TokenStore> {
  const path = tokensPath(flags);
  if (path === undefined) {
    throw new InvalidInputError('NO_TOKEN_FILE', 'tokens: a database without a file has no tokens beside it', {
      hint: 'Name a file with --tokens.',
      details: { field: '--tokens' },
    });
  }
  const { TokenStore: Store } = await import('../server/auth/index.js');
  return Store.open(path);
}

/** Undefined for a database that is no file. */
export function tokensPath({ db, tokens }: TokenFlags): string | undefined {
  if (tokens !== undefined) return tokens;
  const { path } = chooseDatabase(db);
  return path === ':memory:' || path === 'memory:' || isPostgresUrl(path) ? undefined : `${path}.tokens`;
}

/** What can be done with a token now. */
export function stateOf({ revokedAt, expiresAt }: TokenRecord, now = new Date()): 'active' | 'expired' | 'revoked' {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now.toISOString() ? 'expired' : 'active';
}
