import { setImmediate as turn } from 'node:timers/promises';
import { coalesce } from '../../coalesce.js';
import type { Projection } from '../../event-store.js';
import type { OnProgress, TableComparison } from '../../maintenance.js';
import { runLater, runNow } from '../../program.js';
import { compareTables, temporaryName } from '../../rebuild/compare.js';
import { createTable } from '../../table-definitions.js';
import { TABLE_NAMES, type TableName } from '../../tables.js';
import { LAYOUT } from '../layout.js';
import type { Connection } from '../open.js';
import { rowWriter } from '../rows.js';
import { statementCache } from '../statements.js';
import { nextChanges } from './batches.js';

const temporary = (table: TableName): string => `temp.${temporaryName(table)}`;

/**
 * Compares the tables with the log in one read transaction. Between steps other work gets a turn, except with a database in
 * memory: there it would share the connection and the transaction.
 */
export async function compareOn(
  db: Connection,
  path: string,
  projection: Projection,
  stream: number | undefined,
  onProgress: OnProgress,
): Promise<TableComparison> {
  const sql = statementCache(db);
  db.exec('BEGIN');
  try {
    for (const table of TABLE_NAMES) db.exec(createTable(LAYOUT[table], temporary(table)));
    const write = rowWriter(db, temporary);
    const isShared = path === ':memory:';
    const comparison = compareTables(
      {
        sql,
        next: (after, upTo) => nextChanges(sql, projection, { after, upTo, stream }),
        write: (changes) => write(coalesce(changes)),
        pause: () => (isShared ? undefined : turn()),
      },
      stream,
      onProgress,
    );
    return isShared ? runNow(comparison) : await runLater(comparison);
  } finally {
    db.exec('ROLLBACK');
  }
}
