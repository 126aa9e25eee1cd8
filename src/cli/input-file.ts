import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidInputError, StoreError } from '../lib/errors.js';
import { standardInput } from './input.js';

/**
 * For input that is read as a file and may be larger than memory. Standard input (`-`) is first written to a temporary file
 * without a name, mode 0600, so that nothing is left of it however the process ends.
 * @param use gets the path or the descriptor of the file, and its name in errors
 * @throws StoreError `CANNOT_WRITE` if there is no room for it
 */
export async function withInputFile<T>(
  path: string,
  use: (file: string | number, name: string) => Promise<T>,
): Promise<T> {
  if (path !== '-') return use(path, path);
  const folder = tmpdir();
  let file: number | undefined;
  try {
    try {
      file = openNameless(folder);
      await copyInput(file);
    } catch (cause) {
      if (cause instanceof InvalidInputError) throw cause;
      throw new StoreError('CANNOT_WRITE', `cannot keep standard input in ${folder} (${(cause as Error).message})`, {
        hint: 'Set TMPDIR to a folder with more space, or give a file.',
        details: { field: 'file', folder },
        cause,
      });
    }
    return await use(file, 'standard input');
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function openNameless(folder: string): number {
  const own = mkdtempSync(join(folder, 'sloth-runner-'));
  try {
    return openSync(join(own, 'input'), 'wx+', 0o600);
  } finally {
    rmSync(own, { recursive: true });
  }
}

/** Written by position, so that reading starts at the beginning. */
async function copyInput(file: number): Promise<void> {
  let position = 0;
  for await (const chunk of standardInput() as AsyncIterable<Buffer>) {
    for (let done = 0; done < chunk.length; ) {
      const written = writeSync(file, chunk, done, chunk.length - done, position);
      done += written;
      position += written;
    }
  }
}
