import type { EventMeta } from './envelope.js';

interface Member {
  readonly stream: number;
  readonly commandId: string;
  readonly meta: EventMeta | string;
}

/**
 * Whether two consecutive events belong to one commit. The command id alone is not enough: it is unique only for a principal
 * and a stack.
 */
export const isSameCommit = (one: Member, next: Member): boolean =>
  one.commandId === next.commandId &&
  one.stream === next.stream &&
  (one.meta === next.meta || principalOf(one.meta) === principalOf(next.meta));

/** Also undefined for invalid JSON, which the reader of the event reports. */
function principalOf(meta: EventMeta | string): unknown {
  if (typeof meta !== 'string') return meta.principal;
  try {
    return (JSON.parse(meta) as EventMeta).principal;
  } catch {
    return undefined;
  }
}
