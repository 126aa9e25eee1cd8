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

/** Commands as they are tried, once or again. */
interface Attempt {
  /** Whether the server was asked to commit them and did not answer: they may be stored. */
  isUncertain: boolean;
}

/** Resources at most, or commands about none, that share a transaction: a statement about many is no faster for more. */
const TOGETHER = 128;
/** So many times the log's end is held from the beginning, once others were found to append as well. */
const WARY = 16;

/**
 * Carries out commands. Those that wait at the same moment and have nothing to do with each other share a transaction.
 *
 * Facts are read and the decision is made while nothing is held. One statement then writes all of it, if the log still
 * ends where it did when the reading began: that proves what was read. Where others append as well, the log's end is held
 * from the beginning. Nothing resolves before the server has committed. Where it goes away in the middle all is tried
 * again: a command that was committed is known by its id.
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

  /** @throws what `isMoved` knows */
  const ahead = (requests: readonly AppendRequest[], attempt: Attempt): Promise<readonly Outcome[]> =>
    onConnection(pool, async (_, sql) => {
      const decisions = await decide(sql, requests);
      if (isEmpty(decisions)) await checkHead(sql, decisions.head);
      else await committing(attempt, writeAtOnce(sql, decisions));
      return decisions.outcomes;
    });

  /** Where the log's end is held nothing is under way any more: what an earlier attempt came to is known. */
  const held = (requests: readonly AppendRequest[], attempt: Attempt): Promise<readonly Outcome[]> =>
    holding(pool, async (client, sql, begun) => {
      const [, decisions] = await allSettled([begun, decide(sql, requests)]);
      attempt.isUncertain = false;
      const write = isEmpty(decisions) || writeAtOnce(sql, decisions);
      await committing(attempt, allSettled([write, commit(client)]));
      return decisions.outcomes;
    });

  /** One after the other, each knowing what those before it have changed; all of them, or none. */
  const inTurn = (requests: readonly AppendRequest[], attempt: Attempt): Promise<readonly Receipt[]> =>
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
    if (attempt.isUncertain) return held(requests, attempt);
    if (wary > 0) wary -= 1;
    else {
      try {
        return await ahead(requests, attempt);
      } catch (error) {
        if (!isMoved(error)) throw error;
        wary = WARY;
      }
    }
    return held(requests, attempt);
  }

  /** Nothing is told before the transaction is through, so it may be tried again. */
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
      if (requests.length !== units.length) return first.resolve(await retrying(() => inTurn(requests, attempt)));
      const outcomes = await retrying(() => together(requests, attempt));
      for (const [index, unit] of units.entries()) tell(unit, outcomes[index] as Outcome);
    } catch (error) {
      if (attempt.isUncertain) reject(error);
      else if (units.length > 1 && !isBrokenOff(error)) {
        for (const unit of units) await settle([unit]); // one of them is to blame
      } else if (requests.length === 1 && isTaken(error)) {
        await retrying(() => inTurn(requests, attempt)).then(first.resolve, reject);
      } else reject(error);
    }
  }

  async function work(): Promise<void> {
    working = true;
    while (waiting.length > 0) {
      const { now, later } = independent(waiting, TOGETHER);
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

/** Waits for what commits. A server that is gone before it answers may have done it. */
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

function tell({ resolve, reject }: Waiting, outcome: Outcome): void {
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

/** In a transaction that holds the log's end once `begun` resolves; what is sent meanwhile waits for that on the server. */
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

/** A transaction that failed answers COMMIT with ROLLBACK, and no error. */
async function commit(client: pg.ClientBase): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command !== 'COMMIT') throw new StoreError('ROLLED_BACK', 'the server took the transaction back');
}
