import type pg from 'pg';
import type { LogHead } from '../../events/index.js';
import { StoreError } from '../../kernel/errors.js';
import type { AppendRequest, Receipt } from '../event-store.js';
import { holdHead, notify, type Written } from './append.js';
import { translate } from './connection.js';
import { isBrokenOff, isGone, retrying } from './retry.js';
import { sqlOn } from './sql.js';

interface Waiting {
  readonly requests: readonly AppendRequest[];
  readonly resolve: (receipts: readonly Receipt[]) => void;
  readonly reject: (error: unknown) => void;
}

type Run = (client: pg.ClientBase, request: AppendRequest, held: Promise<LogHead>) => Promise<Written>;

/**
 * Commits all commands that wait at the same moment in one transaction, those that belong together under a savepoint of
 * their own. What is refused rolls back to its savepoint only. Nothing resolves before COMMIT has returned. Where the
 * server goes away in the middle all is tried again: a command that was committed is known by its id.
 */
export function groupCommit(pool: pg.Pool, where: string, self: string, run: Run) {
  let waiting: Waiting[] = [];
  let working = false;

  /** Commands that belong together, the writing of the last one still under way. */
  async function together(client: pg.PoolClient, requests: readonly AppendRequest[], held: Promise<LogHead>) {
    const receipts: Receipt[] = [];
    let last: Written | undefined;
    for (const request of requests) {
      await last?.written;
      last = await run(client, request, last ? Promise.resolve(last.head) : held);
      receipts.push(last.receipt);
    }
    return { receipts, head: last?.head ?? (await held), written: last?.written };
  }

  /**
   * What does not wait for an answer travels with what comes before it: the beginning with the first command's first
   * questions, and, where one caller has the transaction for itself, the last writing with COMMIT.
   */
  async function transaction(group: readonly Waiting[]): Promise<readonly (() => void)[]> {
    const client = await pool.connect();
    let broken: unknown;
    try {
      const began = client.query('BEGIN');
      const before = holdHead(sqlOn(client));
      const opened = sent(Promise.all([began, before]));
      const [outcomes, head, written] =
        group.length === 1 ? await alone(client, group[0] as Waiting, before) : await inTurn(client, group, before);
      await opened;
      if (!head) return outcomes;
      const isNew = head.position !== (await before).position;
      await all(written, isNew ? notify(sqlOn(client), self) : undefined, commit(client));
      return outcomes;
    } catch (error) {
      broken = error;
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    } finally {
      client.release(isGone(broken) ? (broken as Error) : undefined);
    }
  }

  /** Without a savepoint: what is refused ends the transaction, and then there is no head. */
  async function alone(client: pg.PoolClient, { requests, resolve, reject }: Waiting, held: Promise<LogHead>) {
    try {
      const { receipts, head, written } = await together(client, requests, held);
      return [[() => resolve(receipts)], head, written] as const;
    } catch (error) {
      if (isBrokenOff(error)) throw error;
      await client.query('ROLLBACK');
      return [[() => reject(translate(error, where))], undefined, undefined] as const;
    }
  }

  async function inTurn(client: pg.PoolClient, group: readonly Waiting[], before: Promise<LogHead>) {
    const outcomes: (() => void)[] = [];
    let held = before;
    for (const { requests, resolve, reject } of group) {
      const savepoint = sent(client.query('SAVEPOINT command'));
      try {
        const { receipts, head, written } = await together(client, requests, held);
        await all(savepoint, written, client.query('RELEASE SAVEPOINT command'));
        held = Promise.resolve(head);
        outcomes.push(() => resolve(receipts));
      } catch (error) {
        await savepoint;
        if (isBrokenOff(error)) throw error;
        await client.query('ROLLBACK TO SAVEPOINT command');
        outcomes.push(() => reject(translate(error, where)));
      }
    }
    return [outcomes, await held, undefined] as const;
  }

  /** Nothing is told before the transaction is through, so it may be tried again. */
  async function settle(group: readonly Waiting[]): Promise<void> {
    try {
      for (const outcome of await retrying(() => transaction(group))) outcome();
    } catch (error) {
      for (const { reject } of group) reject(translate(error, where));
    }
  }

  async function work(): Promise<void> {
    working = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await settle(group);
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

/** What is waited for later on: until then a failure of it is no unhandled one. */
function sent<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Waits for all of what was sent, whatever fails, so that nothing is under way any more; then fails as the first did. */
async function all(...under: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const failed = (await Promise.allSettled(under)).find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

/** A transaction that failed answers COMMIT with ROLLBACK, and no error. */
async function commit(client: pg.ClientBase): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command !== 'COMMIT') throw new StoreError('ROLLED_BACK', 'the server took the transaction back');
}
