import { decodeEvent, type RecordedEvent, type UnknownEvent } from '../events/index.js';
import type { At, EventStore } from '../store/event-store.js';
import type { CommitRecord, SnapshotRecord, StackRecord } from '../store/records.js';
import { stackMoment } from './at.js';

export interface VersionView extends CommitRecord {
  /** The snapshots that mark this version, the last first. */
  readonly snapshots: readonly SnapshotRecord[];
}

/** A stack's versions, newest first. */
export async function readVersions(
  store: EventStore,
  ref: string,
  options: { readonly limit?: number; readonly onlySnapshots?: boolean; readonly at?: At } = {},
): Promise<{ readonly stack: StackRecord; readonly versions: readonly VersionView[] }> {
  const { stack, version, position } = await stackMoment(store, ref, options.at, { deleted: true });
  const snapshots = (await store.snapshots(stack.stream)).filter((snapshot) => snapshot.position <= position);
  const marks = (of: number) => snapshots.filter((snapshot) => snapshot.version === of);
  if (options.onlySnapshots) {
    const marked = [...new Set(snapshots.map((snapshot) => snapshot.version))].slice(0, options.limit);
    const commits = await Promise.all(marked.map((of) => store.commit(stack.stream, of)));
    const found = commits.filter((commit) => commit !== undefined);
    return { stack, versions: found.map((commit) => ({ snapshots: marks(commit.version), ...commit })) };
  }
  const commits = await store.commits(stack.stream, {
    raised: true,
    upTo: version,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
  return { stack, versions: commits.map((commit) => ({ snapshots: marks(commit.version), ...commit })) };
}

/** A stack's events, newest first: everything anybody did to it. */
export async function readActivity(
  store: EventStore,
  ref: string,
  options: { readonly limit: number; readonly at?: At },
): Promise<{ readonly stack: StackRecord; readonly events: readonly (RecordedEvent | UnknownEvent)[] }> {
  const { stack, position } = await stackMoment(store, ref, options.at, { deleted: true });
  const rows = await store.events({ stream: stack.stream, upTo: position, descending: true, limit: options.limit });
  return { stack, events: rows.map((row) => decodeEvent(row)) };
}
