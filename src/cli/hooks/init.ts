import { type Hook, toConfiguredId } from '@oclif/core';
import { InvalidInputError } from '../../lib/errors.js';
import { shortened } from './shortened.js';

/**
 * Runs before the arguments are parsed. A topic alone shows its help. With other arguments a command is missing (`audit
 * --head HASH`); showing help and exiting with 0 would look like success.
 */
const hook: Hook.Init = async ({ id, argv, config }) => {
  if (id === undefined || argv.length === 0 || isHelp(argv) || config.findCommand(id) || !config.findTopic(id)) return;
  const topic = `${config.bin} ${toConfiguredId(id, config)}`;
  const below = config.commands
    .filter(({ id: command, hidden }) => command.startsWith(`${id}:`) && !hidden)
    .map(({ id: command }) => command.split(':')[id.split(':').length]);
  const word = shortened(argv[0] ?? '');
  const shown = /^\S+$/.test(word) ? word : `"${word}"`;
  const error = new InvalidInputError('USAGE', `${topic}: ${shown} names no command`, {
    hint: `Commands of ${topic}: ${[...new Set(below)].join(', ')}. See: ${topic} --help`,
  });
  throw Object.assign(error, { oclif: { exit: error.exitCode } }); // oclif continues after any other error of a hook
};

const isHelp = (words: readonly string[]): boolean => {
  const end = words.indexOf('--');
  return (end === -1 ? words : words.slice(0, end)).includes('--help');
};

export default hook;
