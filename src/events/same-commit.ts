import type { EventMeta } from './envelope.js';

interface Member {
  readonly stream: number;
  readonly commandId: string;
  readonly meta: EventMeta | string;
}

/**
 * Whether two events that follow each other belong to one commit. A command id alone does not say so: it is unique for a
 * principal and a stack only.
 */
export const isSameCommit = (one: Member, next: Member): boolean =>
  one.commandId === next.commandId &&
  one.stream === next.stream &&
  (one.meta === next.meta || principalOf(one.meta) === principalOf(next.meta));

/** Undefined too where the text is no JSON: the reader of the event reports that. */
function principalOf(meta: EventMeta | string): unknown {
  if (typeof meta !== 'string') return meta.principal;
  try {
    return (JSON.parse(meta) as EventMeta).principal;
  } catch {
    return undefined;
  }
}
