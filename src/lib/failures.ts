import { codeOf, type ErrorDetails, StoreError } from './errors.js';

/** The ways in which a disk, a file system or the limits of a process fail. Each is a stable code of {@link StoreError}. */
export type Failure =
  | 'DISK_FULL'
  | 'DISK_ERROR'
  | 'READ_ONLY'
  | 'CANNOT_OPEN'
  | 'TOO_MANY_FILES'
  | 'OUT_OF_MEMORY'
  | 'SYSTEM_ERROR';

const WORDS: Readonly<Record<Failure, { text(subject: string): string; readonly hint: string }>> = {
  DISK_FULL: {
    text: (subject) => `no space left for ${subject}`,
    hint: 'Free some space and try again; nothing was changed.',
  },
  DISK_ERROR: {
    text: (subject) => `${subject} could not be read or written`,
    hint: 'Check the disk, its free space and file size limits, then try again.',
  },
  READ_ONLY: {
    text: (subject) => `${subject} cannot be written`,
    hint: 'Give yourself write permission on the file and its folder, or choose another one with --db.',
  },
  CANNOT_OPEN: {
    text: (subject) => `${subject} cannot be opened`,
    hint: 'Check that the path exists and that you may read and write it, or choose another one with --db.',
  },
  TOO_MANY_FILES: {
    text: (subject) => `${subject} cannot be opened: too many files are open`,
    hint: 'Raise the limit (ulimit -n), or close programs that have many files open, then try again.',
  },
  OUT_OF_MEMORY: {
    text: (subject) => `there is not enough memory for ${subject}`,
    hint: 'Give the process more memory and try again; nothing was changed.',
  },
  SYSTEM_ERROR: {
    text: (subject) => `the system refused an operation on ${subject}`,
    hint: 'Correct what the message says, then try again.',
  },
};

const OF_ERRNO: Readonly<Record<string, Failure>> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EIO: 'DISK_ERROR',
  ENXIO: 'DISK_ERROR',
  ENODEV: 'DISK_ERROR',
  EREMOTEIO: 'DISK_ERROR',
  ESTALE: 'DISK_ERROR',
  EFBIG: 'DISK_ERROR',
  EROFS: 'READ_ONLY',
  EACCES: 'CANNOT_OPEN',
  EPERM: 'CANNOT_OPEN',
  ENOENT: 'CANNOT_OPEN',
  ELOOP: 'CANNOT_OPEN',
  ENAMETOOLONG: 'CANNOT_OPEN',
  EMFILE: 'TOO_MANY_FILES',
  ENFILE: 'TOO_MANY_FILES',
  ENOMEM: 'OUT_OF_MEMORY',
};

/** The way in which a system call failed; undefined for other errors. */
export function failureOf(error: unknown): Failure | undefined {
  const isOfSystem = error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined;
  return OF_ERRNO[codeOf(error)] ?? (isOfSystem ? 'SYSTEM_ERROR' : undefined);
}

/**
 * @param subject what the error is about, as `the database`
 * @param where its path
 */
export const failed = (
  failure: Failure,
  subject: string,
  where: string,
  cause: unknown,
  details: ErrorDetails = {},
  hint = WORDS[failure].hint,
): StoreError => {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StoreError(failure, `${WORDS[failure].text(subject)}: ${where} (${message})`, { hint, details, cause });
};

/** A system error as an error with a next step for the user; undefined for other errors. */
export function systemError(error: unknown): StoreError | undefined {
  const failure = failureOf(error);
  if (!failure) return undefined;
  const { path, syscall } = error as NodeJS.ErrnoException;
  const hint = failure === 'CANNOT_OPEN' ? 'Check that the file exists and that you may use it.' : undefined;
  return failed(failure, 'a file', path ?? syscall ?? '', error, { ...(path && { path }) }, hint);
}

/**
 * The error for a file that the user named and that cannot be read: a disk error as such, any other by `otherwise`, as an
 * error that the user can correct.
 */
export const unreadable = (cause: unknown, otherwise: () => Error): Error =>
  (failureOf(cause) === 'DISK_ERROR' && systemError(cause)) || otherwise();
