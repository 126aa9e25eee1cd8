import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { InvalidInputError } from '../lib/errors.js';

/**
 * Asks for confirmation of an action that is hard to undo. Without a terminal, `--yes` is required.
 * @throws InvalidInputError if the action is not confirmed
 */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new InvalidInputError('NOT_CONFIRMED', `${question} There is no terminal to confirm it.`, {
      hint: 'Pass --yes to confirm.',
      details: { field: '--yes' },
    });
  }
  if (!/^y(es)?$/i.test((await answerTo(question)).trim())) {
    throw new InvalidInputError('NOT_CONFIRMED', 'Not confirmed; nothing was changed.', {
      details: { field: '--yes' },
    });
  }
}

/** The typed text; empty if the terminal ends (Ctrl+D) or Ctrl+C is pressed first. */
async function answerTo(question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = once(prompt, 'close').then(() => '');
    return await Promise.race([prompt.question(`${question} [y/N] `).catch(() => ''), closed]);
  } finally {
    prompt.close();
  }
}
