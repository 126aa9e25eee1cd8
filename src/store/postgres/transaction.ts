import type pg from 'pg';

/** For what goes through the whole log. */
export const NO_TIME_LIMIT = 'SET LOCAL statement_timeout = 0';

/** Runs something in a transaction on a connection of its own. */
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
