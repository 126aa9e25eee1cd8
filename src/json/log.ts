import type { LogEntry } from '../index.js';

/** An event for auditors: position, type, actor, time, reason. `stack` is the current name of the stack. */
export const entryJson = ({ stack, event }: LogEntry) => ({
  position: event.position,
  stack_id: stack.id,
  stack: stack.name,
  version: event.version,
  revision: event.revision,
  type: event.type,
  actor: event.meta.actor,
  source: event.meta.source,
  command: event.meta.command,
  command_id: event.commandId,
  correlation_id: event.meta.correlationId ?? null,
  causation_id: event.meta.causationId ?? null,
  reason: event.meta.reason ?? null,
  recorded_at: event.recordedAt,
  imported: event.meta.imported ?? null,
  data: event.data,
  hash: event.hash,
});
