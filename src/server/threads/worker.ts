import { parentPort, workerData } from 'node:worker_threads';
import { packError } from './errors.js';
import type { AnswerBytes, Done, Job, ThreadData } from './messages.js';

const port = parentPort;
if (!port) throw new Error('this is the entry of a thread of the server');

let document: Extract<Job, { kind: 'document' }> | undefined;
let bytes = new Uint8Array();
let received = 0;

port.on('message', (message: Job | Uint8Array) => {
  if (message instanceof Uint8Array) {
    bytes.set(message, received);
    received += message.length;
  } else if (message.kind === 'document') {
    document = message;
    bytes = new Uint8Array(message.size);
    received = 0;
  } else if (message.kind === 'read') void answer(async () => ({ answer: await (await reader()).read(message.read) }));
  else void close();
  if (document && received === bytes.length) {
    const [job, all] = [document, bytes];
    document = undefined;
    bytes = new Uint8Array();
    void answer(async () => {
      const { readDocument } = await import('./document.js');
      return { document: readDocument(job, all) };
    });
  }
});

async function answer(work: () => Promise<Done>): Promise<void> {
  const done = await work().catch(packError);
  const parts: AnswerBytes['parts'] = 'answer' in done ? done.answer.parts : [];
  port?.postMessage(done, [...new Set(parts.map(({ buffer }) => buffer as ArrayBuffer))]);
}

/** Opens the database when something is read for the first time. */
let loaded: Promise<import('../reads/reader.js').Reader> | undefined;
const reader = () => {
  loaded ??= import('../reads/reader.js').then(({ openReader }) => openReader(workerData as ThreadData));
  loaded.catch(() => {
    loaded = undefined; // the next read tries again
  });
  return loaded;
};

async function close(): Promise<void> {
  await loaded?.then((open) => open.close()).catch(() => {});
  process.exit(); // of the thread alone
}
