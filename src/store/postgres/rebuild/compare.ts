import type pg from 'pg';
import type { Projection } from '../../event-store.js';
import type { OnProgress, TableComparison } from '../../maintenance.js';
import { runLater } from '../../program.js';
import { compareTables, temporaryName } from '../../rebuild/compare.js';
import { createInPostgres } from '../../table-definitions.js';
import { TABLE_NAMES } from '../../tables.js';
import { statementsInAnyOrder } from '../rows.js';
import { runEach, sqlOn } from '../sql.js';
import { nextChanges } from './batches.js';

/** Compares the tables with the log, inside a snapshot transaction. */
export async function compareOn(
  client: pg.ClientBase,
  projection: Projection,
  stream: number | undefined,
  onProgress: OnProgress,
): Promise<TableComparison> {
  const sql = sqlOn(client);
  for (const table of TABLE_NAMES) {
    const create = createInPostgres(table, temporaryName(table));
    await client.query(`${create.replace('CREATE TABLE', 'CREATE TEMP TABLE')} ON COMMIT DROP`);
  }
  const tools = {
    sql,
    next: (after: number, upTo: number) => nextChanges(sql, projection, { after, upTo, stream }),
    write: (changes: Parameters<typeof statementsInAnyOrder>[0]) =>
      runEach(sql, statementsInAnyOrder(changes, temporaryName)),
    pause: () => undefined,
  };
  return runLater(compareTables(tools, stream, onProgress));
}
