import { type Hook, toConfiguredId } from '@oclif/core';
import { closest } from 'fastest-levenshtein';
import { InvalidInputError } from '../../lib/errors.js';
import { shortened } from './shortened.js';

/** The largest number of words in a command's name. */
const DEEPEST = 5;

/** Refuses an unknown command, and suggests the nearest one. */
const hook: Hook.CommandNotFound = async ({ id, argv = [], config }) => {
  const typed = shortened(toConfiguredId(id, config));
  const known = config.commandIDs.filter((command) => !config.findCommand(command)?.hidden);
  const all = [...id.split(':'), ...argv.filter((word) => !word.startsWith('-'))];
  const words = all.slice(0, DEEPEST).map(shortened);
  const candidates = words.map((_, index) => words.slice(0, index + 1).join(':'));
  const guess = closest(shortened(id), known);
  const better = candidates.map((words_) => closest(words_, known)).find((command) => candidates.includes(command));
  const suggestion = toConfiguredId(better ?? guess, config);
  const message = `${typed} is not a command of ${config.bin}. Did you mean: ${config.bin} ${suggestion}`;
  throw new InvalidInputError('USAGE', message, { hint: `See all commands with: ${config.bin} --help` });
};

export default hook;
