import { createHash } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import { StateBackend } from '../../api/state-backend.js';
import { NotFoundError } from '../../lib/errors.js';
import { reaches } from '../access.js';
import { QUERIES } from '../api/queries.js';
import { noState } from '../terraform/no-state.js';
import type { AnswerBytes, ThreadData } from '../threads/messages.js';
import type { ReadJob } from './job.js';
import { answerTooLarge, encode, jsonPieces, piecesOf } from './pieces.js';

/** Answers reads in a thread of its own, from a connection of its own. */
export interface Reader {
  /** @throws SlothError as the read does; StoreError `ANSWER_TOO_LARGE` */
  read(job: ReadJob): Promise<AnswerBytes>;
  close(): Promise<void>;
}

/** Memory that a document takes at least while it is read and written: its row, its values and its text. */
const COPIES = 3;

export async function openReader({ location = '', largestAnswer }: ThreadData): Promise<Reader> {
  const options = { create: false, asItIs: true, isOpenInProcess: true, connections: 1 };
  const backend = await StateBackend.open(location, options);
  const states = await backend.getTerraformStates({ cacheChars: 1 });

  /** What cannot succeed is refused before it is tried: a thread without memory takes the process with it where it asks for much at once. */
  async function checkSize(ref: string): Promise<void> {
    const stack = await backend.findStack(ref, { deleted: true });
    const { bytes } = stack
      ? await backend.size({ stream: stack.stream, part: 'state' }, Number.MAX_SAFE_INTEGER - 1)
      : { bytes: 0 };
    if (bytes * COPIES > getHeapStatistics().heap_size_limit) {
      throw answerTooLarge(`takes more memory than the server has: the documents of the stack have ${bytes} bytes`);
    }
  }

  async function query({ route, path, query, stacks }: Extract<ReadJob, { what: 'query' }>): Promise<AnswerBytes> {
    const definition = QUERIES.find((one) => one.path === route);
    if (!definition) throw new NotFoundError('NO_SUCH_ROUTE', `no query answers ${route}`);
    if (definition.weight === 'state' && !definition.isShort?.(query)) await checkSize(path.stack ?? '');
    const answer = await definition.read({ backend, path, query, mayReach: (name) => reaches(stacks, name) });
    const etag = definition.etag?.(answer);
    return { ...encode(jsonPieces(answer), largestAnswer), headers: etag === undefined ? {} : { etag } };
  }

  async function terraform(name: string): Promise<AnswerBytes> {
    await checkSize(name);
    const state = await states.get(name);
    if (!state) throw noState(name);
    const digest = createHash('md5');
    const encoded = encode(piecesOf(state.text), largestAnswer, (part) => void digest.update(part));
    return { ...encoded, headers: { 'content-type': 'application/json', 'content-md5': digest.digest('base64') } };
  }

  return {
    read: (job) => (job.what === 'query' ? query(job) : terraform(job.stack)),
    close: () => backend.close(),
  };
}
