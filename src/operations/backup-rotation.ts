import { basename } from 'node:path';
import { MEMORY } from '../lib/database-url.js';

/** Which backups of a database are kept by a rotation. */
export interface Rotation {
  /** The number of backups to keep; at least 1. */
  readonly keep: number;
  /** Keep only the newest of each interval of this many milliseconds, counted from 1970 in UTC; without it, all count. */
  readonly every?: number | undefined;
}

/** `20260131T120000Z`: a timestamp to the second for file names, which sort by time. */
export const stampOf = (instant: string): string => instant.replace(/[-:]|\.\d+/g, '');

/** The prefix of a database's backups: the name of its file, without `.db`. */
const stem = (database: string): string => (database === MEMORY ? 'memory' : basename(database).replace(/\.db$/, ''));

export const backupName = (database: string, instant: string): string => `${stem(database)}-${stampOf(instant)}.db`;

const STAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;

/** The time of a backup of this database, in milliseconds; undefined for any other name. */
function instantOf(name: string, database: string): number | undefined {
  const prefix = `${stem(database)}-`;
  const stamp = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  const instant = stamp.replace(STAMP, '$1-$2-$3T$4:$5:$6.000Z');
  const time = Date.parse(instant);
  return STAMP.test(stamp) && !Number.isNaN(time) && new Date(time).toISOString() === instant ? time : undefined;
}

/**
 * The names in a folder that are backups of this database to delete: all except the newest of each interval, and of those
 * all except the newest `keep`. Never the new backup, and never a name in another format.
 */
export function superseded(
  names: readonly string[],
  database: string,
  { keep, every = 1 }: Rotation,
  made: string,
): readonly string[] {
  const newestFirst = names
    .flatMap((name) => {
      const time = instantOf(name, database);
      return time === undefined ? [] : [{ name, interval: Math.floor(time / every) }];
    })
    .sort((a, b) => (a.name < b.name ? 1 : -1));
  const stays = newestFirst
    .filter(({ interval }, index) => interval !== newestFirst[index - 1]?.interval)
    .slice(0, keep);
  return newestFirst.filter((backup) => !stays.includes(backup) && backup.name !== made).map(({ name }) => name);
}
