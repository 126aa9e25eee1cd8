import { NotFoundError } from '../lib/errors.js';
import type { At, Moment } from '../store/event-store.js';
import type { Program } from '../store/program.js';
import type { StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { stackDeleted, stackNotFound } from '../store/stack-errors.js';

export interface StackMoment extends Moment {
  readonly stack: StackRecord;
  /** Whether a past position is requested, rather than the current state. */
  readonly past: boolean;
}

/**
 * Finds a stack, and the requested position in its history. With a position, or with `deleted`, a deleted stack is found
 * too.
 * @throws NotFoundError for an unknown stack, and for a version, time or position at which it did not exist
 */
export function* stackMoment(
  s: Snapshot,
  ref: string,
  at?: At,
  options: { readonly deleted?: boolean } = {},
): Program<StackMoment> {
  const stack = yield* s.stack(ref, { deleted: options.deleted || at !== undefined });
  if (!stack) throw yield* notFound(s, ref);
  const latest = { version: stack.stateVersion, position: Number.MAX_SAFE_INTEGER };
  if (!at) return { stack, past: false, ...latest };
  const moment = yield* s.moment(stack.stream, at);
  if (!moment || ('version' in at && moment.version !== at.version)) throw notThere(stack, at);
  return { stack, past: true, ...moment };
}

function* notFound(s: Snapshot, ref: string): Program<NotFoundError> {
  const deleted = yield* s.stack(ref, { deleted: true });
  return deleted ? stackDeleted(ref, deleted) : stackNotFound(ref);
}

function notThere(stack: StackRecord, at: At): NotFoundError {
  const where =
    'version' in at
      ? `version ${at.version}`
      : 'time' in at
        ? `state at ${at.time}`
        : `state at position ${at.position}`;
  return new NotFoundError('VERSION_NOT_FOUND', `stack "${stack.name}" has no ${where}`, {
    hint: `It has the versions 1 to ${stack.stateVersion} and began at ${stack.createdAt}: stack state versions ${stack.name}`,
    details: { stack: stack.name, ...at, latest: stack.stateVersion },
  });
}

/** The time of a position: that of its event; for a version `otherwise`. */
export function* instantAt(s: Snapshot, at: At, otherwise: string): Program<string> {
  if ('time' in at) return at.time;
  if (!('position' in at)) return otherwise;
  const [last] = yield* s.events({ upTo: at.position, descending: true, limit: 1 });
  return last?.recordedAt ?? otherwise;
}
