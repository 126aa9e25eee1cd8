import { countValues, type Result, TASKS } from '../../formats/tasks.js';
import { InvalidInputError } from '../../lib/errors.js';
import type { DocumentJob } from './messages.js';

/** @throws InvalidInputError as the task does, `BODY_TOO_LARGE` */
export function readDocument({ name, input, mostValues }: DocumentJob, bytes: Uint8Array): Result<unknown> {
  const values = countValues(bytes);
  if (values > mostValues) throw tooManyValues(mostValues);
  const task = TASKS[name] as (bytes: Uint8Array, input: unknown) => unknown;
  return { output: task(bytes, input), values };
}

const tooManyValues = (maxValues: number): InvalidInputError =>
  new InvalidInputError('BODY_TOO_LARGE', `body: it holds more than ${maxValues} values, which is what memory allows`, {
    hint: 'Send less at once. The operator can give the server more heap.',
    details: { field: 'body', maxValues },
  });
