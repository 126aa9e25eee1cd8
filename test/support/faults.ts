import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { scratchFolder } from './folder.js';

const SOURCE = new URL('faults.c', import.meta.url).pathname;

/**
 * Whether tests run without a C compiler, which makes system calls fail. Only if the variable is set, and with a warning;
 * otherwise they fail without it.
 */
export function withoutCompiler(): boolean {
  const without = process.env.SLOTH_WITHOUT_CC === '1';
  if (without) console.warn('\n*** NOT TESTED: disks that fail, as SLOTH_WITHOUT_CC=1 says ***\n');
  return without;
}

let library: string | undefined;

function built(): string {
  if (library) return library;
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-faults-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  library = join(folder, 'faults.so');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'], { stdio: 'pipe' });
  } catch (cause) {
    library = undefined;
    throw new Error('no C compiler: install gcc, or set SLOTH_WITHOUT_CC=1 to leave these tests out', { cause });
  }
  return library;
}

/** A system call to fail, see faults.c. */
export interface Fault {
  readonly call: 'open' | 'openw' | 'read' | 'write' | 'sync';
  /** The end of the file's name. */
  readonly file: string;
  readonly error: keyof typeof constants.errno;
  /** How many such calls succeed first. Default: 0. */
  readonly after?: number;
  /** How many fail after that. Default: all. */
  readonly times?: number;
}

/** The environment of a process whose calls fail as set by `set`, from that call on. */
export function faults(...first: readonly Fault[]) {
  const rules = join(scratchFolder(), 'rules');
  const set = (...given: readonly Fault[]): void =>
    writeFileSync(
      rules,
      given
        .map(({ call, file, error, after = 0, times = 0 }) =>
          [call, file, constants.errno[error], after, times].join(' '),
        )
        .join('\n'),
    );
  set(...first);
  return { env: { SLOTH_FAULTS: rules, LD_PRELOAD: built() }, set };
}
