import { constants, existsSync, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { InvalidInputError } from '../../lib/errors.js';
import { shellWord } from '../../lib/shell-word.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
/**
 * Opens a file only as a reference: nothing is read, no device is started, and a pipe does not block. Node has no constant
 * for it.
 */
const O_PATH = 0o10000000;
/** A name below it is looked up in an open folder, even if the folder's path leads elsewhere by now. */
const HAS_DESCRIPTORS = process.platform === 'linux' && existsSync('/proc/self/fd');

/** File systems of the kernel and its processes: allowing a folder above them does not allow them. */
const SPECIAL = ['/proc', '/sys', '/dev'];
const MAX_LINKS = 40;

/** An open file, folder, link or device within the allowed folders. */
export interface Place {
  readonly path: string;
  readonly stat: Stats;
  /** The target of a symbolic link. */
  readonly target: string | undefined;
  /**
   * Opens exactly the file of `stat` for reading; it must be a regular one.
   * @throws Error if it was replaced
   */
  open(): Promise<FileHandle>;
}

interface Root {
  /** The requested path, absolute. */
  readonly named: string;
  /** Without symbolic links. */
  readonly real: string;
}

/**
 * The files and folders that may be probed, with everything below them. A path is accessed only if it lies in one of them by
 * its name, and again after each symbolic link. Nothing outside of them is accessed, so nothing reveals whether it exists.
 * On Linux, replacing folders meanwhile cannot lead outside. Other systems cannot open a file relative to an open folder: a
 * process that may write in an allowed folder and keeps replacing it with a link may have a file outside compared.
 */
export class AllowedPaths {
  readonly #roots: readonly Root[];

  private constructor(roots: readonly Root[]) {
    this.#roots = roots;
  }

  /** @throws InvalidInputError `PROBE_PATH_INVALID` for a path that does not exist */
  static async of(paths: readonly string[]): Promise<AllowedPaths> {
    return new AllowedPaths(await Promise.all(paths.map(rootOf)));
  }

  /**
   * Calls `use` with the open file or folder at a path and closes it afterwards. Returns undefined if the path does not exist.
   * @throws Error with the reason why it may not or cannot be accessed
   */
  async look<T>(path: string, use: (place: Place) => Promise<T>): Promise<T | undefined> {
    if (path.includes('\0')) throw new Error('"path" must not contain null bytes');
    if (path.split(sep).includes('..')) throw new Error('"path" must not contain ".."');
    const place = await this.#find(resolve(path), resolve(path)).catch(ifMissing);
    if (!place) return undefined;
    try {
      return await use(place);
    } finally {
      await place.close();
    }
  }

  async #find(path: string, asked: string, links = 0): Promise<OpenPlace> {
    const root = this.#roots.flatMap((one) => locate(one, path)).find(isAllowed);
    if (!root) throw outside(asked);
    const names = root.rest.split(sep).filter((name) => name !== '');
    let place = await OpenPlace.at(root.real, root.real);
    for (const [index, name] of names.entries()) {
      const folder = place;
      place = await folder.child(name).finally(() => folder.close());
      const rest = names.slice(index + 1);
      if (place.target === undefined || rest.length === 0) continue;
      await place.close();
      if (links === MAX_LINKS) throw new Error(`"path" cannot be looked at: more than ${MAX_LINKS} symbolic links`);
      return this.#find(resolve(folder.path, place.target, ...rest), asked, links + 1);
    }
    return place;
  }
}

class OpenPlace implements Place {
  readonly path: string;
  readonly stat: Stats;
  readonly target: string | undefined;
  readonly #handle: FileHandle | undefined;

  private constructor(path: string, stat: Stats, target: string | undefined, handle: FileHandle | undefined) {
    this.path = path;
    this.stat = stat;
    this.target = target;
    this.#handle = handle;
  }

  /** @param at the path by which it was reached */
  static async at(path: string, at: string): Promise<OpenPlace> {
    const handle = HAS_DESCRIPTORS ? await open(at, O_PATH | O_NOFOLLOW) : undefined;
    try {
      const stat = await (handle ? handle.stat() : lstat(at));
      return new OpenPlace(path, stat, stat.isSymbolicLink() ? await readlink(at) : undefined, handle);
    } catch (error) {
      await handle?.close();
      throw error;
    }
  }

  child(name: string): Promise<OpenPlace> {
    const path = join(this.path, name);
    return OpenPlace.at(path, this.#handle ? `/proc/self/fd/${this.#handle.fd}/${name}` : path);
  }

  async open(): Promise<FileHandle> {
    const flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    if (this.#handle) return open(`/proc/self/fd/${this.#handle.fd}`, flags);
    const file = await open(this.path, flags | O_NOFOLLOW);
    const { dev, ino } = await file.stat();
    if (dev === this.stat.dev && ino === this.stat.ino && (await realpath(this.path)) === this.path) return file;
    await file.close();
    throw new Error('it was replaced while it was looked at');
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

async function rootOf(path: string): Promise<Root> {
  const named = resolve(path);
  try {
    if (path === '') throw new Error('it is empty');
    return { named, real: await realpath(named) };
  } catch (cause) {
    throw new InvalidInputError('PROBE_PATH_INVALID', `--probe-path: "${path}" cannot be used: ${reasonOf(cause)}`, {
      hint: 'Give a folder that exists, or a file.',
      details: { field: 'probe-path', value: path },
      cause,
    });
  }
}

interface Located {
  readonly real: string;
  /** The remaining path from there. */
  readonly rest: string;
}

const isWithin = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder === sep ? sep : folder + sep);

const locate = ({ named, real }: Root, path: string): Located[] =>
  [named, real].filter((folder) => isWithin(folder, path)).map((folder) => ({ real, rest: relative(folder, path) }));

const isAllowed = ({ real, rest }: Located): boolean =>
  SPECIAL.every((special) => isWithin(special, real) || !isWithin(special, join(real, rest)));

const outside = (path: string): Error =>
  new Error(`"path" is outside of what may be probed: allow it with --probe-path ${shellWord(path)}`);

const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'it does not exist' : (code ?? message);
};

/** Messages of the system contain internal paths. */
function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error.code === undefined ? error : unreadable(error);
}

export const unreadable = (error: unknown): Error =>
  new Error(`"path" cannot be looked at: ${reasonOf(error)}`, { cause: error });
