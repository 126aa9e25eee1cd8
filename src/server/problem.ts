import { ConflictError, InvalidInputError, LockedError, NotFoundError, type SlothError } from '../lib/errors.js';
import { ForbiddenError, UnauthorizedError } from './access.js';

/** An error as defined by RFC 9457, with the additional fields of our errors: `code`, `hint`, `details`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Codes whose status is not that of their class. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  DOCUMENT_TOO_LARGE: 413,
  BODY_TOO_LARGE: 413,
  BODY_UNEXPECTED: 413,
  UNSUPPORTED_ENCODING: 415,
  UNSUPPORTED_MEDIA_TYPE: 415,
  FOREIGN_HOST: 421,
  REQUEST_TIMEOUT: 408,
  HEADERS_TOO_LARGE: 431,
  TOO_MANY_FAILURES: 429,
  TOO_MANY_STREAMS: 429,
  SERVER_BUSY: 503,
  LOCK_NOT_HELD: 409,
  COMMAND_ID_REUSED: 422,
  TOO_BUSY: 503,
  ANSWER_TOO_LARGE: 507,
  CLIENT_LEFT: 499, // nobody reads it; proxies write it into their logs
};

/** Failures of the database, its disk or the limits of the process: the request is valid, and may be sent again. */
const UNAVAILABLE: ReadonlySet<string> = new Set([
  'ACCESS_DENIED',
  'CANNOT_CONNECT',
  'CANNOT_OPEN',
  'DATABASE_BUSY',
  'DATABASE_MOVED',
  'DATABASE_NOT_FOUND',
  'DISK_ERROR',
  'DISK_FULL',
  'NEWER_EVENT',
  'NO_SUCH_DATABASE',
  'OUTCOME_UNKNOWN',
  'OUT_OF_MEMORY',
  'READ_ONLY',
  'STORE_CLOSED',
  'SYSTEM_ERROR',
  'TOO_MANY_CONNECTIONS',
  'TOO_MANY_FILES',
  'TOO_SLOW',
  'WRITES_STOPPED',
]);

/** The Retry-After in seconds of a request that the database could not serve. */
export const RETRY_AFTER = 5;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  499: 'Client Closed Request',
  503: 'Service Unavailable',
  507: 'Insufficient Storage',
};

function statusOf(error: SlothError): number {
  const special = STATUS_OF_CODE[error.code];
  if (special !== undefined) return special;
  if (UNAVAILABLE.has(error.code)) return 503;
  if (error instanceof InvalidInputError) return 400;
  if (error instanceof UnauthorizedError) return 401;
  if (error instanceof ForbiddenError) return 403;
  if (error instanceof NotFoundError) return 404;
  if (error instanceof ConflictError) return 409;
  if (error instanceof LockedError) return 423;
  return 500;
}

/** @param status if it is not the error's own: a version from `If-Match` is a failed precondition */
export function problemOf(error: SlothError, status = statusOf(error)): Problem {
  return {
    type: `urn:sloth-runner:problem:${error.code}`,
    title: TITLES[status] ?? 'Error',
    status,
    detail: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(Object.keys(error.details).length === 0 ? {} : { details: error.details }),
  };
}

/** An internal error: the log has the details, the response does not. */
export const INTERNAL: Problem = {
  type: 'urn:sloth-runner:problem:INTERNAL',
  title: 'Internal Server Error',
  status: 500,
  detail: 'the server failed',
  code: 'INTERNAL',
  hint: 'This is a bug; the log of the server says more.',
};
