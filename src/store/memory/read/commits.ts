import { type EventData, resourceAddress } from '../../../events/index.js';
import { parseStoredObject } from '../../../kernel/json.js';
import type { At, CommitFilter, Moment, Touched } from '../../event-store.js';
import type { CommitRecord, SnapshotRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { toCommitRecord, toSnapshotRecord } from '../../to-records.js';
import { eventAt, type MemoryLog } from '../log.js';
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

export function commitOfCommand({ log, tables }: MemoryState, commandId: string): CommitRecord | undefined {
  const position = log.commands.get(commandId);
  const row = position === undefined ? undefined : tables.commit_rows.get(keyText('commit_rows', { position }));
  return row && toRecord(log, row);
}

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

export function touchedBetween({ log }: MemoryState, stream: number, from: number, to: number): Touched {
  const addresses = new Set<string>();
  const outputs = new Set<string>();
  const dependencies = new Map<string, readonly [string, string]>();
  for (const { type, version, data } of log.streams.get(stream) ?? []) {
    if (version <= from || version > to) continue;
    if (type === 'ResourceCreated' || type === 'ResourceUpdated' || type === 'ResourceRemoved') {
      addresses.add(resourceAddress(parseStoredObject<EventData[typeof type]>(data)));
    } else if (type === 'OutputSet' || type === 'OutputRemoved') {
      outputs.add(parseStoredObject<EventData[typeof type]>(data).name);
    } else if (type === 'DependencyAdded' || type === 'DependencyRemoved') {
      const { address, target } = parseStoredObject<EventData[typeof type]>(data);
      dependencies.set(JSON.stringify([address, target]), [address, target]);
    }
  }
  return { addresses: [...addresses].sort(), outputs: [...outputs].sort(), dependencies: [...dependencies.values()] };
}
