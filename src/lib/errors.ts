/** Fields of an error for programs; printed under `details` by `--output json`. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface ErrorOptions {
  /** The next step for the user, as a full sentence. */
  readonly hint?: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/**
 * Base of every error that this library throws on purpose. `code` is stable and for programs; `message` is for people;
 * `exitCode` is the exit code of the command line. Any other error is a bug and keeps its stack.
 */
export abstract class SlothError extends Error {
  abstract readonly exitCode: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** The database or the machine failed: disk full, file unreadable, busy too long. */
export class StoreError extends SlothError {
  readonly exitCode = 1;
}

/** A value of the caller is invalid; `details.field` names it. */
export class InvalidInputError extends SlothError {
  readonly exitCode = 2;
}

/** The caller is authenticated, and lacks the permission. */
export class ForbiddenError extends SlothError {
  readonly exitCode = 1;
}

/** The requested object does not exist, or did not exist at that version. */
export class NotFoundError extends SlothError {
  readonly exitCode = 3;
}

/** The stack is locked by somebody else, or the lock of the caller is no longer held. */
export class LockedError extends SlothError {
  readonly exitCode = 4;
}

/** Another change came first: another version, or a name that is already in use. */
export class ConflictError extends SlothError {
  readonly exitCode = 5;
}

/** The stored data was changed: the hash chain, a schema or a document is invalid. */
export class IntegrityError extends SlothError {
  readonly exitCode = 7;
}

/** The `code` of an error from a driver or the operating system, or an empty string. */
export const codeOf = (error: unknown): string => String((error as { code?: unknown } | null | undefined)?.code ?? '');
