import { decodeEvent, type EventType, typesOf } from '../events/index.js';
import { evolve, initialState, type StackState } from '../projections/evolve.js';
import type { At, Receipt } from '../store/event-store.js';
import { type Program, together } from '../store/program.js';
import type { DriftRecord, DriftRuleRecord, LockRecord, StackRecord, TagRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { instantAt, stackMoment } from './at.js';

/** A stack's tags, now or at a past position. */
export function* readTags(
  s: Snapshot,
  ref: string,
  at?: At,
): Program<{ readonly stack: StackRecord; readonly tags: readonly TagRecord[] }> {
  const { stack, position, past } = yield* stackMoment(s, ref, at);
  if (!past) return { stack, tags: yield* s.tags(stack.stream) };
  const { tags } = yield* fold(s, stack.stream, position, typesOf('tag'));
  const list = [...tags].map(([tag, { createdAt, createdBy }]) => ({ tag, createdAt, createdBy }));
  return { stack, tags: list.sort((a, b) => (a.tag < b.tag ? -1 : 1)) };
}

/** The lock of a stack, now or at a past position; an expired lock is none. */
export function* readLock(
  s: Snapshot,
  ref: string,
  now: string,
  at?: At,
): Program<{ readonly stack: StackRecord; readonly lock: LockRecord | undefined }> {
  const { stack, position, past } = yield* stackMoment(s, ref, at);
  if (!past) {
    const lock = yield* s.lock(stack.stream);
    return { stack, lock: lock && lock.expiresAt > now ? lock : undefined };
  }
  const { lock } = yield* fold(s, stack.stream, position, typesOf('lock'));
  const [last] = yield* s.events({ stream: stack.stream, upTo: position, descending: true, limit: 1 });
  const then = at ? yield* instantAt(s, at, last?.recordedAt ?? now) : now;
  return { stack, lock: lock && lock.expiresAt > then ? lock : undefined };
}

/** The lock of a stack as the command of a receipt left it, expired or not, whatever happened since. */
export function* lockAfter(s: Snapshot, receipt: Receipt): Program<LockRecord | undefined> {
  const { stackId, firstPosition, lastPosition } = receipt;
  const own =
    receipt.events === 0 ? [] : yield* s.events({ after: firstPosition - 1, upTo: lastPosition, limit: MOST_OF_LOCK });
  const { lock } = evolve(
    initialState,
    own.map((row) => decodeEvent(row)),
  );
  if (lock) return lock; // taken by this command
  const { stream } = (yield* s.stack(stackId, { deleted: true })) as StackRecord;
  const types = typesOf('lock');
  const [later, current] = yield* together([
    s.events({ stream, after: lastPosition, types, limit: 1 }),
    s.lock(stream),
  ]);
  return later.length === 0 ? current : ((yield* fold(s, stream, lastPosition, types)).lock ?? undefined);
}

/** The maximum number of events of a command about a lock: the end of an expired lock, and the new one. */
const MOST_OF_LOCK = 2;

/** Recorded drift findings, newest first, as of the requested position. */
export function* readDrift(
  s: Snapshot,
  ref: string,
  at?: At,
): Program<{ readonly stack: StackRecord; readonly findings: readonly DriftRecord[] }> {
  const { stack, position, past } = yield* stackMoment(s, ref, at);
  const findings = yield* s.drift(stack.stream);
  if (!past) return { stack, findings };
  const { drift } = yield* fold(s, stack.stream, position, typesOf('drift'));
  return {
    stack,
    findings: findings.flatMap((finding) => {
      const then = drift.get(finding.id);
      if (!then) return [];
      const { isDrifted, status: resolutionStatus, reason, resolvedAt, ignoredUntil } = then;
      return [{ ...finding, isDrifted, resolutionStatus, reason, resolvedAt, ignoredUntil }];
    }),
  };
}

/** A stack's drift rules, oldest first, including expired ones; now or at a past position. */
export function* readDriftRules(
  s: Snapshot,
  ref: string,
  at?: At,
): Program<{ readonly stack: StackRecord; readonly rules: readonly DriftRuleRecord[] }> {
  const { stack, position, past } = yield* stackMoment(s, ref, at);
  if (!past) return { stack, rules: yield* s.driftRules(stack.stream) };
  const { driftRules } = yield* fold(s, stack.stream, position, typesOf('drift'));
  return { stack, rules: [...driftRules].map(([id, rule]) => ({ id, ...rule })) };
}

/** The annotations of a stack after a position of the log. */
export const annotationsAt = (s: Snapshot, stream: number, upTo: number): Program<StackState> =>
  fold(s, stream, upTo, typesOf('tag', 'lock', 'existence'));

/** The events of a few types of a stack up to a position, found by an index. */
function* fold(s: Snapshot, stream: number, upTo: number, types: readonly EventType[]): Program<StackState> {
  const rows = yield* s.events({ stream, upTo, types, limit: Number.MAX_SAFE_INTEGER });
  return evolve(
    initialState,
    rows.map((row) => decodeEvent(row)),
  );
}
