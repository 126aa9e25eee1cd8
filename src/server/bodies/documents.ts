import type { RunTask } from '../../formats/tasks.js';
import { InvalidInputError } from '../../lib/errors.js';
import type { ThreadPool } from '../threads/pool.js';

/** A document of fewer bytes takes some 200 milliseconds as YAML, and less as JSON. */
const SHORT = 64 * 1024;
/** How long one document may take, milliseconds. */
const TIMEOUT = 30_000;

/**
 * Reads documents in other threads.
 * @param owner the principal that sent them
 * @param mostValues of a document
 */
export const documentReader =
  (pool: ThreadPool, owner: string, mostValues: number): RunTask =>
  async (name, bytes, input) => {
    const job = { kind: 'document', name, input, size: bytes.length, mostValues } as const;
    const done = await pool.run(job, bytes, {
      owner,
      isShort: bytes.length < SHORT,
      timeoutMs: TIMEOUT,
      tooLong: (ms) => tooComplex(`longer than ${ms / 1_000} s`),
      tooLarge: () => tooComplex('more memory than the server has'),
    });
    if ('document' in done) return done.document as never;
    throw new Error('the thread did not read the document');
  };

const tooComplex = (what: string): InvalidInputError =>
  new InvalidInputError('DOCUMENT_TOO_COMPLEX', `body: to read it takes ${what}`, {
    hint: 'Split the document, or send it as JSON where it is YAML.',
    details: { field: 'body' },
  });
