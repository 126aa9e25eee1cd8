import type { EventMeta, LogHead, NewEvent, RecordedEvent, StoredEvent } from '../events/index.js';
import type { Clock } from '../lib/clock.js';
import { ConflictError } from '../lib/errors.js';
import { parseStoredObject } from '../lib/json.js';
import type { ContentKey } from './content-key.js';
import { type EdgeReads, NO_EDGES, readEdgeFacts } from './edge-query.js';
import type { AppendRequest, Receipt } from './event-store.js';
import type { Facts } from './facts.js';
import type { Program } from './program.js';
import { recordEvents } from './record-events.js';
import type { CommitRecord } from './records.js';

/** The result of a command: the rows to append and project, if anything changed, and its receipt. */
export interface Decided {
  readonly stored: readonly StoredEvent[];
  readonly recorded: readonly RecordedEvent[];
  readonly receipt: Receipt;
}

/** The timestamp of a command's events. */
export const timeOf = ({ happened }: AppendRequest, clock: Clock): string => happened ?? clock.now();

/** The properties of a commit that identify a repeat of its command. */
export interface EarlierCommit {
  readonly commit: CommitRecord;
  readonly stackId: string;
  /** The content of the command as stored in its events; see `EventMeta`. */
  readonly content: string | undefined;
}

/** @param meta of the commit's events, as stored */
export const toEarlierCommit = (commit: CommitRecord, stackId: string, meta: string): EarlierCommit => ({
  commit,
  stackId,
  content: parseStoredObject<EventMeta>(meta).content,
});

const metaOf = ({ meta, identity }: AppendRequest, key: ContentKey | undefined): EventMeta =>
  identity && key ? { ...meta, principal: identity.principal, content: key.sign(identity.content()) } : meta;

type ReadsOf = (stream: number) => EdgeReads;

/** The events of a command, after its edge query if it has one. For `runNow` or `runLater`. */
export function* decideEvents(
  request: AppendRequest,
  facts: Facts,
  readsOf: ReadsOf,
  now: string,
): Program<readonly NewEvent[]> {
  const decided = request.decide(facts, now);
  if (!('decide' in decided)) return decided;
  return decided.decide(yield* readEdgeFacts(facts.stack ? readsOf(facts.stack.stream) : NO_EDGES, decided.keys));
}

/**
 * Assigns positions after `head` to the events of a command. A repeatable command always leaves an event, at least
 * `NothingChanged`, by which the store recognises a repeat.
 * @param facts the facts of the decision
 * @param key the log's key; needed if the request has an identity
 */
export function recordDecided(
  request: AppendRequest,
  facts: Facts,
  decided: readonly NewEvent[],
  head: LogHead,
  now: string,
  key: ContentKey | undefined,
): Decided {
  const { commandId, identity } = request;
  if (decided.length === 0 && !identity) {
    const receipt: Receipt = {
      commandId,
      stackId: facts.stack?.id ?? '',
      version: facts.stack?.stateVersion ?? 0,
      events: 0,
      firstPosition: head.position,
      lastPosition: head.position,
      hash: head.hash,
      recordedAt: now,
    };
    return { stored: [], recorded: [], receipt };
  }
  const events = decided.length > 0 ? decided : [{ type: 'NothingChanged' as const, data: {} }];
  const created = events[0]?.type === 'StackCreated' ? events[0].data.id : undefined;
  const before = created === undefined ? facts.stack : undefined;
  const { stored, recorded } = recordEvents(
    events,
    {
      position: head.position,
      hash: head.hash,
      stream: before?.stream,
      revision: before?.revision ?? 0,
      version: before?.stateVersion ?? 0,
    },
    { commandId, meta: metaOf(request, key), now },
  );
  const last = stored[stored.length - 1] as StoredEvent;
  const receipt: Receipt = {
    commandId,
    stackId: created ?? before?.id ?? '',
    version: last.version,
    events: stored.length,
    firstPosition: head.position + 1,
    lastPosition: last.position,
    hash: last.hash,
    recordedAt: now,
  };
  return { stored, recorded, receipt };
}

/**
 * The receipt of the commit that a command repeats; undefined if the command must be decided. Authorises first.
 * @param facts of the stack that the command names
 * @param earlier commits with the command's id of its principal, or without a recorded principal
 * @param key the log's key; needed if the request has an identity
 * @throws errors of `authorize`; ConflictError `COMMAND_ID_REUSED` for another command on the same stack
 */
export function receiptOfRepeat(
  request: AppendRequest,
  facts: Facts,
  earlier: readonly EarlierCommit[],
  key: ContentKey | undefined,
): Receipt | undefined {
  request.authorize?.(facts);
  const repeated = repeatedCommit(request, facts, earlier, key);
  return repeated && receiptOf(repeated.commit, repeated.stackId);
}

/** The receipt of the command of a commit. */
export const receiptOf = (commit: CommitRecord, stackId: string): Receipt => ({
  commandId: commit.commandId,
  stackId,
  version: commit.version,
  events: commit.position - commit.firstPosition + 1,
  firstPosition: commit.firstPosition,
  lastPosition: commit.position,
  hash: commit.hash,
  recordedAt: commit.at,
});

function repeatedCommit(
  request: AppendRequest,
  facts: Facts,
  earlier: readonly EarlierCommit[],
  key: ContentKey | undefined,
): EarlierCommit | undefined {
  const { commandId, identity, meta } = request;
  if (earlier.length === 0) return undefined;
  if (!identity) return earlier[0]; // the store created the id for this request and is retrying it
  const stackId = facts.stack?.id ?? facts.deletedStack?.id ?? facts.nameHolder;
  const isSame = ({ content }: EarlierCommit) => content !== undefined && key?.verifies(content, identity.content());
  // A name refers to the stack that has it now. If none has, the command may have run before a rename.
  if (stackId === undefined) return earlier.find(isSame);
  const onStack = earlier.filter((one) => one.stackId === stackId);
  const same = onStack.find(isSame);
  if (same) return same;
  const [other] = onStack;
  if (!other) return undefined;
  // Commits of earlier releases and of imported logs contain nothing that this key can verify.
  const isComparable = other.content !== undefined && key?.isOwn(other.content);
  if (!isComparable && other.commit.kind === meta.command && other.commit.actor === meta.actor) return other;
  throw new ConflictError('COMMAND_ID_REUSED', `command id ${commandId} was used for another command on this stack`, {
    hint: 'Give every command an id of its own; send the same id only to repeat the same command.',
    details: { field: 'commandId', commandId },
  });
}
