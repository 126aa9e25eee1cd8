import { closeSync, openSync, readSync } from 'node:fs';

/** "SLTH": tells our files from other SQLite databases. */
export const APPLICATION_ID = 0x53_4c_54_48;

/** What a database file says of itself in its first 100 bytes (https://www.sqlite.org/fileformat.html §1.3). */
export interface SqliteHeader {
  readonly applicationId: number;
  readonly userVersion: number;
  /** The file format that is needed to write it, or to read it where that is larger. */
  readonly format: number;
  /** Whether commits are written ahead (`-wal`) instead of over a rollback journal (`-journal`). */
  readonly walMode: boolean;
}

/**
 * Reads a file's header without SQLite, so that nothing else is opened or written; undefined where it is no database.
 * @throws the system's error where it cannot be read
 */
export function sqliteHeader(path: string): SqliteHeader | undefined {
  const header = Buffer.alloc(100);
  const file = openSync(path, 'r');
  try {
    const length = readSync(file, header, 0, 100, 0);
    if (length < 100 || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') return undefined;
  } finally {
    closeSync(file);
  }
  return {
    applicationId: header.readUInt32BE(68),
    userVersion: header.readUInt32BE(60),
    format: Math.max(header.readUInt8(18), header.readUInt8(19)),
    walMode: header.readUInt8(19) === 2,
  };
}
