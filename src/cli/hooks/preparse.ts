import type { Hook } from '@oclif/core';

/**
 * Runs before the arguments of any command are parsed, also those of plugins. By default oclif reads standard input for the
 * first missing argument, if data arrives within 10 ms: a loop over names would lose lines, and a command would act on
 * another stack. Standard input is read only by the command itself, and only for `-`.
 */
const hook: Hook.Preparse = async ({ argv, options }) => {
  for (const arg of Object.values(options.args ?? {})) arg.ignoreStdin = true;
  return argv;
};

export default hook;
