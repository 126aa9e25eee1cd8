import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StoreError } from '../kernel/errors.js';

/**
 * For input that is read as a file is, and may be larger than memory: standard input, for `-`, is first put into a
 * temporary file, mode 0600, which is gone when `use` has ended.
 * @param use gets the file and what it is called in errors
 * @throws StoreError `CANNOT_WRITE` where there is no room for it
 */
export async function withInputFile<T>(path: string, use: (file: string, name: string) => Promise<T>): Promise<T> {
  if (path !== '-') return use(path, path);
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-'));
  const clear = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', clear); // also where a signal ends the process by `process.exit`
  try {
    const file = join(folder, 'standard-input');
    try {
      await pipeline(process.stdin, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
    } catch (cause) {
      throw new StoreError('CANNOT_WRITE', `cannot keep standard input in ${folder} (${(cause as Error).message})`, {
        hint: 'Set TMPDIR to a folder with more space, or give a file.',
        details: { field: 'file', folder },
        cause,
      });
    }
    return await use(file, 'standard input');
  } finally {
    clear();
  }
}
