import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * The log's secret key. It authenticates the content of repeatable commands, so that the log contains nothing from which a
 * short secret of a command could be guessed. The key stays in the database: exports, copies and scripts do not contain it.
 */
export interface ContentKey {
  /** The stored form of a content: the id of the key, `:`, and HMAC-SHA-256 in base64url. */
  sign(content: string): string;
  /** Whether `stored` is this key's signature of `content`. */
  verifies(stored: string, content: string): boolean;
  /** Whether `stored` was signed with this key, rather than with the key of an imported log. */
  isOwn(stored: string): boolean;
}

export const KEY_BYTES = 32;

export const newKey = (): Buffer => randomBytes(KEY_BYTES);

export function contentKey(bytes: Uint8Array): ContentKey {
  const prefix = `${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}:`;
  const sign = (content: string): string => prefix + createHmac('sha256', bytes).update(content).digest('base64url');
  const isOwn = (stored: string): boolean => stored.startsWith(prefix);
  return {
    sign,
    isOwn,
    verifies: (stored, content) => {
      const [one, other] = [Buffer.from(stored), Buffer.from(sign(content))];
      return one.length === other.length && timingSafeEqual(one, other);
    },
  };
}
