import { type Engine, openEngineAt } from '../engine.js';
import { isSameCommit, type LogHead, type StoredEvent } from '../events/index.js';
import { systemClock } from '../lib/clock.js';
import { shownLocation } from '../lib/database-url.js';
import { ConflictError, IntegrityError, NotFoundError } from '../lib/errors.js';
import { eventPages } from '../store/event-page.js';
import type { EventStore } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';

/** Events read and written at once. A commit is never split: a larger one is kept in memory as a whole. */
const BATCH = 2_000;

export interface CopyOptions {
  /** Compare the tables of the copy with its log afterwards. Default: true. */
  readonly verify?: boolean;
  readonly onProgress?: OnProgress;
  /** Called when the target was created. */
  readonly onCreate?: () => void;
}

export interface Copied {
  /** The head of the copy, and of the source as far as it was copied. */
  readonly head: LogHead;
  /** The number of events copied by this run. */
  readonly events: number;
}

/**
 * Copies the whole log of a database to another one of any kind, with the same hashes; the tables are built on the way. An
 * interrupted copy is resumed, and a complete one gets the new events.
 * @throws ConflictError `LOGS_DIFFER` if the target contains anything else; IntegrityError if the source's log, or the copy,
 * is invalid
 */
export async function copyDatabase(from: string, to: string, options: CopyOptions = {}): Promise<Copied> {
  const source = await openSource(from);
  try {
    const target = await openEngineAt(to, systemClock, options.onCreate ? { onCreate: options.onCreate } : {});
    try {
      return await copyLog(source.store, target.store, shownLocation(to), options);
    } finally {
      await target.store.close();
    }
  } finally {
    await source.store.close();
  }
}

async function openSource(from: string): Promise<Engine> {
  let source: Engine | undefined;
  try {
    source = await openEngineAt(from, systemClock, { create: false });
    await source.store.head(); // checks that the database exists on the server
    return source;
  } catch (error) {
    await source?.store.close();
    throw error instanceof NotFoundError ? noSource(from, error) : error;
  }
}

async function copyLog(
  source: EventStore,
  target: EventStore,
  where: string,
  { verify = true, onProgress = () => {} }: CopyOptions,
): Promise<Copied> {
  const end = (await source.head()).position;
  const start = await target.head();
  await refuseOther(source, start, where);
  let head = start;
  for await (const batch of commitsAfter(source, start.position, end)) {
    head = await target.extendLog(batch);
    onProgress({ step: 'copying', done: head.position, total: end });
  }
  if (verify) {
    const { problems } = await target.compareTables({ onProgress });
    if (problems.length > 0) throw tablesDiffer(where);
  }
  return { head, events: head.position - start.position };
}

/** The target must contain the beginning of the source's log. */
async function refuseOther(source: EventStore, { position, hash }: LogHead, where: string): Promise<void> {
  if (position === 0) return;
  const [same] = await source.events({ after: position - 1, upTo: position, limit: 1 });
  if (same?.hash === hash) return;
  throw new ConflictError('LOGS_DIFFER', `the target holds another log, up to position ${position}: ${where}`, {
    hint: 'Name a database that is empty, or that a copy of this one was begun in.',
    details: { target: where, position, hash },
  });
}

async function* commitsAfter(source: EventStore, start: number, end: number): AsyncGenerator<readonly StoredEvent[]> {
  let rest: readonly StoredEvent[] = [];
  for await (const page of eventPages(source, { after: start, upTo: end }, BATCH)) {
    const events = [...rest, ...page];
    const last = page.at(-1) as StoredEvent;
    const whole =
      last.position === end ? events.length : events.findLastIndex((event) => !isSameCommit(event, last)) + 1;
    if (whole > 0) yield events.slice(0, whole);
    rest = events.slice(whole);
  }
}

const noSource = (path: string, cause: NotFoundError): NotFoundError =>
  new NotFoundError('SOURCE_NOT_FOUND', cause.message, {
    hint: 'Name the database to copy with --from.',
    details: { field: 'from', path: shownLocation(path) },
    cause,
  });

const tablesDiffer = (where: string): IntegrityError =>
  new IntegrityError('COPY_DIFFERS', `the tables of the copy are not what its log says: ${where}`, {
    hint: 'Run projections rebuild on it, then audit verify.',
    details: { target: where },
  });
