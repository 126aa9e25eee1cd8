import type { Apply, Incoming } from './incoming.js';

/**
 * The command that imports another tool's state into a stack, and creates the stack if it does not exist: afterwards the
 * stack has exactly the content of that state. Whether the state follows the previous one is decided with the command.
 * @param force accept it even if it does not follow
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
