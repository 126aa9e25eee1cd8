import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Result } from '../../formats/tasks.js';
import { unpackError } from '../workers/errors.js';
import { OutOfMemory, type Runner } from '../workers/runner.js';
import type { Done, Job } from './messages.js';

/** The bundle of the command line is CommonJS and has the worker's code beside it. */
const ENTRY = new URL(import.meta.url.endsWith('.cjs') ? './document-thread.cjs' : './thread.js', import.meta.url);

/** Copying this many bytes takes a fraction of a millisecond. */
const PART = 1024 * 1024;

/** A document and its task. */
export interface DocumentJob {
  readonly job: Job;
  readonly bytes: Uint8Array;
}

/** A worker thread that parses documents. */
export function startDocumentThread(): Runner<DocumentJob, Result<unknown>> {
  // By default a worker may use as much heap again as this process; with more, both would end.
  const maxOldGenerationSizeMb = Math.floor(getHeapStatistics().heap_size_limit / 1_048_576);
  const worker = new Worker(ENTRY, { resourceLimits: { maxOldGenerationSizeMb }, execArgv: [] });
  worker.unref();
  worker.on('error', () => {}); // the current job fails separately
  return {
    onEnd: (listener) => void worker.once('error', listener).once('exit', listener),
    run: ({ job, bytes }) =>
      new Promise((resolve, reject) => {
        const finish = (): void => void worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        const onMessage = (done: Done): void => {
          finish();
          if ('result' in done) resolve(done.result);
          else reject(unpackError(done));
        };
        const onError = (error: NodeJS.ErrnoException): void => {
          finish();
          reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new OutOfMemory() : error);
        };
        const onExit = (): void => {
          finish();
          reject(new Error('the thread that read the document ended'));
        };
        worker.on('message', onMessage).on('error', onError).on('exit', onExit);
        void send(worker, job, bytes);
      }),
    end: async () => void (await worker.terminate()),
  };
}

/** Sends a document in parts, with other work in between: copying 100 MB at once would block. */
async function send(worker: Worker, job: Job, bytes: Uint8Array): Promise<void> {
  worker.postMessage(job);
  for (let from = 0; from < bytes.length; from += PART) {
    const part = new Uint8Array(bytes.subarray(from, from + PART));
    worker.postMessage(part, [part.buffer]);
    await setImmediate();
  }
}
