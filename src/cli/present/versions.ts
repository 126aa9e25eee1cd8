import type { Json, RecordedEvent, UnknownEvent, VersionView } from '../../index.js';
import { colour, counts } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { relative } from '../output/time.js';

/** The columns of the specification's `state_versions` (without the snapshot itself) and of `stack_versions`. */
export const versionJson = (stackId: string) => (version: VersionView) => ({
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

export function versionTable(versions: readonly VersionView[]): string {
  if (versions.length === 0) return 'No versions.';
  return table(
    [
      { title: 'VERSION', align: 'right' },
      { title: 'KIND' },
      { title: 'RESOURCES' },
      { title: 'BY', flexible: true },
      { title: 'WHEN' },
      { title: 'DESCRIPTION', flexible: true },
    ],
    versions.map((version) => {
      const [snapshot] = version.snapshots;
      const mark = snapshot
        ? `${colour.name('◆ snapshot')}${snapshot.description ? `: ${escapeText(snapshot.description)}` : ''}`
        : '';
      return [
        String(version.version),
        version.kind,
        counts(version.added, version.changed, version.removed),
        escapeText(version.actor),
        relative(version.at),
        [mark, version.description ? escapeText(version.description) : ''].filter(Boolean).join('; '),
      ];
    }),
  );
}

type AnyEvent = RecordedEvent | UnknownEvent;

/** The columns of `state_activity`, with the place in the log. */
export const eventJson = (stackId: string) => (event: AnyEvent) => ({
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

export const activityTable = (events: readonly AnyEvent[]): string =>
  events.length === 0
    ? 'No activity.'
    : table(
        [
          { title: 'POSITION', align: 'right' },
          { title: 'VERSION', align: 'right' },
          { title: 'WHEN' },
          { title: 'WHO', flexible: true },
          { title: 'WHAT' },
          { title: 'SUBJECT', flexible: true },
        ],
        events.map((event) => [
          String(event.position),
          String(event.version),
          relative(event.recordedAt),
          escapeText(event.meta.actor),
          event.type,
          escapeText(subject(event)),
        ]),
      );

/** What an event is about, in a few words; values are left to the JSON. */
export function subject(event: AnyEvent): string {
  const { meta } = event;
  const data = event.data as Record<string, Json>;
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : '');
  const words = [
    data.address
      ? `${text(data.address)} → ${text(data.target)}`
      : [text(data.module), text(data.type), text(data.name)].filter(Boolean).join('.'),
    text(data.tag),
    text(data.operation) && `${text(data.operation)} by ${text(data.who)}`,
    text(data.resourceId),
    text(data.executionId),
    typeof data.toVersion === 'number' ? `to version ${data.toVersion}` : '',
    text(data.action),
    text(data.details),
    text(data.description),
    text(data.error),
    text(data.reason) || meta.reason || '',
  ];
  return words.filter(Boolean).join('  ');
}
