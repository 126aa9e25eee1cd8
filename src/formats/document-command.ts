import type { Apply, Incoming } from './incoming.js';

/**
 * The command that takes another tool's state into a stack, and makes the stack where there is none: the stack holds what
 * that state holds, and nothing else. Whether the state follows the one before is decided with the command.
 * @param force take it even where it does not
 */
export const importCommand = (
  stack: string,
  { format, lineage, serial, header, resources, outputs }: Incoming,
  force: boolean,
): Apply => ({
  type: 'apply',
  kind: 'import',
  stack,
  create: {},
  succession: { format, lineage, serial, header, force },
  resources: [...resources],
  outputs: [...outputs],
  prune: true,
});
