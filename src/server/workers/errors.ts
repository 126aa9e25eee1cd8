import {
  ConflictError,
  ForbiddenError,
  IntegrityError,
  InvalidInputError,
  LockedError,
  NotFoundError,
  SlothError,
  StoreError,
} from '../../lib/errors.js';
import type { Failed } from './messages.js';

const CLASSES = { ConflictError, ForbiddenError, IntegrityError, InvalidInputError, LockedError, NotFoundError };

/** An error for another thread or process. Any error that is not a SlothError is a bug, whose stack is sent. */
export function packError(error: unknown): Failed {
  if (!(error instanceof SlothError)) return { failure: String((error as Error)?.stack ?? error) };
  const { name, code, message, hint, details } = error;
  return { refusal: { name, code, message, hint, details } };
}

export function unpackError(failed: Failed): Error {
  if ('failure' in failed) return new Error(failed.failure);
  const { name, code, message, hint, details } = failed.refusal;
  const Class = CLASSES[name as keyof typeof CLASSES] ?? StoreError;
  return new Class(code, message, { ...(hint === undefined ? {} : { hint }), details });
}
