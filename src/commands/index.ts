import type * as z from 'zod';
import { InvalidInputError } from '../lib/errors.js';
import { recordActivity } from './activity.js';
import { apply } from './apply.js';
import type { EnvelopeInput } from './command.js';
import { addDependency, removeDependency } from './dependency.js';
import { detectDrift } from './drift.js';
import { acceptDrift } from './drift-accept.js';
import { ignoreDrift, resolveDrift } from './drift-close.js';
import { addDriftRule, removeDriftRule } from './drift-rule.js';
import { completeExecution, failExecution, startExecution } from './execution.js';
import { acquireLock, breakLock, releaseLock, renewLock } from './lock.js';
import { type Prepared, prepare } from './prepare.js';
import { rollback, takeSnapshot } from './rollback.js';
import { setResource } from './set-resource.js';
import { createStack, deleteStack, restoreStack, updateStack } from './stack.js';
import { addTags, removeTags } from './tag.js';

/** Every command, by its `type`. */
export const COMMANDS = {
  createStack,
  updateStack,
  deleteStack,
  restoreStack,
  apply,
  setResource,
  addDependency,
  removeDependency,
  takeSnapshot,
  rollback,
  startExecution,
  completeExecution,
  failExecution,
  detectDrift,
  resolveDrift,
  ignoreDrift,
  acceptDrift,
  addDriftRule,
  removeDriftRule,
  acquireLock,
  renewLock,
  releaseLock,
  breakLock,
  addTags,
  removeTags,
  recordActivity,
};

export type CommandType = keyof typeof COMMANDS;
/** A command as a caller writes it; fields with a default are optional. */
export type Command = { [T in CommandType]: z.input<(typeof COMMANDS)[T]['schema']> }[CommandType];

export type { Caller, CommandModule, Context, Envelope, EnvelopeInput } from './command.js';
export { envelopeSchema } from './command.js';
export { type Prepared, prepare };

/**
 * The same for a command of any type.
 * @throws InvalidInputError with the first invalid field
 */
export const prepareAny = (command: Command, envelope: EnvelopeInput): Prepared =>
  prepare(moduleOf(command), command, envelope);

function moduleOf(command: Command) {
  const type: unknown = (command as { readonly type?: unknown } | null)?.type;
  if (typeof type === 'string' && Object.hasOwn(COMMANDS, type)) return COMMANDS[type as CommandType];
  throw new InvalidInputError('UNKNOWN_COMMAND', `no command of type "${String(type)}"`, {
    hint: `Use one of: ${Object.keys(COMMANDS).join(', ')}.`,
    details: { field: 'type' },
  });
}
