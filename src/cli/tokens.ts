import { Flags } from '@oclif/core';
import { isMemory, isPostgresUrl } from '../lib/database-url.js';
import { InvalidInputError, NotFoundError } from '../lib/errors.js';
import { statOf } from '../lib/files.js';
import type { TokenRecord, TokenStore } from '../server/auth/index.js';
import { chooseAnyDatabase, databaseNotFound } from './database-path.js';

export const tokensFlag = {
  tokens: Flags.string({ description: 'file of the tokens (default: the database with .tokens)', helpValue: 'FILE' }),
};

interface TokenFlags {
  readonly db?: string | undefined;
  readonly tokens?: string | undefined;
}

interface OpenTokensOptions {
  /** Whether a missing file is created. */
  readonly create: boolean;
  readonly onCreate?: (path: string) => void;
}

/**
 * Opens the token file that the flags name.
 * @throws InvalidInputError if neither flag names a file; NotFoundError `TOKENS_NOT_FOUND`
 */
export async function openTokens(flags: TokenFlags, { create, onCreate }: OpenTokensOptions): Promise<TokenStore> {
  const path = requirePath(flags);
  if (!create && !statOf(path)) throw noTokens(path);
  const { TokenStore: Store } = await import('../server/auth/index.js');
  return Store.open(path, undefined, () => onCreate?.(path));
}

/**
 * The same for reading: undefined if no token was created yet and the database exists, or nobody named it.
 * @throws NotFoundError for a name that may be mistyped, that of the token file or of the database
 */
export async function openExistingTokens(flags: TokenFlags): Promise<TokenStore | undefined> {
  const path = requirePath(flags);
  if (statOf(path) || flags.tokens !== undefined) return openTokens(flags, { create: false });
  const choice = chooseAnyDatabase(flags.db);
  if (choice.isNamed && !statOf(choice.path)) throw databaseNotFound(choice);
  return undefined;
}

function requirePath(flags: TokenFlags): string {
  const path = tokensPath(flags);
  if (path !== undefined) return path;
  throw new InvalidInputError('NO_TOKEN_FILE', 'tokens: a database without a file has no tokens beside it', {
    hint: 'Name a file with --tokens.',
    details: { field: '--tokens' },
  });
}

const noTokens = (path: string): NotFoundError =>
  new NotFoundError('TOKENS_NOT_FOUND', `tokens: there is no token file: ${path}`, {
    hint: 'Check the name. sloth-runner token create creates the file.',
    details: { field: '--tokens', tokens: path },
  });

/** Undefined for a database that is not a file. */
export function tokensPath({ db, tokens }: TokenFlags): string | undefined {
  if (tokens !== undefined) return tokens;
  const { path } = chooseAnyDatabase(db);
  return isMemory(path) || isPostgresUrl(path) ? undefined : `${path}.tokens`;
}

/** Whether a token is active, expired or revoked now. */
export function stateOf({ revokedAt, expiresAt }: TokenRecord, now = new Date()): 'active' | 'expired' | 'revoked' {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now.toISOString() ? 'expired' : 'active';
}
