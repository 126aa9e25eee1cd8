import { timingSafeEqual } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';
import type * as z from 'zod';
import { type Clock, systemClock } from '../../lib/clock.js';
import { sha256 } from '../../lib/digest.js';
import { ConflictError, codeOf, InvalidInputError, NotFoundError } from '../../lib/errors.js';
import { checkShape } from '../../lib/parse-input.js';
import { invisibleIn, list, name as nameRule } from '../../lib/text.js';
import { PERMISSIONS, type Permission, type Principal, type Role, reaches } from '../access.js';
import { idOf, makeToken } from './token.js';
import { openTokenFile, tokenFileError } from './token-file.js';

/** The stored fields of a token, without the token itself. */
export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Patterns of the names of stacks it reaches; none: all of them. */
  readonly stacks: readonly string[];
  /** Its permissions besides its role. */
  readonly permissions: readonly Permission[];
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
  /** Permissions besides its role. Default: none; an admin has all of them anyway. */
  readonly permissions?: readonly Permission[];
  /** ISO-8601 UTC. Default: it is valid until it is revoked. */
  readonly expiresAt?: string;
  readonly by: string;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly stacks: string;
  readonly permissions: string;
  readonly hash: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

const INSERT = `INSERT INTO tokens (id, name, role, stacks, permissions, hash, created_at, created_by, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const REVOKE = 'UPDATE tokens SET revoked_at = ?, revoked_by = ? WHERE name = ? AND revoked_at IS NULL';

/** Compared with if no token has the presented id, so that this takes the same time. */
const NOBODY = sha256('');

/**
 * The tokens of a server, in a separate file: a database that is copied or restored neither contains credentials nor brings
 * revoked ones back (docs/adr/0019). Each query reads the file, so that a revoked token stops working at once.
 */
export class TokenStore {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #byId: Statement<[string], Row>;
  readonly #any: Statement<[], number>;

  readonly #path: string;

  private constructor(db: Database, path: string, clock: Clock) {
    this.#db = db;
    this.#path = path;
    this.#clock = clock;
    this.#byId = db.prepare('SELECT * FROM tokens WHERE id = ?');
    this.#any = db.prepare<[], number>('SELECT EXISTS (SELECT 1 FROM tokens)').pluck();
  }

  /**
   * @param onCreate called when the file was created
   * @throws StoreError for a file that cannot be used, or is of another kind
   */
  static open(path: string, clock: Clock = systemClock, onCreate?: () => void): TokenStore {
    const db = openTokenFile(path, onCreate);
    try {
      return new TokenStore(db, path, clock);
    } catch (error) {
      db.close();
      throw tokenFileError(error, path);
    }
  }

  #use<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw tokenFileError(error, this.#path);
    }
  }

  /**
   * Creates a token and returns it once: only its hash is stored.
   * @throws InvalidInputError; ConflictError `TOKEN_EXISTS`
   */
  create(fields: TokenFields): { readonly token: string; readonly record: TokenRecord } {
    const now = this.#clock.now();
    checkTokenFields(fields, now);
    const { name, role, stacks = [], permissions = [], expiresAt, by } = fields;
    const { token, id, hash } = makeToken();
    const called = name ?? `${role}-${id}`;
    try {
      const lists = [JSON.stringify(stacks), JSON.stringify([...new Set(permissions)])];
      this.#db.prepare(INSERT).run(id, called, role, ...lists, hash, now, by, expiresAt ?? null);
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_CONSTRAINT_UNIQUE') throw tokenFileError(error, this.#path);
      throw new ConflictError('TOKEN_EXISTS', `there is a token "${called}" already`, {
        hint: 'Choose another name, or revoke that one first.',
        details: { field: 'name', name: called },
      });
    }
    return { token, record: toRecord(this.#use(() => this.#byId.get(id)) as Row) };
  }

  /** Oldest first, including revoked and expired ones. */
  list(): readonly TokenRecord[] {
    const rows = this.#use(() => this.#db.prepare('SELECT * FROM tokens ORDER BY number').all());
    return (rows as Row[]).map(toRecord);
  }

  /** @throws NotFoundError if no valid token has this name */
  revoke(name: string, by: string): void {
    const { changes } = this.#use(() => this.#db.prepare(REVOKE).run(this.#clock.now(), by, name));
    if (changes > 0) return;
    throw new NotFoundError('TOKEN_NOT_FOUND', `there is no valid token "${name}"`, {
      hint: 'List them with: sloth-runner token list',
      details: { name },
    });
  }

  /** Whether a token was ever created: after the last one is revoked, a server must not be open again. */
  hasAny(): boolean {
    return this.#use(() => this.#any.get()) === 1;
  }

  /** The record of a token; undefined if it is unknown, was revoked or has expired. */
  find(presented: string): Principal | undefined {
    const id = idOf(presented);
    const row = id === undefined ? undefined : this.#use(() => this.#byId.get(id));
    const isRight = timingSafeEqual(Buffer.from(sha256(presented)), Buffer.from(row?.hash ?? NOBODY));
    return row && isRight ? this.#principal(row) : undefined;
  }

  /** Undefined if the token was revoked or has expired. */
  #principal(row: Row): Principal | undefined {
    if (row.revoked_at !== null) return undefined;
    if (row.expires_at !== null && row.expires_at <= this.#clock.now()) return undefined;
    const { id, name, role, stacks, permissions } = toRecord(row);
    return {
      tokenId: id,
      name,
      id: `token:${name}`,
      role,
      stacks,
      everywhere: stacks.length === 0,
      mayReach: (stack) => reaches(stacks, stack),
      permissions: new Set(permissions),
      current: () => {
        const now = this.#byId.get(id);
        return now && this.#principal(now);
      },
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
  permissions: row.role === 'admin' ? PERMISSIONS : (JSON.parse(row.permissions) as Permission[]),
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});

/** The actor of its events: as with stacks, one name must not look like another. */
const newName = nameRule().refine((text) => invisibleIn(text) === undefined, 'must not hold invisible characters');
/** Stacks with invisible characters in their names may exist, so patterns may have them. */
const patterns = list(nameRule(), 1_000);

/**
 * @param now ISO-8601 UTC
 * @throws InvalidInputError for fields that no token can have
 */
export function checkTokenFields(
  { name, role, stacks = [], permissions = [], expiresAt }: TokenFields,
  now: string,
): void {
  if (name !== undefined) check('name', newName, name);
  check('stack', patterns, stacks);
  checkPermissions(role, permissions);
  if (expiresAt !== undefined && expiresAt <= now) throw expired(expiresAt);
}

function checkPermissions(role: Role, permissions: readonly Permission[]): void {
  const unknown = permissions.find((permission) => !PERMISSIONS.includes(permission));
  const isUseless = role === 'read' && permissions.includes('force-unlock');
  if (unknown === undefined && !isUseless) return;
  const problem = isUseless ? 'a token that only reads cannot break locks' : `unknown permission "${unknown}"`;
  throw new InvalidInputError('INVALID_INPUT', `allow: ${problem}`, {
    hint: isUseless ? 'Use --role write, or leave --allow out.' : `Use one of: ${PERMISSIONS.join(', ')}.`,
    details: { field: 'allow', value: permissions },
  });
}

function check(field: string, rule: z.ZodType, value: unknown): void {
  const problem = checkShape(rule, value).error?.issues[0]?.message;
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
