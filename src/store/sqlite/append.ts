import type { LogHead, RecordedEvent, StoredEvent, UnknownEvent } from '../../events/index.js';
import type { Clock } from '../../lib/clock.js';
import { StoreError } from '../../lib/errors.js';
import { notStored } from '../damage-errors.js';
import type { AppendRequest, Projection, ProjectorInfo, Receipt } from '../event-store.js';
import { type Facts, readsSharedKeys } from '../facts.js';
import { atOnce, runNow } from '../program.js';
import { earlierCommits } from '../read/commits.js';
import { edgeReads } from '../read/edges.js';
import { decideEvents, type EarlierCommit, receiptOfRepeat, recordDecided, timeOf } from '../receipts.js';
import { readKey } from './key.js';
import { factsNow, headNow } from './now.js';
import type { Connection } from './open.js';
import { rowWriter } from './rows.js';
import type { Statements } from './statements.js';

const INSERT_EVENT = `
INSERT INTO events (position, stream, revision, version, type, schema_version, data, meta, recorded_at, command_id, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/**
 * Writes an event to the log. Values are bound by position; by name takes twice as long.
 * @throws IntegrityError `EVENT_NOT_STORED` if a foreign trigger discards it
 */
export function insertEvent(sql: Statements, event: StoredEvent): void {
  const { changes } = sql(INSERT_EVENT).run(
    event.position,
    event.stream,
    event.revision,
    event.version,
    event.type,
    event.schemaVersion,
    event.data,
    event.meta,
    event.recordedAt,
    event.commandId,
    event.hash,
  );
  if (changes !== 1) throw notStored();
}

/**
 * Skips checkpoints of another release and those that lag behind. The plus prevents a key lookup for each name: scanning
 * all ten takes a seventh of the time.
 */
const moveCheckpoints = (projectors: readonly ProjectorInfo[]): string => `
UPDATE projection_checkpoints SET position = ?
WHERE position = ? AND (${projectors.map(({ name, version }) => `(+name = '${name}' AND version = ${version})`).join(' OR ')})`;

/** A flush failed part-way: the transaction must be rolled back. */
export class PartialWrite extends Error {}

/** The commands inside one open transaction, between `begin` and `end`. A `PartialWrite` ends the transaction. */
export interface Appender {
  begin(): void;
  /**
   * Runs one command: facts and decision. Its events are pending until a flush. It is synchronous, because a promise would
   * let other work into the transaction.
   * @throws the error of a refused command; `PartialWrite` if the pending events of earlier commands could not be written
   */
  run(request: AppendRequest): Receipt;
  /**
   * Runs a group of commands: all of them or none.
   * @throws the error of a refused command or of a failed write; `PartialWrite` as above
   */
  runTogether(requests: readonly AppendRequest[]): readonly Receipt[];
  /** @throws StoreError `PROJECTIONS_CHANGED`, and then the transaction must be rolled back; `PartialWrite` */
  end(): void;
}

/** Events that are decided but not yet written. */
interface Pending {
  readonly stored: StoredEvent[];
  readonly recorded: RecordedEvent[];
}
const nothingPending = (): Pending => ({ stored: [], recorded: [] });

/** The maximum number of pending events before the next command. */
const MAX_PENDING = 1_000;

/**
 * Events and tables are written when a later command reads them. Commands on different stacks are flushed together, which
 * takes less time (docs/adr/0021). Each command still sees all earlier ones: a command whose keys are among `pendingKeys`
 * flushes first, and a command that reads keys shared by stacks (names and ids) flushes before and after.
 */
export function appender(db: Connection, sql: Statements, projection: Projection, clock: Clock): Appender {
  const writer = eventWriter(db, sql, projection);
  let pending = nothingPending();
  /** The streams, the stack references and the command ids of the pending events. */
  const pendingKeys = new Set<string | number>();

  const clearPending = (): void => {
    pending = nothingPending();
    pendingKeys.clear();
  };
  const flush = (): void => {
    const { stored, recorded } = pending;
    if (stored.length === 0) return;
    clearPending();
    try {
      writer.write(stored, recorded);
    } catch (cause) {
      throw new PartialWrite('the events were not written', { cause });
    }
  };
  const earlierOf = ({ commandId, identity }: AppendRequest): readonly EarlierCommit[] => {
    if (!identity) return []; // the id was made for this command
    if (pendingKeys.has(commandId)) flush();
    return atOnce(earlierCommits(sql, commandId, identity.principal));
  };
  const factsOf = ({ keys }: AppendRequest): Facts => {
    if (pendingKeys.has(keys.stack) || readsSharedKeys(keys)) flush();
    const facts = factsNow(sql, keys);
    if (!facts.stack || !pendingKeys.has(facts.stack.stream)) return facts;
    flush(); // another name of a stack with pending events
    return factsNow(sql, keys);
  };

  const run = (request: AppendRequest): Receipt => {
    const earlier = earlierOf(request);
    const facts = factsOf(request);
    const key = request.identity && readKey(sql);
    const repeated = receiptOfRepeat(request, facts, earlier, key);
    if (repeated) return repeated;
    const now = timeOf(request, clock);
    const events = runNow(decideEvents(request, facts, (stream) => edgeReads(sql, stream), now));
    const head = pending.stored[pending.stored.length - 1] ?? writer.head();
    const { stored, recorded, receipt } = recordDecided(request, facts, events, head, now, key);
    const [first] = stored;
    if (!first) return receipt;
    for (const event of stored) pending.stored.push(event);
    for (const event of recorded) pending.recorded.push(event);
    for (const key of [first.stream, request.keys.stack, request.commandId]) pendingKeys.add(key);
    if (pending.stored.length >= MAX_PENDING || readsSharedKeys(request.keys)) flush();
    return receipt;
  };
  const underSavepoint = db.transaction((requests: readonly AppendRequest[]) => requests.map(run));
  const runTogether = (requests: readonly AppendRequest[]): readonly Receipt[] => {
    flush(); // a rollback of the savepoint must not affect earlier commands
    try {
      return underSavepoint(requests);
    } catch (error) {
      clearPending();
      writer.rolledBack();
      throw error instanceof PartialWrite ? error.cause : error;
    }
  };
  return {
    begin: () => {
      clearPending();
      writer.begin();
    },
    run,
    runTogether,
    end: () => {
      flush();
      writer.end();
    },
  };
}

/**
 * Writes events that follow the log's end, and their row changes, inside an open transaction. At its end the checkpoints
 * move once for all of them.
 */
export function eventWriter(db: Connection, sql: Statements, projection: Projection) {
  const applyRows = rowWriter(db);
  const { projectors } = projection;
  const move = moveCheckpoints(projectors);
  let before: number | undefined;
  let last: LogHead | undefined;
  const head = (): LogHead => (last ??= headNow(sql));
  const rolledBack = (): void => {
    last = undefined;
  };

  return {
    begin: (): void => {
      before = undefined;
      rolledBack();
    },
    /** The end of the log; read once per transaction. */
    head,
    /** Takes whole commits in log order. */
    write: (stored: readonly StoredEvent[], recorded: readonly (RecordedEvent | UnknownEvent)[]): void => {
      before ??= (stored[0] as StoredEvent).position - 1;
      for (const event of stored) insertEvent(sql, event);
      applyRows(projection.project(recorded));
      last = stored[stored.length - 1];
    },
    rolledBack,
    end: (): void => {
      if (before === undefined) return;
      const moved = sql(move).run(head().position, before);
      if (moved.changes !== projectors.length) throw tablesNotOurs();
    },
  };
}

/** Further writes would mix rows of two releases, or leave a gap in the rows. */
const tablesNotOurs = (): StoreError =>
  new StoreError('PROJECTIONS_CHANGED', 'the tables were built by another release or do not show the whole log', {
    hint: 'Start again; if it stays so, look at them with: sloth-runner projections status',
  });
