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
import type { Done, PackedError } from './messages.js';

const CLASSES = { ConflictError, ForbiddenError, IntegrityError, InvalidInputError, LockedError, NotFoundError };

/** An error for another thread. What is no error of ours is a bug, whose stack crosses. */
export function packError(error: unknown): Extract<Done, { refusal: unknown } | { failure: unknown }> {
  if (!(error instanceof SlothError)) return { failure: String((error as Error)?.stack ?? error) };
  const { name, code, message, hint, details } = error;
  return { refusal: { name, code, message, hint, details } };
}

export function unpackError({ name, code, message, hint, details }: PackedError): SlothError {
  const Class = CLASSES[name as keyof typeof CLASSES] ?? StoreError;
  return new Class(code, message, { ...(hint === undefined ? {} : { hint }), details });
}
