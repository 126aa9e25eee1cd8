import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { type LogHead, StateBackend, type StoredEvent } from '../../src/index.js';

const script = (name: string): string => new URL(name, import.meta.url).pathname;

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The lines that were written completely. */
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** Runs one of the scripts in this folder on the built code. `end` closes its input. */
export function start(name: string, ...args: readonly (string | number)[]) {
  const child = spawn(process.execPath, [script(name), ...args.map(String)]);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, lines: stdout.split('\n').slice(0, -1), stderr }));
  });
  return {
    finished,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    printed: () => stdout.split('\n').length - 1,
    end: (): Promise<Finished> => {
      child.stdin.end();
      return finished;
    },
  };
}

/** When a process is killed: this many milliseconds after this many lines. */
export interface Death {
  readonly lines: number;
  readonly wait: number;
}

/** Runs such a process up to that point, or to its end if that is earlier. */
export async function killedAt({ lines, wait }: Death, ...what: Parameters<typeof start>): Promise<Finished> {
  const child = start(...what);
  let over = false;
  void child.finished.then(() => (over = true));
  while (!over && child.printed() < lines) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, wait));
  child.kill('SIGKILL');
  return child.finished;
}

/** A process that executes a number of commands on its own stack and on `shared`, and prints each receipt. */
export const writer = (db: string, number: number, commands: number): Promise<Finished> =>
  start('writer.mjs', db, number, commands).finished;

/** Waits until a condition holds, for up to 30 s. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 3_000) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A database with one stack, `shared`, and a number of resources of about `bytes` bytes each. */
export async function seed(db: string, resources: number, bytes = 100): Promise<LogHead> {
  await using backend = await StateBackend.open(db, { actor: 'seed' });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'shared' });
  for (let first = 0; first < resources; first += 1_000) {
    await manager.apply({
      stack: 'shared',
      resources: Array.from({ length: Math.min(1_000, resources - first) }, (_, index) => ({
        type: 'item',
        name: `r${first + index}`,
        properties: { text: `needle-${first + index} `.padEnd(bytes, 'x') },
      })),
    });
  }
  return backend.head();
}

/** The whole log of a database, after checking log and tables. */
export async function provenLog(db: string): Promise<readonly StoredEvent[]> {
  const backend = await StateBackend.open(db, { skipRebuild: true });
  const verification = await backend.getAdmin().verify();
  await backend.close();
  expect(verification.problems).toEqual([]);
  const { store } = openEngine(db);
  const events = await store.events({ limit: 10_000_000 });
  await store.close();
  return events;
}

/** Changes one byte of a file at the last place of a text: freed space of earlier pages may contain it too. */
export function damage(file: string, text: string, bits?: number): void {
  const at = readFileSync(file).lastIndexOf(text);
  expect(at).toBeGreaterThan(0);
  spoilByte(file, at, bits);
}

export function spoilByte(file: string, at: number, bits = 1): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] as number) ^ bits;
  writeFileSync(file, bytes);
}

/** Writes another schema version into the header of a file. */
export function saySchema(file: string, schema: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt32BE(schema, 60);
  writeFileSync(file, bytes);
}

/** The names in a folder, sorted. */
export const namesIn = (folder: string): string[] => readdirSync(folder).sort();

/** The names beside a file that start with its name, except its own and SQLite's. */
export const besides = (file: string): string[] =>
  namesIn(dirname(file)).filter(
    (name) => name.startsWith(basename(file)) && !/^(-wal|-shm)?$/.test(name.slice(basename(file).length)),
  );
