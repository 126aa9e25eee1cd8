import type { Clock } from '../../kernel/clock.js';
import { ConflictError } from '../../kernel/errors.js';
import type { AppendRequest, Projection, Receipt } from '../event-store.js';
import { recordEvents } from '../record-events.js';
import type { CommitRecord } from '../records.js';
import type { Connection } from './open.js';
import { commitOfCommand } from './read/commits.js';
import { readFacts } from './read/facts.js';
import { readHead } from './read/log.js';
import { rowWriter } from './rows.js';
import type { Statements } from './statements.js';

const INSERT_EVENT = `
INSERT INTO events (position, stream, revision, version, type, schema_version, data, meta, recorded_at, command_id, hash)
VALUES (@position, @stream, @revision, @version, @type, @schemaVersion, @data, @meta, @recordedAt, @commandId, @hash)`;
const MOVE_CHECKPOINTS = 'UPDATE projection_checkpoints SET position = ?';
const STACK_ID = 'SELECT id FROM stack_rows WHERE stream = ?';

/**
 * The work of one command inside an open transaction: facts, decision, events, projection. Whatever it throws, the
 * caller rolls back to where the command began. No step may wait: a promise here would let other work into the transaction.
 */
export function appender(db: Connection, sql: Statements, projection: Projection, clock: Clock) {
  const applyRows = rowWriter(db);

  return (request: AppendRequest): Receipt => {
    const earlier = commitOfCommand(sql, request.commandId);
    if (earlier) return receiptAgain(sql, earlier, request);

    const facts = readFacts(sql, request.keys);
    const now = clock.now();
    const decided = request.decide(facts, now);
    const head = readHead(sql);
    if (decided.length === 0 && !request.resendable) {
      return {
        commandId: request.commandId,
        stackId: facts.stack?.id ?? '',
        version: facts.stack?.stateVersion ?? 0,
        events: 0,
        firstPosition: head.position,
        lastPosition: head.position,
        hash: head.hash,
        recordedAt: now,
      };
    }
    const events = decided.length > 0 ? decided : [{ type: 'NothingChanged' as const, data: {} }];
    const creates = events[0]?.type === 'StackCreated';
    const { stored, recorded } = recordEvents(
      events,
      {
        ...head,
        stream: creates ? undefined : facts.stack?.stream,
        revision: creates ? 0 : (facts.stack?.revision ?? 0),
        version: creates ? 0 : (facts.stack?.stateVersion ?? 0),
      },
      { commandId: request.commandId, meta: request.meta, now },
    );
    for (const event of stored) sql(INSERT_EVENT).run(event);
    applyRows(projection.project(recorded));
    const last = stored[stored.length - 1] as (typeof stored)[number];
    sql(MOVE_CHECKPOINTS).run(last.position);
    return {
      commandId: request.commandId,
      stackId: events[0]?.type === 'StackCreated' ? events[0].data.id : (facts.stack?.id ?? ''),
      version: last.version,
      events: stored.length,
      firstPosition: stored[0]?.position ?? last.position,
      lastPosition: last.position,
      hash: last.hash,
      recordedAt: now,
    };
  };
}

/** The receipt the command had the first time. A different command under the same id is a mistake of the caller's. */
function receiptAgain(sql: Statements, commit: CommitRecord, request: AppendRequest): Receipt {
  if (commit.kind !== request.meta.command) {
    throw new ConflictError(
      'COMMAND_ID_REUSED',
      `command id ${request.commandId} was used for "${commit.kind}", now for "${request.meta.command}"`,
      { hint: 'Give every command an id of its own; send the same id only to repeat the same command.' },
    );
  }
  return {
    commandId: commit.commandId,
    stackId: sql(STACK_ID).pluck().get(commit.stream) as string,
    version: commit.version,
    events: commit.position - commit.firstPosition + 1,
    firstPosition: commit.firstPosition,
    lastPosition: commit.position,
    hash: commit.hash,
    recordedAt: commit.at,
  };
}
