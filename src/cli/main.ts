import { Errors, run } from '@oclif/core';
import { reportOf, says } from './error-report.js';
import { jsonText, safeText } from './output/escape.js';
import { guardStreams, keepErrorText } from './output/streams.js';

const USAGE = 'See all commands with: sloth-runner --help';

/**
 * Runs the command that the arguments name. Commands report their own errors; errors of help, of plugins and of unknown
 * commands are reported here, in the same way.
 */
export async function execute({
  dir,
  args = process.argv.slice(2),
}: {
  readonly dir: string;
  readonly args?: string[];
}): Promise<void> {
  guardStreams();
  try {
    await run(args, dir);
  } catch (error) {
    if (error instanceof Errors.ExitError) process.exit(error.oclif.exit);
    const { exitCode, text, json, stack } = reportOf(error as Error, USAGE);
    process.exitCode = exitCode;
    if (says(args, '--output', 'json')) {
      keepErrorText(text);
      process.stdout.write(`${jsonText(json, 2)}\n`);
    } else process.stderr.write(`${safeText(text)}\n`);
    if (stack !== undefined) process.stderr.write(`${safeText(stack)}\n`);
  }
}
