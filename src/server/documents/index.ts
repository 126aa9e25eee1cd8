import type { Result, RunTask } from '../../formats/tasks.js';
import { InvalidInputError } from '../../lib/errors.js';
import { Pool, type PoolOptions } from '../workers/pool.js';
import { type DocumentJob, startDocumentThread } from './runner.js';

/** The largest short job: some 200 milliseconds as YAML, less as JSON. */
const SHORT = 64 * 1024;
/** The time limit of one document, milliseconds. */
const TIMEOUT = 30_000;

/** Worker threads that parse documents. */
export class Documents {
  readonly #pool: Pool<DocumentJob, Result<unknown>>;
  readonly #mostValues: number;

  /** @param mostValues the limit for a document */
  constructor(mostValues: number, options?: PoolOptions) {
    this.#pool = new Pool(startDocumentThread, options);
    this.#mostValues = mostValues;
  }

  /**
   * Parses documents of a principal. The returned function throws InvalidInputError as the task does, or
   * `DOCUMENT_TOO_COMPLEX`; StoreError `TOO_BUSY`.
   */
  readerFor(principal: string): RunTask {
    return async (name, bytes, input) => {
      const job = { name, input, size: bytes.length, mostValues: this.#mostValues };
      const result = await this.#pool.run(
        { job, bytes },
        {
          owner: principal,
          isShort: bytes.length < SHORT,
          timeoutMs: TIMEOUT,
          tooLong: (ms) => tooComplex(`longer than ${ms / 1_000} s`),
          tooLarge: () => tooComplex('more memory than the server has'),
        },
      );
      return result as never;
    };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

const tooComplex = (what: string): InvalidInputError =>
  new InvalidInputError('DOCUMENT_TOO_COMPLEX', `body: to read it takes ${what}`, {
    hint: 'Split the document, or send it as JSON where it is YAML.',
    details: { field: 'body' },
  });
