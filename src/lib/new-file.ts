import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConflictError, InvalidInputError, SlothError, StoreError } from './errors.js';
import { clearedUp, flush, publish, temporaryName } from './files.js';

export interface NewFileOptions {
  /** Replace an existing file. */
  readonly overwrite?: boolean;
}

/**
 * Writes a file completely or not at all: into a temporary file beside it, mode 0600, which is flushed to disk before it is
 * renamed. If `fill` throws or the process exits, nothing is left, and an existing file stays unchanged.
 * @param field names the file in errors
 * @param fill writes the content in pieces
 * @throws ConflictError `TARGET_EXISTS`; InvalidInputError for an invalid name; StoreError `CANNOT_WRITE`
 */
export async function writeNewFile<T>(
  path: string,
  field: string,
  { overwrite = false }: NewFileOptions,
  fill: (write: (text: string) => void) => Promise<T>,
): Promise<T> {
  let partial: string | undefined;
  const clear = clearedUp(() => {
    if (partial !== undefined) rmSync(partial, { force: true });
  });
  try {
    const target = checkedTarget(path, field, overwrite);
    partial = temporaryName(target, 'partial');
    const file = openSync(partial, 'wx', 0o600);
    let result: T;
    try {
      result = await fill((text) => writeFileSync(file, text));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (overwrite) {
      renameSync(partial, target);
      flush(dirname(target));
    } else publish(partial, target);
    return result;
  } catch (error) {
    throw aboutFile(error, path, field);
  } finally {
    clear();
  }
}

/**
 * Refuses before long work what {@link writeNewFile} would refuse after it.
 * @throws ConflictError `TARGET_EXISTS`; InvalidInputError for an invalid name
 */
export function checkNewFile(path: string, field: string, { overwrite = false }: NewFileOptions): void {
  checkedTarget(path, field, overwrite);
}

/** Whether two paths are the same file. */
export function isSameFile(a: string, b: string): boolean {
  const [one, other] = [identity(a), identity(b)];
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

function identity(path: string) {
  try {
    return statSync(path);
  } catch {
    return undefined; // an inaccessible path is not a file that can be written
  }
}

/**
 * The target of a symbolic link, so that the link stays. Renaming over a device or a pipe would destroy it: it is refused.
 */
function checkedTarget(path: string, field: string, overwrite: boolean): string {
  const refuse = (code: string, message: string) =>
    new InvalidInputError(code, `${field}: ${message}`, {
      hint: 'Choose another name for the file.',
      details: { field, file: path },
    });
  if (path === '') throw refuse('NOT_A_FILE', 'the name is empty');
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat && !stat.isFile()) throw refuse('NOT_A_FILE', `only a file can be written: ${path}`);
  if (stat && !overwrite) throw targetExists(path, field);
  const target = stat ? realpathSync(path) : resolve(path);
  if (!statSync(dirname(target), { throwIfNoEntry: false })?.isDirectory()) {
    throw refuse('NO_SUCH_FOLDER', `its folder does not exist: ${dirname(target)}`);
  }
  return target;
}

const targetExists = (file: string, field: string): ConflictError =>
  new ConflictError('TARGET_EXISTS', `${field}: there is a file of this name already: ${file}`, {
    hint: 'Choose another name, or add --overwrite.',
    details: { field, file },
  });

/** The file system's error, worded for the file. */
function aboutFile(error: unknown, file: string, field: string): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof SlothError || syscall === undefined) return error;
  if (code === 'EEXIST') return targetExists(file, field);
  return new StoreError('CANNOT_WRITE', `${field}: cannot write ${file} (${message})`, {
    hint: 'Check its folder, your permissions and the free space.',
    details: { field, file },
    cause: error,
  });
}
