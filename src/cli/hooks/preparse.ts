import type { Hook } from '@oclif/core';

/**
 * Runs before the words of any command are parsed, also those of plugins. By itself oclif reads standard input for the
 * first argument that is missing, if data arrives within 10 ms: a loop over names would lose lines, and a command would
 * act on another stack. Standard input is read where `-` is given, by the command itself, and nowhere else.
 */
const hook: Hook.Preparse = async ({ argv, options }) => {
  for (const arg of Object.values(options.args ?? {})) arg.ignoreStdin = true;
  return argv;
};

export default hook;
