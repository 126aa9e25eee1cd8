import { parentPort } from 'node:worker_threads';
import { countValues, TASKS } from '../../formats/tasks.js';
import { InvalidInputError } from '../../lib/errors.js';
import { packError } from '../workers/errors.js';
import type { Done, Job } from './messages.js';

const port = parentPort;
if (!port) throw new Error('this is the entry of a thread that reads documents');

let job: Job | undefined;
let bytes = new Uint8Array();
let received = 0;

port.on('message', (message: Job | Uint8Array) => {
  if (message instanceof Uint8Array) {
    bytes.set(message, received);
    received += message.length;
  } else {
    job = message;
    bytes = new Uint8Array(message.size);
    received = 0;
  }
  if (!job || received < bytes.length) return;
  const done = read(job, bytes);
  job = undefined;
  bytes = new Uint8Array();
  port.postMessage(done);
});

function read({ name, input, mostValues }: Job, bytes: Uint8Array): Done {
  try {
    const values = countValues(bytes);
    if (values > mostValues) throw tooManyValues(mostValues);
    const task = TASKS[name] as (bytes: Uint8Array, input: Job['input']) => unknown;
    return { result: { output: task(bytes, input), values } };
  } catch (error) {
    return packError(error);
  }
}

const tooManyValues = (maxValues: number): InvalidInputError =>
  new InvalidInputError(
    'BODY_TOO_LARGE',
    `body: it contains more than ${maxValues} values, the limit of the available memory`,
    {
      hint: 'Send less at once. The operator can give the server more heap.',
      details: { field: 'body', maxValues },
    },
  );
