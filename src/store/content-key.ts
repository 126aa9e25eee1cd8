import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * The log's secret key. It authenticates what repeatable commands said: the log then holds nothing from which a short
 * secret in a command could be guessed. It stays in the database: no export, copy or script holds it.
 */
export interface ContentKey {
  /** What is stored of a content: the id of the key, `:`, HMAC-SHA-256 in base64url. */
  sign(content: string): string;
  /** Whether `stored` is this key's signature of `content`. */
  verifies(stored: string, content: string): boolean;
  /** Whether `stored` was signed with this key, and not with that of a log that was imported. */
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
