import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { scratchFolder } from './folder.js';

/** Whether tests run without gdb. Only if the variable is set, and with a warning; otherwise they fail without it. */
export function withoutGdb(): boolean {
  const skipped = process.env.SLOTH_WITHOUT_GDB === '1';
  if (skipped) console.warn('\n*** NOT TESTED: processes stopped by gdb, as SLOTH_WITHOUT_GDB=1 says ***\n');
  return skipped;
}

export function requireGdb(): void {
  const { error } = spawnSync('gdb', ['--version']);
  if (error) throw new Error('this test needs gdb: install it, or set SLOTH_WITHOUT_GDB=1', { cause: error });
}

/** Runs a script of this folder under gdb until it calls a native function for the second time, and pauses it there. */
export async function stoppedAt(native: string, script: string, ...args: readonly string[]) {
  const commands = join(scratchFolder(), 'commands.gdb');
  writeFileSync(
    commands,
    [
      'set debuginfod enabled off',
      'set disable-randomization off',
      'set breakpoint pending on',
      `break ${native}`,
      'ignore 1 1',
      'run',
      'info breakpoints',
      'shell echo STOPPED; read line',
      'delete',
      'continue',
    ].join('\n'),
  );
  const file = new URL(script, import.meta.url).pathname;
  const gdb = spawn('gdb', ['--batch', '-x', commands, '--args', process.execPath, file, ...args]);
  let printed = '';
  for (const stream of [gdb.stdout, gdb.stderr]) stream.setEncoding('utf8').on('data', (text) => (printed += text));
  const ended = new Promise<number | null>((resolve) => gdb.on('close', resolve));
  let over = false;
  void ended.then(() => (over = true));
  while (!over && !printed.includes('STOPPED')) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(printed, `gdb must stop at ${native}: is the native code built with its symbols?`).toMatch(
    /breakpoint already hit 2 times/,
  );
  return {
    /** Resumes the process until its end, and returns the output of both. */
    async resume(): Promise<string> {
      gdb.stdin.end('\n');
      expect(await ended, printed).toBe(0);
      return printed;
    },
  };
}
