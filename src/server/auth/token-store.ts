import { timingSafeEqual } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';
import type * as z from 'zod';
import { type Clock, systemClock } from '../../kernel/clock.js';
import { sha256 } from '../../kernel/digest.js';
import { ConflictError, codeOf, InvalidInputError, NotFoundError } from '../../kernel/errors.js';
import { matchesText } from '../../kernel/path-pattern.js';
import { invisibleIn, list, name as nameRule } from '../../kernel/text.js';
import type { Principal, Role } from '../access.js';
import { idOf, makeToken } from './token.js';
import { openTokenFile } from './token-file.js';

/** What is kept of a token; the token itself is not. */
export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Patterns of the names of stacks it reaches; none: all of them. */
  readonly stacks: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export interface TokenFields {
  /** Default: the role and the token's id. */
  readonly name?: string;
  readonly role: Role;
  readonly stacks?: readonly string[];
  /** ISO-8601 UTC. Default: it holds until it is revoked. */
  readonly expiresAt?: string;
  readonly by: string;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly stacks: string;
  readonly hash: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

const INSERT = `INSERT INTO tokens (id, name, role, stacks, hash, created_at, created_by, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const REVOKE = 'UPDATE tokens SET revoked_at = ?, revoked_by = ? WHERE name = ? AND revoked_at IS NULL';

/** Compared with where no token has the id that was presented, so that this takes the same time. */
const NOBODY = sha256('');

/**
 * The tokens of a server, in a file of their own: a database that is copied or restored neither hands credentials on nor
 * brings revoked ones back (docs/adr/0019). Each question is answered from the file, so that a revoked token ends at once.
 */
export class TokenStore {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #byId: Statement<[string], Row>;
  readonly #any: Statement<[], number>;

  private constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    this.#byId = db.prepare('SELECT * FROM tokens WHERE id = ?');
    this.#any = db.prepare<[], number>('SELECT EXISTS (SELECT 1 FROM tokens)').pluck();
  }

  /** @throws StoreError for a file that cannot be used, or holds something else */
  static open(path: string, clock: Clock = systemClock): TokenStore {
    return new TokenStore(openTokenFile(path), clock);
  }

  /**
   * Makes a token. It is told once: only its hash is kept.
   * @throws InvalidInputError; ConflictError `TOKEN_EXISTS`
   */
  create({ name, role, stacks = [], expiresAt, by }: TokenFields): {
    readonly token: string;
    readonly record: TokenRecord;
  } {
    const { token, id, hash } = makeToken();
    const called = name ?? `${role}-${id}`;
    check('name', newName, called);
    check('stack', patterns, stacks);
    const now = this.#clock.now();
    if (expiresAt !== undefined && expiresAt <= now) throw expired(expiresAt);
    try {
      this.#db.prepare(INSERT).run(id, called, role, JSON.stringify(stacks), hash, now, by, expiresAt ?? null);
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_CONSTRAINT_UNIQUE') throw error;
      throw new ConflictError('TOKEN_EXISTS', `there is a token "${called}" already`, {
        hint: 'Choose another name, or revoke that one first.',
        details: { field: 'name', name: called },
      });
    }
    return { token, record: toRecord(this.#byId.get(id) as Row) };
  }

  /** Oldest first, also those that ended. */
  list(): readonly TokenRecord[] {
    return (this.#db.prepare('SELECT * FROM tokens ORDER BY number').all() as Row[]).map(toRecord);
  }

  /** @throws NotFoundError where no token of this name holds */
  revoke(name: string, by: string): void {
    if (this.#db.prepare(REVOKE).run(this.#clock.now(), by, name).changes > 0) return;
    throw new NotFoundError('TOKEN_NOT_FOUND', `no token "${name}" holds`, {
      hint: 'List them with: sloth-runner token list',
      details: { name },
    });
  }

  /** Whether a token was ever made: with the last one revoked, a server must not stand open again. */
  hasAny(): boolean {
    return this.#any.get() === 1;
  }

  /** Whose token this is; undefined where it is nobody's, was revoked or has expired. */
  find(presented: string): Principal | undefined {
    const id = idOf(presented);
    const row = id === undefined ? undefined : this.#byId.get(id);
    const isRight = timingSafeEqual(Buffer.from(sha256(presented)), Buffer.from(row?.hash ?? NOBODY));
    if (!row || !isRight || row.revoked_at !== null) return undefined;
    if (row.expires_at !== null && row.expires_at <= this.#clock.now()) return undefined;
    const { name, role, stacks } = toRecord(row);
    return {
      name,
      id: `token:${name}`,
      role,
      everywhere: stacks.length === 0,
      mayReach: (stack) => stacks.length === 0 || stacks.some((pattern) => matchesText(pattern, stack)),
    };
  }

  close(): void {
    this.#db.close();
  }
}

const toRecord = (row: Row): TokenRecord => ({
  id: row.id,
  name: row.name,
  role: row.role as Role,
  stacks: JSON.parse(row.stacks) as string[],
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});

/** Who acts, in every event: as with stacks, one name must not pass for another. */
const newName = nameRule().refine((text) => invisibleIn(text) === undefined, 'must not hold invisible characters');
/** Stacks with invisible characters in their names may exist, so patterns may have them. */
const patterns = list(nameRule(), 1_000);

function check(field: string, rule: z.ZodType, value: unknown): void {
  const problem = rule.safeParse(value).error?.issues[0]?.message;
  if (problem === undefined) return;
  throw new InvalidInputError('INVALID_INPUT', `${field}: ${problem}`, {
    hint: `Correct the ${field} and try again; no token was made.`,
    details: { field, value },
  });
}

const expired = (expiresAt: string): InvalidInputError =>
  new InvalidInputError('INVALID_INPUT', `expires: ${expiresAt} has passed already`, {
    hint: 'Choose a time to come.',
    details: { field: 'expires', value: expiresAt },
  });
