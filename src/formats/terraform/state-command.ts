import { type Current, otherLineage, planImport, type Succession } from '../document-command.js';
import type { Apply, Incoming } from '../incoming.js';

/**
 * The command that takes a Terraform state into a stack.
 * @param current the stack as it is, if there is one
 * @throws ConflictError for another lineage, a lower serial, or the same serial with other content, unless forced
 */
export const importTerraform = (
  stack: string,
  incoming: Incoming,
  current: Current | undefined,
  force: boolean,
): Apply => planImport(stack, incoming, current, succession, force);

/** A state follows another when it is of the same lineage and has a higher serial. */
const succession: Succession = (incoming, known, current, unchanged) => {
  const { name } = current.stack;
  if (known.lineage !== incoming.lineage) return otherLineage(incoming, known, current);
  if (incoming.serial < known.serial) {
    return ['SERIAL_TOO_LOW', `stack "${name}" holds serial ${known.serial}, this state has ${incoming.serial}`];
  }
  if (incoming.serial === known.serial && !unchanged) {
    return [
      'SERIAL_NOT_ADVANCED',
      `this state differs from stack "${name}" but has the serial it holds, ${known.serial}`,
    ];
  }
  return undefined;
};
