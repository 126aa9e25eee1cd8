import { type Hook, toConfiguredId } from '@oclif/core';
import { closest } from 'fastest-levenshtein';
import { escapeText } from '../output/escape.js';

/** Says which command was probably meant. Exits like any other wrong usage. */
const hook: Hook.CommandNotFound = async ({ id, argv = [], config }) => {
  const typed = toConfiguredId(id, config);
  const known = config.commandIDs.filter((command) => !config.findCommand(command)?.hidden);
  const words = [...id.split(':'), ...argv.filter((word) => !word.startsWith('-'))];
  const candidates = words.map((_, index) => words.slice(0, index + 1).join(':'));
  const guess = closest(id, known);
  const better = candidates.map((words_) => closest(words_, known)).find((command) => candidates.includes(command));
  const suggestion = toConfiguredId(better ?? guess, config);
  const message = `${typed} is no command of ${config.bin}. Did you mean: ${config.bin} ${suggestion}`;
  if (argv.includes('--output=json') || argv[argv.indexOf('--output') + 1] === 'json') {
    process.stdout.write(
      `${JSON.stringify({ error: { code: 'USAGE', message, hint: `${config.bin} --help` } }, null, 2)}\n`,
    );
  } else process.stderr.write(`Error: ${escapeText(message)}\nSee all commands with: ${config.bin} --help\n`);
  process.exit(2);
};

export default hook;
