import { type Hook, toConfiguredId } from '@oclif/core';
import { InvalidInputError } from '../../lib/errors.js';

/**
 * Runs before the words of a command line are looked at. A topic alone shows its help; with anything else behind it a command
 * was forgotten (`audit --head HASH`), and to show help and end with 0 would pass for success.
 */
const hook: Hook.Init = async ({ id, argv, config }) => {
  if (id === undefined || argv.length === 0 || isHelp(argv) || config.findCommand(id) || !config.findTopic(id)) return;
  const topic = toConfiguredId(id, config);
  const commands = config.commands
    .filter(({ id: command, hidden }) => command.startsWith(`${id}:`) && !hidden)
    .map(({ id: command }) => `${config.bin} ${toConfiguredId(command, config)}`);
  const [word = ''] = argv;
  const shown = /^\S+$/.test(word) ? word : `"${word}"`;
  const error = new InvalidInputError('USAGE', `${config.bin} ${topic}: which command is meant? ${shown} names none`, {
    hint: `Give one of: ${commands.join(', ')}.`,
  });
  throw Object.assign(error, { oclif: { exit: error.exitCode } }); // oclif goes on after any other error of a hook
};

const isHelp = (words: readonly string[]): boolean => {
  const end = words.indexOf('--');
  return (end === -1 ? words : words.slice(0, end)).includes('--help');
};

export default hook;
