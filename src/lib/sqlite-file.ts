import { closeSync, openSync, readSync } from 'node:fs';

/** "SLTH": distinguishes our files from other SQLite databases. */
export const APPLICATION_ID = 0x53_4c_54_48;

/** The fields of a database file's first 100 bytes (https://www.sqlite.org/fileformat.html §1.3). */
export interface SqliteHeader {
  readonly applicationId: number;
  readonly userVersion: number;
  /** The required file format version for writing, or for reading if that is larger. */
  readonly format: number;
  /** Whether the database uses a write-ahead log (`-wal`) instead of a rollback journal (`-journal`). */
  readonly walMode: boolean;
}

/**
 * Reads a file's header without SQLite, so that nothing else is opened or written; undefined if it is not a database.
 * @throws the system's error if the file cannot be read
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
