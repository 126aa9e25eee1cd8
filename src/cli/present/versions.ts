import type { Json, RecordedEvent, UnknownEvent, VersionView } from '../../index.js';
import { colour, counts } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { relative } from '../output/time.js';

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
        escapeText(version.kind),
        counts(version.added, version.changed, version.removed),
        escapeText(version.actor),
        relative(version.at),
        [mark, version.description ? escapeText(version.description) : ''].filter(Boolean).join('; '),
      ];
    }),
  );
}

type AnyEvent = RecordedEvent | UnknownEvent;

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
          escapeText(event.type),
          escapeText(subject(event)),
        ]),
      );

/** A short summary of an event; values are in the JSON only. */
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
