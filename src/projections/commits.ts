import { type Commit, type EventType, raisesVersion } from '../events/index.js';
import { put } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

const COUNTS: { readonly [T in EventType]?: 'added' | 'changed' | 'removed' } = {
  ResourceCreated: 'added',
  ResourceUpdated: 'changed',
  ResourceRemoved: 'removed',
};

const snapshots = byHandler({
  SnapshotTaken: ({ stream, position, recordedAt, meta, data: { version, description } }) => [
    put('snapshot_rows', {
      position,
      stream,
      version,
      description,
      created_by: meta.actor,
      created_at: recordedAt,
    }),
  ],
});

function commitRow({ events, first, last }: Commit) {
  const sums = { added: 0, changed: 0, removed: 0 };
  for (const event of events) {
    const sum = COUNTS[event.type];
    if (sum) sums[sum]++;
  }
  const meta = events[0]?.meta;
  return put('commit_rows', {
    position: last.position,
    first_position: first.position,
    stream: last.stream,
    version: last.version,
    raised: events.some((event) => raisesVersion(event.type)) ? 1 : 0,
    kind: meta?.command ?? 'unknown',
    ...sums,
    command_id: last.commandId,
    actor: meta?.actor ?? 'unknown',
    at: last.recordedAt,
    description: meta?.reason ?? rolledBackTo(events),
    principal: meta?.principal ?? '',
  });
}

function rolledBackTo(events: Commit['events']): string | null {
  const rollback = events.find((event) => event.type === 'StackRolledBack');
  return rollback ? `rolled back to version ${rollback.data.toVersion}` : null;
}

/** The stack's versions, and the receipts that recognise a repeated command. */
export const commits: Projector = {
  name: 'commits',
  version: 1,
  tables: ['commit_rows', 'snapshot_rows'],
  project: (commit) => [commitRow(commit), ...snapshots(commit)],
};
