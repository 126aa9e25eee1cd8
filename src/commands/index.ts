import type { z } from 'zod';
import { recordActivity } from './activity.js';
import { apply } from './apply.js';
import { addDependency, removeDependency } from './dependency.js';
import { detectDrift } from './drift.js';
import { acceptDrift } from './drift-accept.js';
import { ignoreDrift, resolveDrift } from './drift-close.js';
import { addDriftRule, removeDriftRule } from './drift-rule.js';
import { completeExecution, failExecution, startExecution } from './execution.js';
import { acquireLock, breakLock, releaseLock, renewLock } from './lock.js';
import { rollback, takeSnapshot } from './rollback.js';
import { createStack, deleteStack, restoreStack, updateStack } from './stack.js';
import { addTags, removeTags } from './tag.js';

/** Every command, by the `type` it is sent with. */
export const COMMANDS = {
  createStack,
  updateStack,
  deleteStack,
  restoreStack,
  apply,
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
/** A command as a caller writes it; fields with a default may be left out. */
export type Command = { [T in CommandType]: z.input<(typeof COMMANDS)[T]['schema']> }[CommandType];

export type { CommandModule, Context, Envelope, EnvelopeInput } from './command.js';
export { envelopeSchema } from './command.js';
export { prepare } from './prepare.js';
