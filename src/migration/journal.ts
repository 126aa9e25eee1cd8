import { readFileSync, rmSync } from 'node:fs';
import * as z from 'zod';
import { ConflictError, StoreError } from '../lib/errors.js';
import { statOf } from '../lib/files.js';
import { stringifyJson } from '../lib/json.js';
import { writeNewFile } from '../lib/new-file.js';
import type { Migration } from './take.js';

const entrySchema = z.strictObject({
  migration: z.string(),
  by: z.string(),
  started_at: z.iso.datetime({ precision: 3 }),
  source: z.string(),
  backup: z.string().nullable(),
});
type JournalEntry = z.infer<typeof entrySchema>;

/** A migration that is in progress. */
export interface Begun extends Omit<Migration, 'resumed'> {
  readonly backup: string | null;
}

/** The file beside a target that names the migration in progress; removed at its end. */
export interface Journal {
  /** The interrupted migration, if there is one. */
  readonly begun: Begun | undefined;
  write(begun: Begun): Promise<void>;
  remove(): void;
}

/** @throws ConflictError if the migration of another source is in progress */
export function openJournal(target: string, source: string): Journal {
  const file = `${target}.migration`;
  const entry = read(file);
  if (entry && entry.source !== source) {
    throw new ConflictError('MIGRATION_UNDER_WAY', `the migration of another source was interrupted: ${entry.source}`, {
      hint: `Finish it with: stack migrate --source ${entry.source}; or delete ${file} to leave it as it is.`,
      details: { field: 'source', file, source: entry.source },
    });
  }
  return {
    begun: entry && { id: entry.migration, by: entry.by, at: entry.started_at, backup: entry.backup },
    write: ({ id, by, at, backup }) => {
      const begun: JournalEntry = { migration: id, by, started_at: at, source, backup };
      return writeNewFile(file, 'target', { overwrite: true }, async (write) => write(`${stringifyJson(begun, 2)}\n`));
    },
    remove: () => rmSync(file, { force: true }),
  };
}

function read(file: string): JournalEntry | undefined {
  if (!statOf(file)) return undefined;
  try {
    return entrySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new StoreError('CANNOT_READ', `the record of a migration under way cannot be read: ${file}`, {
      hint: 'Delete it to start a new migration: migrated rows are recognised, and not migrated twice.',
      details: { field: 'target', file },
      cause,
    });
  }
}
