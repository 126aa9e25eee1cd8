import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { InvalidInputError } from '../lib/errors.js';

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
  if (!/^y(es)?$/i.test((await answerTo(question)).trim())) {
    throw new InvalidInputError('NOT_CONFIRMED', 'Not confirmed; nothing was changed.', {
      details: { field: '--yes' },
    });
  }
}

/** What is typed; empty where the terminal ends (Ctrl+D) or Ctrl+C is pressed before there is an answer. */
async function answerTo(question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = once(prompt, 'close').then(() => '');
    return await Promise.race([prompt.question(`${question} [y/N] `).catch(() => ''), closed]);
  } finally {
    prompt.close();
  }
}
