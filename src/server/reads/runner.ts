import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { unpackError } from '../workers/errors.js';
import { OutOfMemory, type Runner } from '../workers/runner.js';
import type { ReadJob } from './job.js';
import type { AnswerBytes, Reply, Request } from './messages.js';

/** The bundle of the command line is CommonJS and has the process's code beside it. */
const ENTRY = new URL(import.meta.url.endsWith('.cjs') ? './read-process.cjs' : './process.js', import.meta.url);

export interface ReadPlace {
  /** The path or URL of the database. */
  readonly location: string;
  /** A larger response is refused, bytes. */
  readonly largestAnswer: number;
}

/**
 * A process that answers reads, with as much heap as this one. A thread would be cheaper, but V8 ends the whole process if a
 * thread requests much memory that is not available, as parsing one dense document does.
 */
export function startReadProcess({ location, largestAnswer }: ReadPlace): Runner<ReadJob, AnswerBytes> {
  const heap = Math.floor(getHeapStatistics().heap_size_limit / 1_048_576);
  const child = fork(fileURLToPath(ENTRY), {
    execArgv: [`--max-old-space-size=${heap}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.on('error', () => {}); // the current job fails separately
  child.unref();
  child.channel?.unref();
  yieldTo(child.pid);
  const send = (request: Request): void => void child.send(request, () => {});
  send({ location, largestAnswer });
  let isEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      isEnded = true;
      resolve();
    };
    child.once('exit', end);
    child.once('error', end); // it never started
  });
  return {
    onEnd: (listener) => void ended.then(listener),
    run: (read) =>
      new Promise((resolve, reject) => {
        const parts: Uint8Array[] = [];
        let bytes = 0;
        const finish = (): void => void child.off('message', onReply).off('exit', onExit).off('error', onError);
        const onReply = (reply: Reply): void => {
          if ('part' in reply) {
            parts.push(reply.part);
            bytes += reply.part.length;
            return;
          }
          finish();
          if ('headers' in reply) resolve({ parts, bytes, headers: reply.headers });
          else reject(unpackError(reply));
        };
        const onError = (error: Error): void => {
          finish();
          reject(error);
        };
        const onExit = (_: number | null, signal: string | null): void =>
          onError(
            signal === 'SIGABRT' || signal === 'SIGKILL'
              ? new OutOfMemory()
              : new Error(`the process that reads ended (${signal})`),
          );
        child.on('message', onReply).on('exit', onExit).on('error', onError);
        send({ read });
      }),
    end: async () => {
      if (isEnded) return;
      child.kill('SIGKILL'); // it only reads
      await ended;
    },
  };
}

/** On a busy machine, small requests go first. */
function yieldTo(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // otherwise all processes have the same priority
  }
}
