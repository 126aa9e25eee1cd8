import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The process's limit of open files and sockets; undefined if the system sets none. */
export function descriptorLimit(): number | undefined {
  const text = softLimit();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function softLimit(): string | undefined {
  try {
    if (process.platform === 'linux') {
      return /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    }
    if (process.platform === 'win32') return undefined;
    return execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
