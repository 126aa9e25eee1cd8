import type { TokenRecord } from '../../server/auth/index.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { relative } from '../output/time.js';
import { stateOf } from '../tokens.js';

export const tokenJson = (token: TokenRecord) => ({
  id: token.id,
  name: token.name,
  role: token.role,
  stacks: token.stacks,
  permissions: token.permissions,
  state: stateOf(token),
  created_at: token.createdAt,
  created_by: token.createdBy,
  expires_at: token.expiresAt,
  revoked_at: token.revokedAt,
});

export function tokenTable(tokens: readonly TokenRecord[]): string {
  if (tokens.length === 0) return 'No tokens.';
  return table(
    [
      { title: 'NAME', flexible: true },
      { title: 'ROLE' },
      { title: 'STACKS', flexible: true },
      { title: 'PERMISSIONS' },
      { title: 'STATE' },
      { title: 'CREATED' },
      { title: 'BY' },
      { title: 'EXPIRES' },
    ],
    tokens.map((token) => [
      escapeText(token.name),
      token.role,
      token.stacks.length === 0 ? 'all' : escapeText(token.stacks.join(', ')),
      token.role === 'admin' ? 'all' : token.permissions.join(', '),
      stateOf(token),
      relative(token.createdAt),
      escapeText(token.createdBy),
      token.expiresAt === null ? 'never' : relative(token.expiresAt),
    ]),
  );
}
