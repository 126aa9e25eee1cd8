import type pg from 'pg';
import type { Clock } from '../../kernel/clock.js';
import { StoreError } from '../../kernel/errors.js';
import type { AppendRequest, Projection, Receipt } from '../event-store.js';
import { eventWriter } from './append.js';
import { type Decisions, decider, type Outcome } from './decide.js';
import { translate } from './errors.js';
import { independent } from './independent.js';
import type { KeyOf } from './key.js';
import { checkHead, holdHead } from './log-end.js';
import { isBrokenOff, isGone, isMoved, isTaken, retrying } from './retry.js';
import { allSettled, type Sql, sqlOn } from './sql.js';

interface Waiting {
  readonly requests: readonly AppendRequest[];
  readonly resolve: (receipts: readonly Receipt[]) => void;
  readonly reject: (error: unknown) => void;
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
  const ahead = (requests: readonly AppendRequest[]): Promise<readonly Outcome[]> =>
    onConnection(pool, async (_, sql) => {
      const decisions = await decide(sql, requests);
      await (isEmpty(decisions) ? checkHead(sql, decisions.head) : writeAtOnce(sql, decisions));
      return decisions.outcomes;
    });

  const held = (requests: readonly AppendRequest[]): Promise<readonly Outcome[]> =>
    holding(pool, async (client, sql, begun) => {
      const [, decisions] = await allSettled([begun, decide(sql, requests)]);
      await allSettled([isEmpty(decisions) || writeAtOnce(sql, decisions), commit(client)]);
      return decisions.outcomes;
    });

  /** One after the other, each knowing what those before it have changed; all of them, or none. */
  const inTurn = (requests: readonly AppendRequest[]): Promise<readonly Receipt[]> =>
    holding(pool, async (client, sql, begun) => {
      await begun;
      const receipts: Receipt[] = [];
      for (const request of requests) {
        const { outcomes, stored, recorded } = await decide(sql, [request]);
        receipts.push(...outcomes.map(receiptOf));
        if (stored.length > 0) await write(sql, stored, recorded, 'in order');
      }
      await commit(client);
      return receipts;
    });

  const writeAtOnce = (sql: Sql, { stored, recorded }: Decisions) => write(sql, stored, recorded, 'any order');

  async function together(requests: readonly AppendRequest[]): Promise<readonly Outcome[]> {
    if (wary > 0) wary -= 1;
    else {
      try {
        return await ahead(requests);
      } catch (error) {
        if (!isMoved(error)) throw error;
        wary = WARY;
      }
    }
    return held(requests);
  }

  /** Nothing is told before the transaction is through, so it may be tried again. */
  async function settle(units: readonly Waiting[]): Promise<void> {
    const [first] = units as [Waiting];
    const requests = units.flatMap((unit) => unit.requests);
    try {
      if (requests.length !== units.length) return first.resolve(await retrying(() => inTurn(requests)));
      const outcomes = await retrying(() => together(requests));
      for (const [index, unit] of units.entries()) tell(unit, outcomes[index] as Outcome);
    } catch (error) {
      if (units.length > 1 && !isBrokenOff(error)) {
        for (const unit of units) await settle([unit]); // one of them is to blame
      } else if (requests.length === 1 && isTaken(error)) {
        await retrying(() => inTurn(requests)).then(first.resolve, (reason) => first.reject(translate(reason, where)));
      } else for (const { reject } of units) reject(translate(error, where));
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
