import { createInterface } from 'node:readline/promises';
import { InvalidInputError } from '../kernel/errors.js';

/**
 * Asks before what is hard to undo. Where nobody can answer, `--yes` must have been given.
 * @throws InvalidInputError when the answer is no, or nobody is there to give it
 */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new InvalidInputError('NOT_CONFIRMED', `${question} Nobody is there to answer.`, {
      hint: 'Add --yes to go on without being asked.',
      details: { field: '--yes' },
    });
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(`${question} [y/N] `);
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) {
    throw new InvalidInputError('NOT_CONFIRMED', 'Not confirmed; nothing was changed.', {
      details: { field: '--yes' },
    });
  }
}
