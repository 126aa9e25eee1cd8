import * as z from 'zod';
import { type NewEvent, timestamp } from '../events/index.js';
import { InvalidInputError } from '../lib/errors.js';
import { newId } from '../lib/ids.js';
import { assertJson, isJsonObject, type Json, type JsonObject } from '../lib/json.js';
import { invisibleIn, name, prose } from '../lib/text.js';
import type { EdgeQuery } from '../store/edge-query.js';
import type { FactKeys, Facts } from '../store/facts.js';
import { identifier } from './identifiers.js';

const MAY_BREAK = ['yes', 'no', 'never'] as const;

/** The sender of a command, if it is not this process itself. */
export interface Caller {
  /** The owner of its command ids; see {@link LOCAL}. */
  readonly principal: string;
  /** Whether the caller may see and change the stack of this name. */
  mayReach(stack: string): boolean;
  /** Whether the caller may choose the ids of new stacks. */
  readonly mayChooseStackIds: boolean;
  /**
   * Whether the caller may break locks, and so end, renew or use a lock that another principal took. `never`: no caller of
   * this server may.
   */
  readonly mayBreakLocks: (typeof MAY_BREAK)[number];
}

/** The longest principal in characters: `token:` and the longest name. */
const MAX_PRINCIPAL = 300;

function isCaller(value: unknown): value is Caller {
  if (typeof value !== 'object' || value === null) return false;
  const { principal, mayReach, mayChooseStackIds, mayBreakLocks } = value as Partial<Caller>;
  const isNamed = typeof principal === 'string' && principal !== '' && principal.length <= MAX_PRINCIPAL;
  const saysWhat = typeof mayReach === 'function' && typeof mayChooseStackIds === 'boolean';
  return isNamed && saysWhat && mayBreakLocks !== undefined && MAY_BREAK.includes(mayBreakLocks);
}

/** The principal of a command that comes from this process. */
export const LOCAL = 'local';

/** Prefixes of generated ids: a caller may not choose such an id. Earlier releases generated those with `terraform-`. */
const RESERVED_ID = /^(?:auto|terraform)-/;

/** An id for a command without one. */
export const newCommandId = (): string => `auto-${newId()}`;

/** Fields that every command may have in addition to its own. */
export const envelopeSchema = z.strictObject({
  /**
   * A command that is sent again with the same id by the same principal for the same stack does nothing and returns its
   * first receipt; another command with the id is refused. Default: a new id.
   */
  commandId: name(128)
    .refine((id) => !RESERVED_ID.test(id), 'must not begin with auto- or terraform-: such ids are made by the engine')
    .optional(),
  /** Without it, the command comes from this process, which may reach everything. */
  caller: z.custom<Caller>(isCaller, 'must have a principal, mayReach, mayChooseStackIds and mayBreakLocks').optional(),
  /** Identifies the request from which the command was made: commands with the same value are equal. */
  content: z.string().max(1_024, 'must not be longer than 1024 characters').optional(),
  actor: name(),
  /** The source: `cli`, `api`, `terraform`, `migration` … */
  source: name(64).default('api'),
  /** Recorded with the events, shown as the version's description. */
  reason: prose().optional(),
  correlationId: name(128).optional(),
  causationId: name(128).optional(),
  /** The state version that the caller has read; another current version is refused. 0: the stack must not exist yet. */
  expectedVersion: z.int().nonnegative().optional(),
  /** The lock that the caller holds on the stack. */
  lockId: name(128).optional(),
  /** The fencing token of its lock: refuses a lock that was taken again under the same id. */
  fencingToken: z.int().positive().optional(),
  /**
   * The command was carried out in another system before: its events have the original time, and record the migration and
   * its owner.
   */
  imported: z
    .strictObject({ migration: name(128), by: name(), at: timestamp, happened: timestamp })
    .refine(({ at, happened }) => happened <= at, { path: ['happened'], message: 'must not be later than `at`' })
    .optional(),
});
export type Envelope = z.infer<typeof envelopeSchema>;
export type EnvelopeInput = z.input<typeof envelopeSchema>;

/** The inputs of a decision besides the facts. */
export type Context = Envelope & {
  /** The timestamp of the events. */
  readonly now: string;
};

/** Whether the stack must exist, or must not. */
export type Target = 'absent' | 'live' | 'live or absent' | 'deleted' | 'live or deleted';

/** A command: its schema, the facts it needs and its decision. All three are pure. */
export interface CommandModule<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  /** Its name in the history: `apply`, `rollback` … Some commands have several. */
  readonly kind: string | ((payload: z.output<Schema>) => string);
  readonly target: Target | ((payload: z.output<Schema>) => Target);
  /**
   * `held`: on a locked stack the caller must hold the lock. `free`: changes no state, so no lock is needed. `own`: is about
   * the lock itself; its events record the caller's principal.
   */
  readonly lock: 'held' | 'free' | 'own';
  facts(payload: z.output<Schema>): FactKeys;
  /**
   * The events, or an edge query whose result it needs first.
   * @throws SlothError if the command is refused
   */
  decide(payload: z.output<Schema>, facts: Facts, context: Context): readonly NewEvent[] | EdgeQuery;
}

export const defineCommand = <Schema extends z.ZodType>(module: CommandModule<Schema>): CommandModule<Schema> => module;

/**
 * For names that people choose here: of stacks and tags, which decide who may reach which stack. A name with an invisible
 * character could look like another one. Only new names are refused, so that existing ones can still be used and renamed.
 * Addresses of resources, and migrated names, belong to other programs and are kept exactly.
 * @throws InvalidInputError
 */
export function refuseInvisible(field: string, text: string, { imported }: Context): void {
  const found = invisibleIn(text);
  if (found === undefined || imported !== undefined) return;
  throw new InvalidInputError('INVALID_INPUT', `${field}: must not hold invisible characters, and holds ${found}`, {
    hint: 'Write the name without it: it would look like another name.',
    details: { field, character: found },
  });
}

/** A stack's id or name, as the caller wrote it. */
export const stackRef = identifier('stack', name());

const checked = <T extends Json>(what: string) =>
  z.custom<T>().superRefine((value, context) => {
    if (value === undefined) return context.addIssue({ code: 'custom', message: 'must be given' });
    try {
      assertJson(value, what);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      context.addIssue({ code: 'custom', message: error.message, params: { code: error.code, hint: error.hint } });
    }
  });

/** Any JSON value within the limits of one document. */
export const jsonValue = (what: string) => checked<Json>(what);

/** A JSON object within the limits of one document. */
export const jsonRecord = (what: string) => checked<JsonObject>(what).refine(isJsonObject, 'must be an object');
