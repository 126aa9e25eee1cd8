import type { LogHead, NewEvent, RecordedEvent, StoredEvent } from '../../events/index.js';
import { allSettled } from '../../lib/all-settled.js';
import type { Clock } from '../../lib/clock.js';
import { SlothError } from '../../lib/errors.js';
import type { ContentKey } from '../content-key.js';
import type { AppendRequest, Receipt } from '../event-store.js';
import type { Facts } from '../facts.js';
import { runLater } from '../program.js';
import { edgeReads } from '../read/edges.js';
import { decideEvents, receiptOfRepeat, recordDecided, timeOf } from '../receipts.js';
import { readEdgesEarly, withEarlyReads } from './early-edge-reads.js';
import type { KeyOf } from './key.js';
import { readKnown } from './opening.js';
import type { Sql } from './sql.js';

export type Outcome = { readonly receipt: Receipt } | { readonly refused: SlothError };

/** The decisions of commands that follow each other at the log's end. Nothing is written yet. */
export interface Decisions {
  /** The end of the log when reading began. */
  readonly head: LogHead;
  readonly outcomes: readonly Outcome[];
  readonly stored: readonly StoredEvent[];
  readonly recorded: readonly RecordedEvent[];
}

/** One decision, before its events have positions. */
interface Decided {
  readonly request: AppendRequest;
  readonly head: LogHead;
  readonly result:
    | Outcome
    | {
        readonly facts: Facts;
        readonly events: readonly NewEvent[];
        readonly now: string;
        readonly key: ContentKey | undefined;
      };
}

/** The maximum number of stack names whose streams are cached. */
const GUESSES = 10_000;

/** Reads facts and decides several commands concurrently. None may depend on the changes of another. */
export function decider(clock: Clock, keyOf: KeyOf) {
  /** The stream that a stack reference meant the last time. */
  const streams = new Map<string, number>();

  async function decide(sql: Sql, request: AppendRequest): Promise<Decided> {
    const ref = request.keys.stack;
    const guess = streams.get(ref);
    const { likely } = request.keys;
    const [{ head, earlier, facts }, key, early] = await allSettled([
      readKnown(sql, request, guess),
      request.identity && keyOf(sql),
      likely && guess !== undefined ? readEdgesEarly(edgeReads(sql, guess), likely()) : undefined,
    ]);
    const stream = facts.stack?.stream;
    if (stream !== undefined) {
      if (streams.size === GUESSES) streams.clear();
      streams.set(ref, stream);
    }
    const result = async (): Promise<Decided['result']> => {
      const receipt = receiptOfRepeat(request, facts, earlier, key);
      if (receipt) return { receipt };
      const now = timeOf(request, clock);
      const readsOf = (of: number) =>
        early && of === guess ? withEarlyReads(edgeReads(sql, of), early) : edgeReads(sql, of);
      const events = await runLater(decideEvents(request, facts, readsOf, now));
      return { facts, events, now, key };
    };
    return { request, head, result: await result().catch(refusal) };
  }

  /** @throws errors of the server and the driver; a refused command is an outcome instead */
  return async (sql: Sql, requests: readonly AppendRequest[]): Promise<Decisions> => {
    return positioned(await allSettled(requests.map((request) => decide(sql, request))));
  };
}

function refusal(error: unknown): Outcome {
  if (error instanceof SlothError) return { refused: error };
  throw error;
}

function positioned(decided: readonly Decided[]): Decisions {
  const before = (decided[0] as Decided).head;
  const outcomes: Outcome[] = [];
  const stored: StoredEvent[] = [];
  const recorded: RecordedEvent[] = [];
  let head = before;
  for (const { request, result } of decided) {
    if (!('events' in result)) {
      outcomes.push(result);
      continue;
    }
    const step = recordDecided(request, result.facts, result.events, head, result.now, result.key);
    stored.push(...step.stored);
    recorded.push(...step.recorded);
    head = step.stored.at(-1) ?? head;
    outcomes.push({ receipt: step.receipt });
  }
  return { head: before, outcomes, stored, recorded };
}
