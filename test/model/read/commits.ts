import { CHANGE_TYPES, type EventType } from '../../../src/events/index.js';
import { changedKeysOf } from '../../../src/store/changed-keys.js';
import type { At, ChangedKeys, CommitFilter, Moment } from '../../../src/store/event-store.js';
import { type EarlierCommit, toEarlierCommit } from '../../../src/store/receipts.js';
import type { CommitRecord, SnapshotRecord } from '../../../src/store/records.js';
import type { Tables } from '../../../src/store/tables.js';
import { toCommitRecord, toSnapshotRecord } from '../../../src/store/to-records.js';
import { eventAt, type MemoryLog, valueAt } from '../log.js';
import type { MemoryState } from '../state.js';
import { keyText } from '../tables.js';
import { limited, rowsOf } from './rows.js';

type Place = Pick<Tables['commit_rows'], 'version' | 'position'>;

const newestFirst = (a: Place, b: Place): number => b.version - a.version || b.position - a.position;

const toRecord = (log: MemoryLog, row: Tables['commit_rows']): CommitRecord =>
  toCommitRecord(row, eventAt(log, row.position).hash);

export function commitOfVersion(
  { log, tables }: MemoryState,
  stream: number,
  version: number,
): CommitRecord | undefined {
  const row = rowsOf(tables.commit_rows, stream).find((one) => one.version === version && one.raised === 1);
  return row && toRecord(log, row);
}

const commitsOfId = ({ log, tables }: MemoryState, commandId: string, principal: string) =>
  (log.commands.get(commandId) ?? [])
    .flatMap((position) => tables.commit_rows.get(keyText('commit_rows', { position })) ?? [])
    .filter((row) => row.principal === '' || row.principal === principal);

export function commitOfCommand(state: MemoryState, commandId: string): CommitRecord | undefined {
  const [row] = commitsOfId(state, commandId, 'local');
  return row && toRecord(state.log, row);
}

export const earlierCommits = (state: MemoryState, commandId: string, principal: string): EarlierCommit[] =>
  commitsOfId(state, commandId, principal).map((row) => {
    const [stack] = rowsOf(state.tables.stack_rows, row.stream);
    return toEarlierCommit(toRecord(state.log, row), stack?.id ?? '', eventAt(state.log, row.position).meta);
  });

export function commitsOf({ log, tables }: MemoryState, stream: number, filter: CommitFilter): CommitRecord[] {
  const { limit = -1, upTo = Number.MAX_SAFE_INTEGER, raised = false } = filter;
  const rows = rowsOf(tables.commit_rows, stream).filter((row) => row.version <= upTo && (!raised || row.raised === 1));
  return limited(rows.sort(newestFirst), limit).map((row) => toRecord(log, row));
}

export function momentAt({ tables }: MemoryState, stream: number, at: At): Moment | undefined {
  const [last] = rowsOf(tables.commit_rows, stream)
    .filter((row) => {
      if ('version' in at) return row.version <= at.version;
      return 'time' in at ? row.at <= at.time : row.position <= at.position;
    })
    .sort(newestFirst);
  return last && { version: last.version, position: last.position };
}

export const snapshotsOf = ({ tables }: MemoryState, stream: number): SnapshotRecord[] =>
  rowsOf(tables.snapshot_rows, stream).sort(newestFirst).map(toSnapshotRecord);

export const changedKeysBetween = ({ log }: MemoryState, stream: number, from: number, to: number): ChangedKeys =>
  changedKeysOf(
    (log.streams.get(stream) ?? [])
      .filter(({ type, version }) => CHANGE_TYPES.includes(type as EventType) && version > from && version <= to)
      .map(({ position }) => valueAt(log, position)),
  );
