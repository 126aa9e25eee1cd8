import type { Writable } from 'node:stream';
import type { execa as Execa } from 'execa';

export interface GroupOptions {
  /** The command is a line for the shell; there are no arguments then. */
  readonly shell?: boolean;
  /** Beside those of our own process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly graceMs: number;
}

/** How a program ended; `failure` where it could not be started, as the system says it: `ENOENT`. */
export interface End {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly failure: string | undefined;
}

/**
 * A program in a process group of its own, so that it can be ended with all it has started: a shell passes no signal on,
 * and what it leaves behind would keep its output open. Both outputs must be read; each can be read once, and just ends where
 * the program was ended.
 */
export interface Group {
  readonly stdin: Writable;
  readonly stdout: AsyncIterable<Buffer>;
  readonly stderr: AsyncIterable<Buffer>;
  /** Resolves when it has ended and its outputs are closed; never rejects. */
  readonly ended: Promise<End>;
  /** Ends it with SIGTERM, after the grace with SIGKILL; resolves when it has ended. Does nothing once it has. */
  end(): Promise<void>;
}

/** Loads what starts programs: it takes a tenth of a second, which most commands need not wait for. */
export async function groupStarter(): Promise<(file: string, args: readonly string[], options: GroupOptions) => Group> {
  const { execa } = await import('execa');
  return (...program) => startGroup(execa, ...program);
}

function startGroup(execa: typeof Execa, file: string, args: readonly string[], options: GroupOptions): Group {
  const { shell = false, env = {}, graceMs } = options;
  const child = execa(file, args, { shell, env, detached: true, buffer: false, reject: false });
  const { pid, stdin, stdout, stderr } = child;
  if (pid !== undefined) watch(pid);
  let kill: NodeJS.Timeout | undefined;
  const ended = child.then((result): End => {
    // Where some of it outlives the outputs, the kill is still to come.
    if (pid !== undefined && (kill === undefined || !send(pid, 0))) {
      clearTimeout(kill);
      unwatch(pid);
    }
    return { exitCode: result.exitCode, signal: result.signal, failure: pid === undefined ? result.code : undefined };
  });
  return {
    stdin,
    stdout: chunksOf(stdout),
    stderr: chunksOf(stderr),
    ended,
    end: async () => {
      if (pid !== undefined && kill === undefined && watched.has(pid)) {
        send(pid, 'SIGTERM');
        kill = setTimeout(() => {
          send(pid, 'SIGKILL');
          unwatch(pid);
          // A process that left the group may hold them open.
          for (const stream of [stdin, stdout, stderr]) stream.destroy();
        }, graceMs);
      }
      await ended;
    },
  };
}

async function* chunksOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* stream;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/** False where there is no such group any more. */
function send(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const watched = new Set<number>();

/** A group is not ended by what ends us, Ctrl-C included: while there are any, we see to it. */
function watch(group: number): void {
  if (watched.size === 0) {
    process.on('exit', killAll);
    for (const signal of SIGNALS) process.on(signal, endWithUs);
  }
  watched.add(group);
}

function unwatch(group: number): void {
  if (!watched.delete(group) || watched.size > 0) return;
  process.off('exit', killAll);
  for (const signal of SIGNALS) process.off(signal, endWithUs);
}

function killAll(): void {
  for (const group of watched) send(group, 'SIGKILL');
}

/** Listening for a signal keeps it from ending us; where nobody else does, it is to end us all the same. */
function endWithUs(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killAll();
  process.off(signal, endWithUs);
  process.kill(process.pid, signal);
}
