import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** Runs a script with the sqlite3 program, like `sqlite3 DATABASE < SCRIPT`. */
export function runSqlite3(database: string, script: string) {
  const input = openSync(script, 'r');
  const { status, stdout, stderr, error } = spawnSync('sqlite3', [database], {
    stdio: [input, 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  closeSync(input);
  if (error) throw error;
  return { code: status, stdout, stderr };
}

/** Whether there is no sqlite3 program that supports our views. Prints a warning, because something is not tested. */
export function withoutSqlite3(): boolean {
  const { stdout = '' } = spawnSync('sqlite3', ['--version'], { encoding: 'utf8' });
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  const usable = Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 38);
  if (!usable) console.warn('\n*** NOT TESTED: scripts by the sqlite3 program; there is none of 3.38 or later ***\n');
  return !usable;
}
