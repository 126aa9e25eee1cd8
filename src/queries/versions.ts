import { decodeEvent, type RecordedEvent, type UnknownEvent } from '../events/index.js';
import type { At } from '../store/event-store.js';
import { type Program, together } from '../store/program.js';
import type { CommitRecord, SnapshotRecord, StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { stackMoment } from './at.js';

export interface VersionView extends CommitRecord {
  /** The snapshots that mark this version, the latest first. */
  readonly snapshots: readonly SnapshotRecord[];
}

/** A stack's versions, newest first. */
export function* readVersions(
  s: Snapshot,
  ref: string,
  options: { readonly limit?: number; readonly onlySnapshots?: boolean; readonly at?: At } = {},
): Program<{ readonly stack: StackRecord; readonly versions: readonly VersionView[] }> {
  const { stack, version, position } = yield* stackMoment(s, ref, options.at, { deleted: true });
  const snapshots = (yield* s.snapshots(stack.stream)).filter((snapshot) => snapshot.position <= position);
  const marks = (of: number) => snapshots.filter((snapshot) => snapshot.version === of);
  if (options.onlySnapshots) {
    const marked = [...new Set(snapshots.map((snapshot) => snapshot.version))].slice(0, options.limit);
    const commits = yield* together(marked.map((of) => s.commit(stack.stream, of)));
    const found = commits.filter((commit) => commit !== undefined);
    return { stack, versions: found.map((commit) => ({ snapshots: marks(commit.version), ...commit })) };
  }
  const commits = yield* s.commits(stack.stream, {
    raised: true,
    upTo: version,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
  return { stack, versions: commits.map((commit) => ({ snapshots: marks(commit.version), ...commit })) };
}

/** A stack's events, newest first. */
export function* readActivity(
  s: Snapshot,
  ref: string,
  options: { readonly limit: number; readonly at?: At },
): Program<{ readonly stack: StackRecord; readonly events: readonly (RecordedEvent | UnknownEvent)[] }> {
  const { stack, position } = yield* stackMoment(s, ref, options.at, { deleted: true });
  const rows = yield* s.events({ stream: stack.stream, upTo: position, descending: true, limit: options.limit });
  return { stack, events: rows.map((row) => decodeEvent(row)) };
}
