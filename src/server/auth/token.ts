import { randomBytes } from 'node:crypto';
import { sha256 } from '../../lib/digest.js';

/** A token as its holder has it, and the parts that are stored. */
export interface NewToken {
  readonly token: string;
  /** Identifies it; not a secret. */
  readonly id: string;
  readonly hash: string;
}

const TOKEN = /^slr_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

/**
 * `slr_`, a public id, and 256 random bits. With that many a plain SHA-256 is as good as a slow hash: nobody can guess them.
 */
export function makeToken(): NewToken {
  const id = randomBytes(8).toString('hex');
  const token = `slr_${id}_${randomBytes(32).toString('base64url')}`;
  return { token, id, hash: sha256(token) };
}

/** The public id in a presented token; undefined if it does not have the form of one. */
export const idOf = (presented: string): string | undefined => TOKEN.exec(presented)?.[1];
