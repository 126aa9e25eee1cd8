import { resourceAddress } from '../../../events/index.js';
import type { At, CommitFilter, Moment, Touched } from '../../event-store.js';
import type { CommitRecord, SnapshotRecord } from '../../records.js';
import type { Tables } from '../../tables.js';
import { toCommitRecord, toSnapshotRecord } from '../../to-records.js';
import type { Statements } from '../statements.js';

type CommitRow = Tables['commit_rows'] & { hash: string };

const COMMIT = 'SELECT c.*, e.hash FROM commit_rows c JOIN events e ON e.position = c.position';
const COMMIT_OF_VERSION = `${COMMIT} WHERE c.stream = ? AND c.version = ? AND c.raised = 1`;
const COMMIT_OF_COMMAND = `${COMMIT} WHERE c.command_id = ?`;
const COMMITS = `${COMMIT}
WHERE c.stream = :stream AND c.version <= :upTo AND c.raised >= :raised
ORDER BY c.version DESC, c.position DESC LIMIT :limit`;

const toRecord = (row: CommitRow): CommitRecord => toCommitRecord(row, row.hash);

export function commitOfVersion(sql: Statements, stream: number, version: number): CommitRecord | undefined {
  const row = sql(COMMIT_OF_VERSION).get(stream, version) as CommitRow | undefined;
  return row && toRecord(row);
}

export function commitOfCommand(sql: Statements, commandId: string): CommitRecord | undefined {
  const row = sql(COMMIT_OF_COMMAND).get(commandId) as CommitRow | undefined;
  return row && toRecord(row);
}

export function commitsOf(sql: Statements, stream: number, filter: CommitFilter): CommitRecord[] {
  const rows = sql(COMMITS).all({
    stream,
    upTo: filter.upTo ?? Number.MAX_SAFE_INTEGER,
    raised: filter.raised ? 1 : 0,
    limit: filter.limit ?? -1,
  });
  return (rows as CommitRow[]).map(toRecord);
}

const MOMENT = 'SELECT version, position FROM commit_rows WHERE stream = ?';
const LAST = 'ORDER BY version DESC, position DESC LIMIT 1';
const MOMENT_OF_VERSION = `${MOMENT} AND version <= ? ${LAST}`;
const MOMENT_OF_TIME = `${MOMENT} AND at <= ? ${LAST}`;
const MOMENT_OF_POSITION = `${MOMENT} AND position <= ? ${LAST}`;

export function momentAt(sql: Statements, stream: number, at: At): Moment | undefined {
  const row =
    'version' in at
      ? sql(MOMENT_OF_VERSION).get(stream, at.version)
      : 'time' in at
        ? sql(MOMENT_OF_TIME).get(stream, at.time)
        : sql(MOMENT_OF_POSITION).get(stream, at.position);
  return row as Moment | undefined;
}

const SNAPSHOTS = 'SELECT * FROM snapshot_rows WHERE stream = ? ORDER BY version DESC, position DESC';

export function snapshotsOf(sql: Statements, stream: number): SnapshotRecord[] {
  return (sql(SNAPSHOTS).all(stream) as Tables['snapshot_rows'][]).map(toSnapshotRecord);
}

/**
 * :stream, :from, :to. The range is found by version in the commits and walked by revision in the log, so it costs
 * what happened in between, however large the stack is.
 */
const TOUCHED = `
SELECT e.type, e.data ->> '$.module' AS module, e.data ->> '$.type' AS rtype, e.data ->> '$.name' AS name,
       e.data ->> '$.address' AS address, e.data ->> '$.target' AS target
FROM events e
WHERE e.stream = :stream
  AND e.revision > coalesce((SELECT l.revision FROM commit_rows c JOIN events l ON l.position = c.position
                             WHERE c.stream = :stream AND c.version <= :from ORDER BY c.version DESC, c.position DESC LIMIT 1), 0)
  AND e.revision <= (SELECT l.revision FROM commit_rows c JOIN events l ON l.position = c.position
                     WHERE c.stream = :stream AND c.version <= :to ORDER BY c.version DESC, c.position DESC LIMIT 1)
  AND e.type IN ('ResourceCreated', 'ResourceUpdated', 'ResourceRemoved', 'OutputSet', 'OutputRemoved',
                 'DependencyAdded', 'DependencyRemoved')`;

export function touchedBetween(sql: Statements, stream: number, from: number, to: number): Touched {
  const addresses = new Set<string>();
  const outputs = new Set<string>();
  const dependencies = new Map<string, readonly [string, string]>();
  for (const row of sql(TOUCHED).iterate({ stream, from, to }) as IterableIterator<Record<string, string>>) {
    const { type = '', module = '', rtype = '', name = '', address = '', target = '' } = row;
    if (type.startsWith('Resource')) addresses.add(resourceAddress({ module, type: rtype, name }));
    else if (type.startsWith('Output')) outputs.add(name);
    else dependencies.set(`${address}\n${target}`, [address, target]);
  }
  return { addresses: [...addresses].sort(), outputs: [...outputs].sort(), dependencies: [...dependencies.values()] };
}
