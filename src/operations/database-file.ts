import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isMemory, isPostgresUrl, shownLocation, unsupportedScheme } from '../lib/database-url.js';
import { InvalidInputError, StoreError } from '../lib/errors.js';
import { statOf } from '../lib/files.js';

/**
 * The file of a database path, whether it exists or not: if the path is a link, the link stays, and other files are put
 * beside its target.
 * @param what the action that needs a file: `a backup is restored`
 */
export function databaseFile(path: string, what: string): string {
  if (path === '' || isMemory(path) || isPostgresUrl(path) || unsupportedScheme(path) !== undefined) {
    throw new InvalidInputError('NOT_A_FILE', `${what} to a file, not to "${shownLocation(path)}"`, {
      hint: 'Name a database file.',
      details: { field: 'db' },
    });
  }
  const stat = statOf(path);
  const folder = statOf(dirname(path));
  if ((stat && !stat.isFile()) || (folder && !folder.isDirectory())) {
    throw new StoreError('CANNOT_OPEN', `the database path is not a file: ${path}`, {
      hint: 'Choose a file.',
      details: { field: 'db', database: path },
    });
  }
  return stat ? realpathSync(path) : resolve(path);
}
