import type pg from 'pg';

/** For what goes through the whole log. */
export const NO_TIME_LIMIT = 'SET LOCAL statement_timeout = 0';

/** Runs something in a transaction on a connection of its own. */
export async function inTransaction<T>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<T>,
  begin = 'BEGIN',
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(begin);
    const result = await run(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}
