import { ConflictError, ForbiddenError, InvalidInputError } from '../lib/errors.js';
import type { Facts } from '../store/facts.js';
import type { Caller } from './command.js';
import type { Identifier, IdentifierKind } from './identifiers.js';

/**
 * Authorises all identifiers of a command, inside the transaction that decides it, so that their meaning cannot change in
 * between. A stack that does not exist is checked by the reference itself, so a caller learns nothing about stacks out of
 * reach.
 * @throws ForbiddenError `OUT_OF_REACH`; InvalidInputError for an id that the caller may not choose
 */
export function authorize(caller: Caller, identifiers: readonly Identifier[], facts: Facts): void {
  for (const one of identifiers) RULES[one.kind]?.(caller, one, facts);
}

type Rule = (caller: Caller, identifier: Identifier, facts: Facts) => void;

/** Kinds without a rule are looked up within the stack, which has one. */
const RULES: { readonly [K in IdentifierKind]: Rule | undefined } = {
  stack: (caller, { value }, { stack, deletedStack }) => reach(caller, (stack ?? deletedStack)?.name ?? value, value),
  stackName: (caller, { value }) => reach(caller, value, value),
  stackId: ({ mayChooseStackIds }, { field }) => {
    if (!mayChooseStackIds) throw idsAreMade(field);
  },
  resource: undefined,
  resourceId: undefined, // a refusal names only resources of this stack
  lock: undefined, // the guard checks the owner together with the lock itself
  execution: undefined,
};

function reach({ principal, mayReach }: Caller, name: string, ref: string): void {
  if (!mayReach(name)) throw outOfReach(principal, `stack "${ref}"`);
}

export const outOfReach = (principal: string, what: string): ForbiddenError =>
  new ForbiddenError('OUT_OF_REACH', `"${nameOf(principal)}" has no access to ${what}`, {
    hint: 'Use a token whose --stack pattern covers it.',
  });

/**
 * Refuses a caller that may not break locks; callers within this process may.
 * @param what the refused action
 * @throws ForbiddenError `PERMISSION_MISSING`; ConflictError `FORCE_UNLOCK_REFUSED` if nobody may
 */
export function requireLockBreaking(caller: Caller | undefined, what: string): void {
  if (!caller || caller.mayBreakLocks === 'yes') return;
  if (caller.mayBreakLocks === 'never') {
    throw new ConflictError('FORCE_UNLOCK_REFUSED', `${what}: no lock may be broken through this server`, {
      hint: 'It was started with --no-force-unlock. Break the lock with: sloth-runner stack state unlock --force --reason TEXT',
    });
  }
  throw new ForbiddenError('PERMISSION_MISSING', `${what}: "${nameOf(caller.principal)}" may not break locks`, {
    hint: 'Use a token that was created with --allow force-unlock, or ask the holder to release the lock.',
    details: { permission: 'force-unlock' },
  });
}

const nameOf = (principal: string): string => principal.replace(/^token:/, '');

const idsAreMade = (field: string): InvalidInputError =>
  new InvalidInputError('INVALID_INPUT', `${field}: the server chooses the ids of stacks`, {
    hint: `Leave "${field}" out; the answer has the id.`,
    details: { field },
  });
