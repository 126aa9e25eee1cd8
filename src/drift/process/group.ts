import type { Writable } from 'node:stream';
import type { execa as Execa } from 'execa';

export interface GroupOptions {
  /** The command is a line for the shell, without arguments. */
  readonly shell?: boolean;
  /** In addition to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly graceMs: number;
}

/** How a program ended; `failure` if it could not be started, as the system's code: `ENOENT`. */
export interface End {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly failure: string | undefined;
}

/**
 * A program in its own process group, so that it can be ended with all its children: a shell passes no signal on, and a
 * remaining child would keep its output open. Both outputs must be read, each once; they simply end if the program is
 * killed.
 */
export interface Group {
  readonly stdin: Writable;
  readonly stdout: AsyncIterable<Buffer>;
  readonly stderr: AsyncIterable<Buffer>;
  /** Resolves when it has ended and its outputs are closed; never rejects. */
  readonly ended: Promise<End>;
  /** Ends it with SIGTERM, after the grace period with SIGKILL; resolves when it has ended. Does nothing after that. */
  end(): Promise<void>;
}

/** Loads the library that starts programs: that takes a tenth of a second, which most commands need not wait for. */
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
    // If part of the group outlives the outputs, the SIGKILL is still pending.
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
          // A process that left the group may keep them open.
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

/** False if the group no longer exists. */
function send(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const watched = new Set<number>();

/** A signal that ends this process, Ctrl-C included, does not end a group: while there are groups, this ends them. */
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

/** A listener keeps a signal from ending the process; if it is the only one, the process must still end. */
function endWithUs(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killAll();
  process.off(signal, endWithUs);
  process.kill(process.pid, signal);
}
