import type pg from 'pg';
import { allSettled } from '../../lib/all-settled.js';
import { TABLE_NAMES } from '../tables.js';

/** For transactions that read the whole log. */
export const NO_TIME_LIMIT = 'SET LOCAL statement_timeout = 0';

/**
 * Begins a transaction whose statements all read one version. Their snapshot is taken after the tables are locked: a rebuild
 * that swapped a table in between would leave the snapshot one whose rows it cannot see. All tables at once and in one order,
 * as the swap locks them, so that neither waits for the other forever.
 */
export const beginSnapshot = (mode = '') =>
  `BEGIN ISOLATION LEVEL REPEATABLE READ${mode}; LOCK TABLE ${TABLE_NAMES.join(', ')} IN ACCESS SHARE MODE`;

const READ_ONLY_SNAPSHOT = beginSnapshot(', READ ONLY');

/** Runs a function in a transaction on a separate connection. */
export async function inTransaction<T>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<T>,
  begin?: string,
): Promise<T> {
  const client = await pool.connect();
  try {
    return await transactionOn(client, () => run(client), begin);
  } finally {
    client.release();
  }
}

export async function transactionOn<T>(client: pg.ClientBase, run: () => Promise<T>, begin = 'BEGIN'): Promise<T> {
  try {
    await client.query(begin);
    const result = await run();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/**
 * Reads in a snapshot transaction. BEGIN and COMMIT are sent with the statements without waiting, because neither changes
 * the result.
 */
export async function inSnapshot<T>(pool: pg.Pool, run: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  const begun = client.query(READ_ONLY_SNAPSHOT);
  try {
    const [, result] = await allSettled([begun, run(client)]);
    return result;
  } finally {
    client.query('COMMIT').then(
      () => client.release(),
      (error: Error) => client.release(error),
    );
  }
}
