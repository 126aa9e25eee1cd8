import type { LogHead, NewEvent, RecordedEvent, StoredEvent } from '../events/index.js';
import type { Clock } from '../kernel/clock.js';
import { ConflictError } from '../kernel/errors.js';
import type { AppendRequest, Receipt } from './event-store.js';
import type { Facts } from './facts.js';
import { type LinkReads, NOTHING_THERE, type Reading, readLinks } from './links.js';
import { recordEvents } from './record-events.js';
import type { CommitRecord } from './records.js';

/** What a command comes to: the rows to append and project, none where there is nothing to do, and its receipt. */
export interface Decided {
  readonly stored: readonly StoredEvent[];
  readonly recorded: readonly RecordedEvent[];
  readonly receipt: Receipt;
}

/** The instant a command's events carry. */
export const timeOf = ({ happened }: AppendRequest, clock: Clock): string => happened ?? clock.now();

type ReadsOf = (stream: number) => LinkReads;

/** The events of a command, once its question is answered where it has one. For `readNow` or `readLater`. */
export function* decideEvents(
  request: AppendRequest,
  facts: Facts,
  readsOf: ReadsOf,
  now: string,
): Reading<readonly NewEvent[]> {
  const decided = request.decide(facts, now);
  if (!('answer' in decided)) return decided;
  return decided.answer(yield* readLinks(facts.stack ? readsOf(facts.stack.stream) : NOTHING_THERE, decided.links));
}

/**
 * Gives the events of a command their places after `head`. A command that may be sent again always leaves an event,
 * `NothingChanged` at least: by it the store knows the command when it comes again.
 * @param facts that it was decided on
 */
export function recordDecided(
  request: AppendRequest,
  facts: Facts,
  decided: readonly NewEvent[],
  head: LogHead,
  now: string,
): Decided {
  const { commandId, meta, resendable } = request;
  if (decided.length === 0 && !resendable) {
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
    { commandId, meta, now },
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
 * The receipt a command had the first time.
 * @param commit the commit that bears the request's command id, of the stack `stackId`
 * @throws ConflictError for a different command under the same id: a mistake of the caller's
 */
export function receiptAgain(commit: CommitRecord, stackId: string, { commandId, meta }: AppendRequest): Receipt {
  if (commit.kind !== meta.command) {
    throw new ConflictError(
      'COMMAND_ID_REUSED',
      `command id ${commandId} was used for "${commit.kind}", now for "${meta.command}"`,
      { hint: 'Give every command an id of its own; send the same id only to repeat the same command.' },
    );
  }
  return {
    commandId: commit.commandId,
    stackId,
    version: commit.version,
    events: commit.position - commit.firstPosition + 1,
    firstPosition: commit.firstPosition,
    lastPosition: commit.position,
    hash: commit.hash,
    recordedAt: commit.at,
  };
}
