import type pg from 'pg';
import { allSettled } from '../../lib/all-settled.js';
import type { Clock } from '../../lib/clock.js';
import { StoreError } from '../../lib/errors.js';
import type { AppendRequest, Projection, Receipt } from '../event-store.js';
import { eventWriter } from './append.js';
import { type Decisions, decider, type Outcome } from './decide.js';
import { outcomeUnknown, translate } from './errors.js';
import { independent } from './independent.js';
import type { KeyOf } from './key.js';
import { checkHead, holdHead } from './log-end.js';
import { isBrokenOff, isGone, isMoved, isTaken, retrying } from './retry.js';
import { type Sql, sqlOn } from './sql.js';

interface Waiting {
  readonly requests: readonly AppendRequest[];
  readonly resolve: (receipts: readonly Receipt[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Commands that are tried, once or again. */
interface Attempt {
  /** Whether COMMIT was sent and not answered, so that they may be stored. */
  isUncertain: boolean;
}

/**
 * The maximum number of resources, or of commands without any, that share a transaction. A statement over more is no
 * faster.
 */
const MAX_RESOURCES = 128;
/** The number of transactions that lock the log's end from the start after a conflict with another writer. */
const LOCKED_TURNS = 16;

/**
 * Executes commands. Independent commands that are queued at the same time share a transaction.
 * Facts are read and decisions made without a lock. One statement then writes everything if the log still ends where it did
 * when reading began, which proves that the facts are current. If others append too, the log's end is locked from the
 * start. Nothing resolves before the server has committed. If the server disappears, everything is retried; a command that
 * was committed is recognised by its id.
 */
export function groupCommit(
  pool: pg.Pool,
  where: string,
  self: string,
  projection: Projection,
  clock: Clock,
  keyOf: KeyOf,
) {
  const decide = decider(clock, keyOf);
  const write = eventWriter(projection, self);
  let waiting: Waiting[] = [];
  let working = false;
  let wary = 0;

  /** @throws an error for which `isMoved` is true */
  const optimistic = (requests: readonly AppendRequest[], attempt: Attempt): Promise<readonly Outcome[]> =>
    onConnection(pool, async (_, sql) => {
      const decisions = await decide(sql, requests);
      if (isEmpty(decisions)) await checkHead(sql, decisions.head);
      else await committing(attempt, writeAtOnce(sql, decisions));
      return decisions.outcomes;
    });

  /** While the log's end is locked, no other commit is running, so the outcome of an earlier attempt is known. */
  const locked = (requests: readonly AppendRequest[], attempt: Attempt): Promise<readonly Outcome[]> =>
    holding(pool, async (client, sql, begun) => {
      const [, decisions] = await allSettled([begun, decide(sql, requests)]);
      attempt.isUncertain = false;
      const write = isEmpty(decisions) || writeAtOnce(sql, decisions);
      await committing(attempt, allSettled([write, commit(client)]));
      return decisions.outcomes;
    });

  /** In order, each with the changes of the previous ones; all of them or none. */
  const inOrder = (requests: readonly AppendRequest[], attempt: Attempt): Promise<readonly Receipt[]> =>
    holding(pool, async (client, sql, begun) => {
      await begun;
      attempt.isUncertain = false;
      const receipts: Receipt[] = [];
      for (const request of requests) {
        const { outcomes, stored, recorded } = await decide(sql, [request]);
        receipts.push(...outcomes.map(receiptOf));
        if (stored.length > 0) await write(sql, stored, recorded, 'in order');
      }
      await committing(attempt, commit(client));
      return receipts;
    });

  const writeAtOnce = (sql: Sql, { stored, recorded }: Decisions) => write(sql, stored, recorded, 'any order');

  async function together(requests: readonly AppendRequest[], attempt: Attempt): Promise<readonly Outcome[]> {
    if (attempt.isUncertain) return locked(requests, attempt);
    if (wary > 0) wary -= 1;
    else {
      try {
        return await optimistic(requests, attempt);
      } catch (error) {
        if (!isMoved(error)) throw error;
        wary = LOCKED_TURNS;
      }
    }
    return locked(requests, attempt);
  }

  /** Nothing resolves before the transaction has committed, so it may be retried. */
  async function settle(units: readonly Waiting[]): Promise<void> {
    const [first] = units as [Waiting];
    const requests = units.flatMap((unit) => unit.requests);
    const attempt: Attempt = { isUncertain: false };
    const reject = (error: unknown): void => {
      for (const unit of units) {
        const [{ commandId, identity }] = unit.requests as [AppendRequest];
        unit.reject(
          attempt.isUncertain
            ? outcomeUnknown(where, commandId, identity !== undefined, error)
            : translate(error, where),
        );
      }
    };
    try {
      if (requests.length !== units.length) return first.resolve(await retrying(() => inOrder(requests, attempt)));
      const outcomes = await retrying(() => together(requests, attempt));
      for (const [index, unit] of units.entries()) settleUnit(unit, outcomes[index] as Outcome);
    } catch (error) {
      if (attempt.isUncertain) reject(error);
      else if (units.length > 1 && !isBrokenOff(error)) {
        for (const unit of units) await settle([unit]); // one of them caused the failure
      } else if (requests.length === 1 && isTaken(error)) {
        await retrying(() => inOrder(requests, attempt)).then(first.resolve, reject);
      } else reject(error);
    }
  }

  async function work(): Promise<void> {
    working = true;
    while (waiting.length > 0) {
      const { now, later } = independent(waiting, MAX_RESOURCES);
      waiting = later;
      await settle(now);
    }
    working = false;
  }

  return (requests: readonly AppendRequest[]): Promise<readonly Receipt[]> =>
    new Promise((resolve, reject) => {
      waiting.push({ requests, resolve, reject });
      if (!working) {
        working = true;
        setImmediate(() => void work());
      }
    });
}

/** Waits for a commit. If the server disappears without a response, it may have committed. */
async function committing(attempt: Attempt, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    attempt.isUncertain = isGone(error);
    throw error;
  }
}

const isEmpty = ({ stored }: Decisions): boolean => stored.length === 0;

function receiptOf(outcome: Outcome): Receipt {
  if ('refused' in outcome) throw outcome.refused;
  return outcome.receipt;
}

function settleUnit({ resolve, reject }: Waiting, outcome: Outcome): void {
  if ('refused' in outcome) reject(outcome.refused);
  else resolve([outcome.receipt]);
}

async function onConnection<T>(pool: pg.Pool, run: (client: pg.PoolClient, sql: Sql) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: unknown;
  try {
    return await run(client, sqlOn(client));
  } catch (error) {
    broken = error;
    throw error;
  } finally {
    client.release(isGone(broken) ? (broken as Error) : undefined);
  }
}

/**
 * Runs in a transaction that has locked the log's end once `begun` resolves; statements sent before that wait on the
 * server.
 */
const holding = <T>(
  pool: pg.Pool,
  run: (client: pg.PoolClient, sql: Sql, begun: Promise<unknown>) => Promise<T>,
): Promise<T> =>
  onConnection(pool, async (client, sql) => {
    try {
      return await run(client, sql, allSettled([client.query('BEGIN'), holdHead(sql)]));
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    }
  });

/** A failed transaction answers COMMIT with ROLLBACK and no error. */
async function commit(client: pg.ClientBase): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command !== 'COMMIT') throw new StoreError('ROLLED_BACK', 'the server rolled the transaction back');
}
