import * as z from 'zod';
import { instant, type NewEvent } from '../events/index.js';
import { InvalidInputError } from '../lib/errors.js';
import { newId } from '../lib/ids.js';
import { assertJson, isJsonObject, type Json, type JsonObject } from '../lib/json.js';
import { invisibleIn, name, prose } from '../lib/text.js';
import type { Question } from '../store/edge-query.js';
import type { FactKeys, Facts } from '../store/facts.js';
import { identifier } from './identifiers.js';

const MAY_BREAK = ['yes', 'no', 'never'] as const;

/** Who sends a command, where that is not this process itself. */
export interface Caller {
  /** Whose command ids they are; see {@link LOCAL}. */
  readonly principal: string;
  /** Whether the caller may see and change the stack of this name. */
  mayReach(stack: string): boolean;
  /** Whether the caller may choose the ids of new stacks. */
  readonly mayChooseStackIds: boolean;
  /**
   * Whether the caller may break locks, and so end, renew or use a lock that another principal took. `never`: nobody may
   * who sends commands the same way.
   */
  readonly mayBreakLocks: (typeof MAY_BREAK)[number];
}

/** Longest principal in characters: `token:` and the longest name. */
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

/** Ids of this form are made here: a caller's own can never be one of them. Earlier releases made those of `terraform-`. */
const RESERVED_ID = /^(?:auto|terraform)-/;

/** An id for a command whose caller chose none. */
export const newCommandId = (): string => `auto-${newId()}`;

/** What every command may carry beside its own fields. */
export const envelopeSchema = z.strictObject({
  /**
   * Sent again with the same id by the same principal for the same stack, a command does nothing and returns its first
   * receipt; another command with the id is refused. Default: a new one.
   */
  commandId: name(128)
    .refine((id) => !RESERVED_ID.test(id), 'must not begin with auto- or terraform-: such ids are made by the engine')
    .optional(),
  /** Left out, the command comes from this process, which may reach everything. */
  caller: z.custom<Caller>(isCaller, 'must have a principal, mayReach, mayChooseStackIds and mayBreakLocks').optional(),
  /** Stands for what the caller sent, where the command was made from it: two commands with the same are equal. */
  content: z.string().max(1_024, 'must not be longer than 1024 characters').optional(),
  actor: name(),
  /** Through what it came: `cli`, `api`, `terraform`, `migration` … */
  source: name(64).default('api'),
  /** Kept with the events, shown as the version's description. */
  reason: prose().optional(),
  correlationId: name(128).optional(),
  causationId: name(128).optional(),
  /** The state version the caller has seen; another one is refused. 0: the stack must not exist yet. */
  expectedVersion: z.int().nonnegative().optional(),
  /** The lock the caller holds on the stack. */
  lockId: name(128).optional(),
  /** The token its lock came with: refuses a lock taken anew under the same id. */
  fencingToken: z.int().positive().optional(),
  /** The command was carried out elsewhere before: its events carry the time it was, and say by which migration they came, and whose. */
  imported: z
    .strictObject({ migration: name(128), by: name(), at: instant, happened: instant })
    .refine(({ at, happened }) => happened <= at, { path: ['happened'], message: 'must not be later than `at`' })
    .optional(),
});
export type Envelope = z.infer<typeof envelopeSchema>;
export type EnvelopeInput = z.input<typeof envelopeSchema>;

/** What a decision knows beside the facts. */
export type Context = Envelope & {
  /** The instant the events will carry. */
  readonly now: string;
};

/** What the stack must be for the command to make sense. */
export type Target = 'absent' | 'live' | 'live or absent' | 'deleted' | 'live or deleted';

/** A command: its schema, the facts it needs and its decision. All three are pure. */
export interface CommandModule<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  /** What people call it in the log: `apply`, `rollback` … Some commands are known by several names. */
  readonly kind: string | ((payload: z.output<Schema>) => string);
  readonly target: Target | ((payload: z.output<Schema>) => Target);
  /**
   * `held`: on a locked stack the caller must hold the lock. `free`: changes no state, so no lock is needed. `own`: is about
   * the lock itself; its events carry the caller's principal.
   */
  readonly lock: 'held' | 'free' | 'own';
  facts(payload: z.output<Schema>): FactKeys;
  /**
   * The events, or what must be known of dependencies before there can be any.
   * @throws SlothError when the command cannot be accepted
   */
  decide(payload: z.output<Schema>, facts: Facts, context: Context): readonly NewEvent[] | Question;
}

export const defineCommand = <Schema extends z.ZodType>(module: CommandModule<Schema>): CommandModule<Schema> => module;

/**
 * For names that people choose here: of stacks and tags, which decide who reaches what. One with an invisible character would
 * pass for another. It is refused where a name is new alone, so that what has such a name already can be used and renamed.
 * Addresses of resources, and what a migration brings, are other programs' names and are kept exactly.
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

/** A stack's id or name, as the caller knows it. */
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
