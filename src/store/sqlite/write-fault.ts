import { codeOf, StoreError } from '../../lib/errors.js';
import { isIoError } from '../../lib/sqlite-damage.js';

/** I/O errors without a write, after which the content of the disk is known. */
const HARMLESS = /^SQLITE_IOERR_(READ|SHORT_READ|CORRUPTFS|NOMEM|BLOCKED|ACCESS|FSTAT|.*LOCK)$/;

/**
 * Stops all writes of a process after a failed write or flush. The kernel may have dropped the pages that it could not
 * write and then report the next flush as successful: commits acknowledged after that may not be on the disk.
 */
export interface WriteFault {
  /** @throws StoreError `WRITES_STOPPED` after a write failed */
  check(): void;
  /** Records the error of a write transaction; returns whether writing stops. */
  note(error: unknown): boolean;
  /** Runs a write transaction between `check` and `note`. */
  during<T>(write: () => T | Promise<T>): Promise<T>;
}

/** @param onStop called with the first such error */
export function writeFault(path: string, onStop: (error: StoreError) => void = () => {}): WriteFault {
  let stopped: StoreError | undefined;
  const check = (): void => {
    if (stopped) throw writesStopped(path, stopped.cause);
  };
  const note = (error: unknown): boolean => {
    const code = codeOf(error);
    if (!isIoError(code) || HARMLESS.test(code)) return false;
    if (!stopped) {
      stopped = writesStopped(path, error);
      onStop(stopped);
    }
    return true;
  };
  return {
    check,
    note,
    during: async (write) => {
      check();
      try {
        return await write();
      } catch (error) {
        note(error);
        throw error;
      }
    },
  };
}

function writesStopped(path: string, cause: unknown): StoreError {
  const first = cause instanceof Error ? cause.message : String(cause);
  const text = `this process takes no more changes, because writing to the disk failed: ${path} (${first}, ${codeOf(cause)})`;
  return new StoreError('WRITES_STOPPED', text, {
    hint: 'Check the disk, run sloth-runner audit verify, then start again.',
    details: { database: path, sqlite: codeOf(cause) },
    cause,
  });
}

/** For a failed commit: after a crash all of it or none may exist, as the next start shows. */
export const commitFailed = (path: string, cause: unknown): StoreError => {
  const first = cause instanceof Error ? cause.message : String(cause);
  const text = `the database could not be read or written: ${path} (${first}); the change is not acknowledged`;
  return new StoreError('DISK_ERROR', text, {
    hint: 'Check the disk, its free space and file size limits, and run sloth-runner audit verify. A command with an id of your own may be repeated with that id.',
    details: { database: path, sqlite: codeOf(cause) },
    cause,
  });
};
