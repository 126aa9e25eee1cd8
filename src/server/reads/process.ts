// The entry of a process that answers reads. It ends with the server, and when the server ends it.
import { packError } from '../workers/errors.js';
import type { Reply, Request } from './messages.js';
import { openReader, type Reader } from './reader.js';

let place: Extract<Request, { location: string }> | undefined;
let reader: Promise<Reader> | undefined;

process.on('disconnect', () => process.exit());
// The server first completes its current requests; a signal to the whole group must not end this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const send = (reply: Reply): void => void process.send?.(reply);

process.on('message', (request: Request) => {
  if ('location' in request) place = request;
  else void answer(request);
});

async function answer({ read }: Extract<Request, { read: unknown }>): Promise<void> {
  try {
    const { parts, headers } = await (await opened()).read(read);
    for (const part of parts) send({ part });
    send({ headers });
  } catch (error) {
    send(packError(error));
  }
}

/** If the database cannot be opened, the next read tries again. */
function opened(): Promise<Reader> {
  if (!place) throw new Error('a read came before the place of the database');
  reader ??= openReader(place).catch((error: unknown) => {
    reader = undefined;
    throw error;
  });
  return reader;
}
