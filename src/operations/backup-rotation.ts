import { basename } from 'node:path';
import { MEMORY } from '../lib/database-url.js';

/** Which of a database's backups stay when they are rotated. */
export interface Rotation {
  /** How many stay; at least 1. */
  readonly keep: number;
  /** Of each interval of this many milliseconds, counted from 1970 in UTC, only the newest stays; left out, all do. */
  readonly every?: number | undefined;
}

/** `20260131T120000Z`: an instant to the second as names of files hold it, in order of time. */
export const stampOf = (instant: string): string => instant.replace(/[-:]|\.\d+/g, '');

/** What the backups of a database are called by: the name of its file, without `.db`. */
const stem = (database: string): string => (database === MEMORY ? 'memory' : basename(database).replace(/\.db$/, ''));

export const backupName = (database: string, instant: string): string => `${stem(database)}-${stampOf(instant)}.db`;

const STAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;

/** The instant a backup of this database was made, in milliseconds; undefined for any other name. */
function instantOf(name: string, database: string): number | undefined {
  const prefix = `${stem(database)}-`;
  const stamp = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  const instant = stamp.replace(STAMP, '$1-$2-$3T$4:$5:$6.000Z');
  const time = Date.parse(instant);
  return STAMP.test(stamp) && !Number.isNaN(time) && new Date(time).toISOString() === instant ? time : undefined;
}

/**
 * Which of the names in a folder are backups of this database that are to go: all but the newest of each interval, and
 * of those all but the newest `keep`. Never the one just made, and never a name that no backup of it has.
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
