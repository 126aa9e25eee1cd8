import type { RecordedEvent, StackRecord, UnknownEvent, VersionView } from '../index.js';

/** The columns of the specification's `state_versions` (without the snapshot itself) and of `stack_versions`. */
const versionJson = (stackId: string) => (version: VersionView) => ({
  id: `${stackId}:${version.version}`,
  stack_id: stackId,
  version: version.version,
  kind: version.kind,
  added: version.added,
  changed: version.changed,
  removed: version.removed,
  position: version.position,
  checksum: version.hash,
  created_at: version.at,
  created_by: version.actor,
  description: version.description,
  snapshots: version.snapshots.map(({ description, createdBy, createdAt, position }) => ({
    description,
    created_by: createdBy,
    created_at: createdAt,
    position,
  })),
});

type AnyEvent = RecordedEvent | UnknownEvent;

/** The columns of `state_activity`, with the position in the log. */
const eventJson = (stackId: string) => (event: AnyEvent) => ({
  id: event.position,
  stack_id: stackId,
  action: event.type,
  version: event.version,
  details: event.data,
  created_at: event.recordedAt,
  created_by: event.meta.actor,
  source: event.meta.source,
  command: event.meta.command,
  command_id: event.commandId,
  reason: event.meta.reason ?? null,
  imported: event.meta.imported ?? null,
  hash: event.hash,
});

export const versionsJson = ({ stack, versions }: { stack: StackRecord; versions: readonly VersionView[] }) => ({
  stack_id: stack.id,
  versions: versions.map(versionJson(stack.id)),
});

export const activityJson = ({ stack, events }: { stack: StackRecord; events: readonly AnyEvent[] }) => ({
  stack_id: stack.id,
  activity: events.map(eventJson(stack.id)),
});
