import type { Projection } from '../../src/store/event-store.js';
import type { RowProblem, TableComparison } from '../../src/store/maintenance.js';
import { TABLE_KEYS, TABLE_NAMES, type TableName } from '../../src/store/tables.js';
import { headOf } from './log.js';
import { projected } from './maintenance.js';
import type { MemoryState } from './state.js';
import { keyText, type MemoryTables, type Row } from './tables.js';

/** The number of problems of one table that are reported in full. */
const MAX_REPORTED = 5;

type Rows = ReadonlyMap<string, Row>;

/** Builds the tables from the log separately and compares them with the live ones row by row; or one stream's rows only. */
export function compareTables(state: MemoryState, projection: Projection, stream?: number): TableComparison {
  const wanted = projected(state.log, projection);
  const compared = TABLE_NAMES.map((name) => {
    const rows = rowsIn(state.tables, name, stream);
    return { name, rows: rows.size, problems: differences(name, rowsIn(wanted, name, stream), rows) };
  });
  return {
    position: headOf(state.log).position,
    tables: compared.map(({ name, rows, problems }) => ({ name, rows, problems: problems.length })),
    problems: compared.flatMap(({ problems }) => problems.slice(0, MAX_REPORTED)),
  };
}

function rowsIn(tables: MemoryTables, name: TableName, stream: number | undefined): Rows {
  const rows: Rows = tables[name];
  if (stream === undefined) return rows;
  return new Map([...rows].filter(([, row]) => streamOf(tables, row) === stream));
}

/** A row of `resource_history` belongs to the stream of its resource. */
const streamOf = (tables: MemoryTables, row: Row): unknown =>
  row.stream ?? tables.resource_rows.get(keyText('resource_rows', row))?.stream;

function differences(table: TableName, wanted: Rows, actual: Rows): RowProblem[] {
  const keyOf = (row: Row) =>
    Object.fromEntries(TABLE_KEYS[table].map((column: string) => [column, row[column] as string | number]));
  const lost = [...wanted].flatMap(([key, row]): RowProblem[] => {
    const found = actual.get(key);
    if (!found) return [{ table, key: keyOf(row), kind: 'missing' }];
    const column = Object.keys(row).find((one) => row[one] !== found[one]);
    if (column === undefined) return [];
    return [
      {
        table,
        key: keyOf(row),
        kind: 'different',
        column,
        expected: row[column] ?? null,
        actual: found[column] ?? null,
      },
    ];
  });
  const unexpected = [...actual].flatMap(([key, row]): RowProblem[] =>
    wanted.has(key) ? [] : [{ table, key: keyOf(row), kind: 'unexpected' }],
  );
  return [...lost, ...unexpected];
}
